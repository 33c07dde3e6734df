"""A quick way for cases: one case is told anew, in plain Python, from the few facts that name it (E1 to E5, semantics
24, 25).

Only what is certain: a case in its first episode, opened, closed and served by facts that name it in one field. A
doubt, a pause, another episode, a notice that is only now addressed: the rule is assessed whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from wuding.assess.board import Change, Row
from wuding.assess.frame import DEFAULTS, SCHEMA, as_json
from wuding.assess.pulse import pulse_in
from wuding.assess.quick import cases_of, nothing_ruled, places_of, prefix_of
from wuding.assess.quick_limits import ends
from wuding.domain.fact import Fact
from wuding.domain.instants import local_day
from wuding.domain.number import SCALE
from wuding.engines.columnar.conditions import BUILTIN, column
from wuding.engines.columnar.days import valid_days
from wuding.engines.columnar.exact import holds, reads
from wuding.engines.columnar.params import lookup
from wuding.engines.durable.cells import NUMERIC, cell_of
from wuding.engines.terms import thing_of
from wuding.lang.nodes import Cond, Duration, Field, Lit, Param, Term
from wuding.program.model import Escalation, Selector, Step

if TYPE_CHECKING:
    from wuding.assess.live import Live

WORDS = ("text", "id", "enum", "ref", "person", "bool")
PLACE = ("grid", "subject", "actor")


class Doubt(Exception):
    """The case is not one of those that the quick way knows."""


def simple(live: Live, rule: Escalation) -> bool:
    """Is the rule one whose cases may be told in plain Python?"""
    found: bool | None = live.quick.get(("simple", rule.head.key))
    if found is None:
        found = live.quick["simple", rule.head.key] = _simple(live, rule)
    return found


def _simple(live: Live, rule: Escalation) -> bool:
    if len(rule.case) != 1 or not rule.closes or rule.pauses or rule.transfers:
        return False
    facts, steps = live.program.domain.facts, {step.id: step for step in rule.steps}
    for sel in _selectors(rule):
        fields = [facts[name].fields if name in facts else {} for name in sel.names]
        if sel.source != "fact" or not sel.names or not all(rule.case[0] in some for some in fields):
            return False
        if sel.by or sel.same or sel.having or sel.lacking or sel.within is not None or not _readable(sel.when):
            return False
    for step in rule.steps:
        limit = step.limit
        timed = limit is None or (limit.low is None and limit.until is None)
        if step.kind == "without" or step.else_back or step.on_failure or step.repeat or not timed:
            return False
        if not _readable(step.when):
            return False
        if step.after != "opening" and step.after not in steps:
            return False
    return True


def _selectors(rule: Escalation) -> list[Selector]:
    return [rule.opens, *(rule.closes or ()), *(step.of for step in rule.steps if step.of is not None)]


def _readable(cond: Cond | None) -> bool:
    """Does the condition compare fields with given values, and nothing else?"""
    return all(isinstance(t, Lit) or (isinstance(t, Field) and _known(t)) for t in reads(cond))


def _known(term: Field) -> bool:
    return term.name not in BUILTIN and term.type in (*WORDS, *NUMERIC)


# ── the facts of a case ──────────────────────────────────────────────────────────────────────────
def _facts(live: Live, type_: str, key: str, case: str) -> list[Row]:
    """The facts of a type that name the case and have happened."""
    name, fields = (live.program.domain.name, type_), thing_of(live.program, type_).fields
    frame = live.facts.get(name)
    if frame is None:
        return []
    found = list(frame.filter(pl.col(f"f.{key}") == case).iter_rows(named=True))
    for fact in live.tails.get(name, ()):
        if fact.fields.get(key) == case:
            cells = {f"f.{n}": cell_of(fact.fields.get(n), field.type) for n, field in fields.items()}
            found.append({**{n: getattr(fact, n) for n in ("seq", "at", *PLACE)}, **cells})
    return [row for row in found if row["at"] <= live.as_of]


def _meets(cond: Cond | None, row: Row) -> bool:
    """Does the fact meet the condition? Raises Doubt where that is not known."""
    env: dict[str, Any] = {}
    for term in reads(cond):
        if isinstance(term, Field):
            cell = row.get(column(term))
            if cell is not None and term.type in NUMERIC:
                number = Fraction(cell, 1 if term.type == "int" else SCALE)
                cell = (number, number)
            env[column(term)] = cell
    found = holds(cond, env)
    if found is None:
        raise Doubt
    return found


# ── the case ─────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Case:
    """A case while it is told. `done`: by step that exists, when it was done."""

    live: Live
    rule: Escalation
    name: str
    facts: Mapping[str, Sequence[Row]]  # by fact type
    old: Mapping[str, Row]  # its findings as they stand, by id
    opening: Row
    closed: int | None = None
    early: bool = False
    late: bool = False

    def found(self, sel: Selector) -> list[int]:
        """When what the selector finds happened; before the opening counts as at it."""
        at = [row["at"] for type_ in sel.names for row in self.facts[type_] if _meets(sel.when, row)]
        opened = self.opening["at"]
        self.early = self.early or any(moment < opened for moment in at)
        return [max(moment, opened) for moment in at]


def told_again(live: Live, rule: Escalation, facts: Iterable[Fact]) -> list[Change] | None:
    """The findings of the cases that new facts name; None where there is no quick way."""
    if not simple(live, rule) or not nothing_ruled(live):
        return None
    scope = cases_of(live, rule, facts)
    if scope is None:
        return None
    board, key = live.boards[rule.head.key], rule.head.key
    found: list[Change] = []
    for name in sorted(scope.cases):
        old = {row["id"]: row for row in board.where("case", name)}
        try:
            new = _told(live, rule, name, old)
        except Doubt:
            return None
        rows = [(old.get(id_), new.get(id_)) for id_ in {**old, **new}]
        found += [Change(before, after) for before, after in rows if before != after]
    for change in found:
        board.put(change.row["id"], change.new)
    live.pulses[key] = min(live.pulses[key], pulse_in((c.new for c in found if c.new is not None), live.as_of))
    return found


def _told(live: Live, rule: Escalation, name: str, old: Mapping[str, Row]) -> dict[str, Row]:
    """By id, the findings of a case."""
    types = dict.fromkeys(type_ for sel in _selectors(rule) for type_ in sel.names)
    facts = {type_: _facts(live, type_, rule.case[0], name) for type_ in types}
    openings = [row for type_ in rule.opens.names for row in facts[type_] if _opens(live, rule, row)]
    if not openings:
        return {}
    opening = min(openings, key=lambda row: (row["at"], row["seq"]))
    case = Case(live, rule, name, facts, old, opening)
    ends_ = [moment for sel in rule.closes or () for moment in case.found(sel)]
    case.closed = min(ends_, default=None)
    if case.closed is not None and any(row["at"] > case.closed for row in openings):
        raise Doubt  # another episode
    states: dict[str, Row | None] = {}
    for step in rule.steps:
        states[step.id] = _step(case, step, states)
    rows = [_row(case, step=id_, **state) for id_, state in states.items() if state is not None]
    status = "late" if case.late else "open" if case.closed is None else "closed"
    at = opening["at"] if case.closed is None else case.closed
    detail = as_json(**({"early": True} if case.early else {}))
    rows.append(_row(case, step="", status=status, start=opening["at"], end=case.closed, at=at, detail=detail))
    return {row["id"]: row for row in rows}


def _opens(live: Live, rule: Escalation, row: Row) -> bool:
    """Does the fact open a case, under this book and while the rule holds?"""
    up = places_of(live).up.get(row["grid"])
    if up is None:
        raise Doubt
    if not _meets(rule.opens.when, row) or (live.program.grid is not None and live.program.grid not in up):
        return False
    first, behind = valid_days(live.ctx, rule.head.valid_from, rule.head.valid_to)
    return first <= local_day(row["at"], live.program.zone) < behind


def _row(case: Case, step: str, at: int, **more: Any) -> Row:
    live, opening, head = case.live, case.opening, case.rule.head
    kind = "grid" if opening["subject"] is None else "subject"
    holder = opening[kind]
    id_ = f"{prefix_of(live, case.rule)}{'.' + step if step else ''}@{holder}/{case.name}"
    return {
        **dict.fromkeys(SCHEMA), **DEFAULTS, "book": live.program.book, "id": id_, "rule": head.id,
        "variant": head.variant, "section": "escalation", "trial": head.trial, "step": step, "holder_kind": kind,
        "holder": holder, **{n: opening[n] for n in PLACE}, "case": case.name, "episode": 1, "missing": [],
        "at": at, "home": local_day(at, live.program.zone), **more,
    }  # fmt: skip


# ── its steps ────────────────────────────────────────────────────────────────────────────────────
def _step(case: Case, step: Step, states: Mapping[str, Row | None]) -> Row | None:
    """A step's part of its finding; None of one that the opening does not call for."""
    of = None if step.of is None else case.found(step.of)
    if not _meets(step.when, case.opening):
        return None
    if step.after == "opening":
        anchor = case.opening["at"]
    else:
        before = states[step.after]
        anchor = None if before is None else _done(before)
    if of is None:
        return _notice(case, step, anchor)
    limit = None if step.limit is None else step.limit.high
    return _expected(case, of, anchor, _later(case, anchor, limit))


