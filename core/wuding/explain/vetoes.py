"""Why a veto struck: its cause, how long it stands, and what it touches."""

from __future__ import annotations

import polars as pl

from wuding.assess.veto import strikes
from wuding.domain.period import period_of
from wuding.explain.evidence import COLUMNS, cells_of
from wuding.explain.model import Part
from wuding.explain.scene import Scene, facts_by_seq
from wuding.program import sentences
from wuding.program.model import Veto

Told = tuple[list[Part], list[str]]


def veto(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Veto)
    row = at.row
    causes = [row["case"]] if row["case"] else _of_period(at, rule)
    parts, links = _causes(at, rule, causes)
    said = [at.say(f"veto.{row['status']}", at=at.moment(row["at"]), holder=at.holder)]
    if row["episode"] > 1:
        said.append(at.say("veto.again"))
    if row["low"] is not None:
        said.append(
            at.say("veto.count", count=at.span(row["low"], row["high"]), times=rule.times, period=row["period"])
        )
    until = at.say("veto.until", end=at.moment(row["end"])) if row["end"] is not None else at.say("veto.for-ever")
    said += [until, at.say("veto.effects", effects=sentences.effects(at.words, rule))]
    scores = _touched(at, rule)
    touched = [
        (s["id"], at.status(s["status"]), s["period"], at.words.called(s["band"] or ""))
        for s in scores.iter_rows(named=True)
    ]
    none = [] if touched else [at.say("veto.touches-nothing")]
    parts = [*parts, at.part("effect", said), at.part("touches", none, ("id", "status", "period", "band"), touched)]
    return parts, [*links, *scores["id"].to_list()]


def _of_period(at: Scene, rule: Veto) -> list[str]:
    """The causes that were counted together in the period: those that strike the same holder."""
    every = rule.every
    assert every is not None
    rows = strikes(at.ctx, rule).filter(pl.col("holder") == at.row["holder"])
    inside = [period_of(day, every).label == at.row["period"] for day in rows["home"].to_list()]
    return rows.filter(pl.Series(inside, dtype=pl.Boolean))["cause"].to_list()


def _causes(at: Scene, rule: Veto, causes: list[str]) -> tuple[list[Part], list[str]]:
    sel = rule.cause
    if sel.source == "finding":
        found = at.found.filter(pl.col("id").is_in(causes))
        rows = [
            (
                r["id"],
                at.status(r["status"]),
                at.moment(r["start"]),
                at.say("words.days", count=r["days"]) if r["days"] else "",
            )
            for r in found.iter_rows(named=True)
        ]
        return [at.part("cause", (), ("id", "status", "at", "measured"), rows)], causes
    facts = facts_by_seq(at, sel, [int(c) for c in causes if c.isdigit()])
    return [at.part("cause", (), COLUMNS["fact"], cells_of(at, sel, facts.sort("at")))], []


def _touched(at: Scene, rule: Veto) -> pl.DataFrame:
    """The scores of this holder that the veto touches (semantics V3)."""
    row = at.row
    last = pl.col("end") - 1
    ends_within = (last >= row["start"]) & (pl.lit(row["end"] is None) | (last < (row["end"] or 0)))
    holds = (pl.col("start") <= row["at"]) & (row["at"] < pl.col("end"))
    return at.found.filter(
        pl.col("rule").is_in(list(rule.touches)) & (pl.col("section") == "scoring")
        & (pl.col("holder") == row["holder"]) & (pl.col("variant") == row["variant"]) & (ends_within | holds)
    )  # fmt: skip
