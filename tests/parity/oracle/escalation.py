"""Cases, their episodes and findings (semantics E1, E2, E5, 17a)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.parity.oracle import cases
from tests.parity.oracle.cases import Case
from tests.parity.oracle.owed import finding
from tests.parity.oracle.selectors import Match, Scope, matches, missing_of
from tests.parity.oracle.steps import State, closed_by_default, run_steps
from tests.parity.oracle.world import View, governed, valid_on

from wuding.domain.finding import Finding
from wuding.program.model import Escalation, Step


def check(view: View, rule: Escalation) -> list[Finding]:
    groups: dict[str, list[Match]] = {}
    for match in matches(view, rule.opens, Scope(day=view.today)):
        assert match.moment is not None
        day = view.day(match.moment)
        name = cases.name_of(view, rule, match.item)
        if name is not None and valid_on(view, rule.head, day) and governed(view, match.item.grid, day):
            groups.setdefault(name, []).append(match)
    return [found for name, opens in groups.items() for found in case_findings(view, rule, name, opens)]


def case_findings(view: View, rule: Escalation, name: str, opens: list[Match]) -> list[Finding]:
    """E1: a certain opening opens; others join while it is open; one after the closing begins the next episode."""
    certain = [match for match in opens if match.sure]
    if not certain:
        case = Case(rule, name, 1, opens[0])
        return [of_case(view, case, "undetermined", start=case.start, at=case.start, missing=missing_of(opens))]
    result: list[Finding] = []
    left = certain
    episode = 1
    while left:
        case = Case(rule, name, episode, left[0])
        closing = closing_of(view, case)
        left = [] if closing is None else [match for match in left if (match.moment or 0) > closing]
        if left:
            case = replace(case, bound=left[0].moment)
        result += episode_findings(view, case, closing)
        episode += 1
    return result


def closing_of(view: View, case: Case) -> int | None:
    """E5: the first certain match of `closes`; by default, when every expected step was done."""
    if case.rule.closes is None:
        return closed_by_default(case, run_steps(view, case, None)[0])
    found = [
        m.moment for sel in case.rule.closes for m in cases.found_in(view, case, sel) if m.sure and m.moment is not None
    ]
    return min(found, default=None)


def episode_findings(view: View, case: Case, closing: int | None) -> list[Finding]:
    states, rounds = run_steps(view, case, closing)
    late = any(state.status in ("late", "overdue") for state in states.values())
    status = "late" if late else "open" if closing is None else "closed"
    detail: dict[str, object] = {"early": True} if cases.is_early(view, case) else {}
    detail |= {"rounds": rounds} if rounds > 1 else {}
    at = case.start if closing is None else closing
    result = [of_case(view, case, status, start=case.start, end=closing, at=at, detail=detail)]
    steps = [step for step in case.rule.steps if step.id in states]
    return [*result, *(of_step(view, case, step, states[step.id]) for step in steps)]


def of_case(view: View, case: Case, status: str, **more: Any) -> Finding:
    """The holder is the case's subject, or its grid where the opening names no subject."""
    item = case.item
    kind, holder = ("subject", item.subject) if item.subject is not None else ("grid", item.grid or "")
    given = {"holder_kind": kind, "holder": holder, "case": case.name, "episode": case.episode, **more}
    return finding(view, case.rule, item, status, **given)


def of_step(view: View, case: Case, step: Step, state: State) -> Finding:
    at = next(moment for moment in (state.done, state.failed, state.due, case.start) if moment is not None)  # 17a
    detail: dict[str, object] = {"to": list(state.to)} if state.to is not None else {}
    return of_case(
        view,
        case,
        state.status,
        step=step.id,
        start=state.anchor,
        due=state.due,
        low=state.low,
        at=at,
        missing=state.missing,
        detail=detail,
    )
