"""What a target measured, and what it was held against."""

from __future__ import annotations

from datetime import date

import polars as pl

from wuding.assess.measures import with_measure
from wuding.assess.obligations import asked_by_period, holders
from wuding.domain.number import rounded
from wuding.domain.period import to_date, to_day
from wuding.engines.columnar.counterparts import correlated
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.things import judged
from wuding.explain.evidence import COLUMNS, cells_of, evidence
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.explain.scores import cell
from wuding.program import sentences
from wuding.program.model import Target

Told = tuple[list[Part], list[str]]


def target(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Target)
    row = at.row
    asked = _asked(at, rule)
    value = at.value or at.say("words.nothing")
    said = [at.say("target.value", value=value, needed=_asks(at, rule), due=at.last_day(row["due"]))]
    said.append(at.say(f"target.{row['status']}"))
    parts = [at.part("asked", said)]
    subtree, kind = rule.holders.source == "grid", rule.holders.source
    if rule.count is not None:
        found, links = evidence(at, rule.count, asked, kind, rule.every, subtree)
        return [*parts, *found], links
    if rule.share_of is not None:
        found, links = _share(at, rule, asked, kind, subtree)
        return [*parts, *found], links
    lines = []
    for measure in rule.measures:
        asked = with_measure(at.ctx, asked, measure, kind, rule.every, [], subtree=subtree)
        what = sentences.measured(at.words, measure)
        ends = cell(asked, f"f.{measure.name}")
        said_value = at.say("words.nothing") if ends is None else at.span(*(rounded(end, 4) for end in ends))
        lines.append((measure.name, at.words.word("measure", measure.fn), what, said_value))
    return [*parts, at.part("measures", (), ("name", "reckoned", "what", "value"), lines)], []


def _asks(at: Scene, rule: Target) -> str:
    """The test of the period, or of the date; a target that holds: of the last date that has passed."""
    test = rule.reach
    for day, dated in rule.reach_on:
        if to_date(day).isoformat() == at.row["period"] or (at.row["period"] == "hold" and day < at.ctx.today_end):
            test = dated
    return at.words.test(test, "words.value") if test is not None else ""


def _asked(at: Scene, rule: Target) -> pl.DataFrame:
    row = at.row
    if rule.every is not None:
        asked = asked_by_period(at.ctx, rule.head, rule.holders, rule.every)
        return asked.filter((pl.col("holder") == row["holder"]) & (pl.col("label") == row["period"]))
    day = at.ctx.today_end - 1 if row["period"] == "hold" else to_day(date.fromisoformat(row["period"]))
    seen = min(day, at.ctx.today_end - 1)
    passed = [end for end, _ in rule.reach_on if end < at.ctx.today_end] if row["period"] == "hold" else []
    rows = holders(at.ctx, rule.holders).filter(pl.col("holder") == row["holder"]).sort("start").tail(1)
    return rows.with_columns(
        pday=pl.lit(passed[-1] if passed else day, pl.Int32), mday=pl.lit(seen, pl.Int32),
        upto=pl.lit(at.ctx.as_of + 1 if row["period"] == "hold" else row["due"], pl.Int64),
    ).with_row_index("ask")  # fmt: skip


def _share(at: Scene, rule: Target, asked: pl.DataFrame, kind: str, subtree: bool) -> Told:
    """The members that meet what is asked of them, and those that do not."""
    of = rule.share_of
    assert of is not None
    rows = match(at.ctx, of, asked, kind, rule.every, subtree).with_columns(ok=pl.lit(True))
    if rule.share_when is not None:
        rows = judged(at.ctx, with_params(at.ctx, rows, params_in(rule.share_when), "pday"), rule.share_when)
    if rule.share_with is not None:
        rows = correlated(at.ctx, rows, of, rule.share_with, wanted=True, every=rule.every, bounded=True)
    meets, rest = rows.filter(pl.col("ok").fill_null(False)), rows.filter(~pl.col("ok").fill_null(False))
    columns = COLUMNS[of.source]
    said = [at.say("target.share", count=len(meets), of=len(rows))]
    parts = [
        at.part("members-missing", said, columns, cells_of(at, of, rest)),
        at.part("members-meeting", (), columns, cells_of(at, of, meets)),
    ]
    return parts, at.names_of(rest, of) if of.source == "finding" else []