def _done(state: Row) -> int | None:
    done: int | None = state["at"] if state["status"] in ("done", "late", "out-of-order", "told", "unstaffed") else None
    return done


def _later(case: Case, anchor: int | None, limit: Duration | Term | None) -> int | None:
    """The anchor plus a limit; a parameter is read at the opening."""
    if isinstance(limit, Param):
        param, opening = case.live.program.parameters[limit.name], case.opening
        names = [name if name in PLACE else f"f.{name}" for name in param.by]
        if param.by_finding or any(name not in opening for name in names):
            raise Doubt
        day = local_day(opening["at"], case.live.program.zone)
        limit = lookup(case.live.ctx, param, day, [opening[name] for name in names], day)
    elif isinstance(limit, Lit):
        limit = limit.value if isinstance(limit.value, Duration) else None
    if anchor is None or not isinstance(limit, Duration):
        return None
    return ends(case.live, anchor, limit)


def _expected(case: Case, found: Sequence[int], anchor: int | None, due: int | None) -> Row:
    closed, opened = case.closed, case.opening["at"]
    found = [at for at in found if closed is None or at <= closed]
    hit = None if anchor is None else min((at for at in found if at >= anchor), default=None)
    before = None if anchor is None else min((at for at in found if opened <= at < anchor), default=None)
    now = case.live.as_of if closed is None else min(case.live.as_of, closed)
    if hit is not None:
        status = "done" if due is None or hit <= due else "late"
    elif before is not None:
        status, hit = "out-of-order", before
    elif due is not None and due < now:
        status = "overdue"
    else:
        status = "waiting" if closed is None else "dropped"
    case.late = case.late or status in ("late", "overdue")
    at = next(one for one in (hit, due, opened) if one is not None)
    return {"status": status, "start": anchor, "due": due, "at": at, "detail": as_json()}


def _notice(case: Case, step: Step, anchor: int | None) -> Row:
    waits, closed, now = step.wait is not None, case.closed, case.live.as_of
    due = _later(case, anchor, step.wait) if waits else anchor
    at = case.opening["at"] if due is None else due
    state = {"start": anchor, "due": due, "at": at, "detail": as_json()}
    alive = closed is None or due is None or (due < closed if waits else due <= closed)
    if due is not None and alive and (due < now if waits else due <= now):
        # Who is told depends on that day alone: it stands in the finding, or must be looked up.
        opening, name = case.opening, f".{step.id}@"
        told = [row for row in case.old.values() if row["step"] == step.id and name in row["id"]]
        same = [row for row in told if (row["due"], *[row[n] for n in PLACE]) == (due, *[opening[n] for n in PLACE])]
        if not same or same[0]["status"] not in ("told", "unstaffed"):
            raise Doubt
        return {**state, "status": same[0]["status"], "detail": same[0]["detail"]}
    dropped = not alive or (anchor is None and closed is not None)
    return {**state, "status": "dropped" if dropped else "waiting"}
