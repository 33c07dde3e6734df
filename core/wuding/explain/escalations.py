"""How a case went: its opening, its steps with their times, whom they were told to, and what closed it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from wuding.assess.cases import openings
from wuding.engines.columnar.match import match
from wuding.explain.evidence import COLUMNS, cells_of, why_not
from wuding.explain.model import Part
from wuding.explain.scene import Scene
from wuding.program import sentences
from wuding.program.model import Escalation, Selector, Step

DONE = ("done", "late", "out-of-order", "failed", "told")
Told = tuple[list[Part], list[str]]


def escalation(at: Scene) -> Told:
    rule = at.rule
    assert isinstance(rule, Escalation)
    opened = openings(at.ctx, rule).filter(pl.col("case") == at.row["case"]).sort("at")
    steps = at.found.filter(
        (pl.col("rule") == rule.head.id) & (pl.col("variant") == rule.head.variant)
        & (pl.col("case") == at.row["case"]) & (pl.col("episode") == at.row["episode"])
    )  # fmt: skip
    if at.row["step"]:
        return _step(at, rule, opened, steps)
    parts = [_opening(at, rule, opened), _timeline(at, rule, steps)]
    links = steps.filter(pl.col("step") != "")["id"].to_list()
    return [*parts, at.part("result", _outcome(at, rule))], links


def _opening(at: Scene, rule: Escalation, opened: pl.DataFrame) -> Part:
    """The openings of the case: facts, or findings told by what they are."""
    episode = opened.filter(pl.col("at") <= at.row["start"]) if at.row["start"] is not None else opened
    if rule.opens.source == "fact":
        return at.part("opening", (), COLUMNS["fact"], cells_of(at, rule.opens, episode))
    rows = [(at.moment(r["at"]), at.subject(r["subject"]) or at.grid(r["grid"])) for r in episode.iter_rows(named=True)]
    return at.part("opening", [at.words.selector(rule.opens)], ("at", "where"), rows)


def _timeline(at: Scene, rule: Escalation, steps: pl.DataFrame) -> Part:
    order = {s.id: i for i, s in enumerate(rule.steps)}
    rows = sorted(
        (r for r in steps.iter_rows(named=True) if r["step"]),
        key=lambda r: (r["end"] or r["due"] or r["start"] or 2**62, order.get(r["step"], 0)),
    )
    lines = [
        (
            at.words.called(r["step"]),
            at.status(r["status"]),
            at.moment(r["start"]),
            at.moment(r["due"]),
            at.moment(_done(r)),
            _told(at, r),
        )
        for r in rows
    ]
    return at.part("timeline", (), ("step", "status", "clock", "due", "done", "told"), lines)


def _done(row: Mapping[str, Any]) -> int | None:
    """When a step was done, or what must not happen did; None while neither has."""
    moment: int | None = row["at"] if row["status"] in DONE else None
    return moment


def _told(at: Scene, row: Mapping[str, Any]) -> str:
    return at.words.joined([str(p) for p in json.loads(row["detail"] or "{}").get("to", ())], "list")


def _outcome(at: Scene, rule: Escalation) -> list[str]:
    row = at.row
    detail: dict[str, Any] = json.loads(row["detail"] or "{}")
    if row["status"] == "undetermined":
        return [at.say("case.undetermined")]
    said = [at.say("case.opened", at=at.moment(row["start"]))]
    said.append(at.say("case.closed", at=at.moment(row["end"])) if row["end"] is not None else at.say("case.open"))
    said += [at.say("case.late")] if row["status"] == "late" else []
    said += [at.say("case.early")] if detail.get("early") else []
    said += [at.say("case.rounds", count=detail["rounds"])] if detail.get("rounds") else []
    said += [at.say("case.episode", number=row["episode"])] if row["episode"] > 1 else []
    return said


# ── one step ─────────────────────────────────────────────────────────────────────────────────────
def _step(at: Scene, rule: Escalation, opened: pl.DataFrame, steps: pl.DataFrame) -> Told:
    row = at.row
    step = next(s for s in rule.steps if s.id == row["step"])
    said = [sentences.step(at.words, rule, step)]
    waits = "step.no-failure" if step.on_failure and row["status"] in ("waiting", "dropped") else "step.no-clock"
    said.append(at.say("step.clock", at=at.moment(row["start"])) if row["start"] is not None else at.say(waits))
    if row["due"] is not None:
        said.append(at.say("step.due", due=at.moment(row["due"])))
    elif step.kind != "tell" and step.limit is not None:
        said.append(at.say("step.no-limit"))
    if _done(row) is not None:
        said.append(at.say("step.at", at=at.moment(_done(row))))
    if step.kind == "tell" and row["status"] in ("told", "unstaffed"):
        people = _told(at, row)
        role, where = at.words.role(step.tell_role or ""), sentences.place(at.words, step.tell_at)
        said.append(at.say("step.told-to" if people else "step.nobody-at", people=people, role=role, place=where))
        said += [at.say("step.repeated", count=row["low"])] if row["low"] else []
    if waits != "step.no-failure":
        said.append(at.say(f"step.{row['status']}"))
    parts = [at.part("asked", said), _opening(at, rule, opened)]
    parts += _matches(at, rule, step, opened)
    whole = steps.filter(pl.col("step") == "")["id"].to_list()
    return [*parts, _timeline(at, rule, steps)], whole


def _matches(at: Scene, rule: Escalation, step: Step, opened: pl.DataFrame) -> list[Part]:
    """The facts of this case that the step waits for, and those of their kind that do not do."""
    sel = step.of
    begun = (
        opened.filter("certain", pl.col("at") == at.row["start"])
        if step.after == "opening" and at.row["start"] is not None
        else opened.filter("certain")
    )
    if sel is None or sel.source != "fact" or begun.is_empty():
        return []
    cases = begun.head(1).with_columns(
        holder=pl.coalesce("subject", "grid"), pday="home", **{f"h.{k}": pl.col(f"f.{k}") for k in rule.case}
    )
    cases = cases.drop("seq").with_row_index("ask")
    if rule.case and sel.same is None:
        sel = replace(sel, same=rule.case)
    hits = match(at.ctx, sel, cases, "fact").sort("at")
    loose = match(at.ctx, Selector(sel.source, sel.names, same=sel.same), cases, "fact").sort("at")
    rest = loose.filter(~pl.col("seq").is_in(hits["seq"].implode()))
    parts = [at.part("counted", [] if len(hits) else [at.say("step.none")], COLUMNS["fact"], cells_of(at, sel, hits))]
    if not rest.is_empty():
        lines = zip(cells_of(at, sel, rest), why_not(at, sel, rest), strict=True)
        parts.append(at.part("not-counted", (), (*COLUMNS["fact"], "why"), [(*cells, why) for cells, why in lines]))
    return parts
