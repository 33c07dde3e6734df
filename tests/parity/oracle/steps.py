"""The steps of a case: who was expected to do what by when (semantics E3 to E7, 25)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.parity.oracle import cases
from tests.parity.oracle.cases import Case
from tests.parity.oracle.conditions import truth_of
from tests.parity.oracle.people import staff
from tests.parity.oracle.selectors import Match, env_of, missing_of
from tests.parity.oracle.world import View, ancestor_at, grid_on

from wuding.program.model import Step

DONE = ("done", "late", "out-of-order")


@dataclass(frozen=True)
class State:
    """Where a step stands. `done`: the moment from which a later step's clock runs; `failed`: when `without` did.

    E6b: `fell` is the moment at which `else` follows, `doubt` what is missing to say whether there is one."""

    status: str
    anchor: int | None = None
    due: int | None = None
    done: int | None = None
    missing: tuple[str, ...] = ()
    to: tuple[str, ...] | None = None
    failed: int | None = None
    fell: int | None = None
    doubt: tuple[str, ...] | None = None
    low: int | None = None


@dataclass(frozen=True)
class Round:
    """What `else: {back: step}` did so far (E6). `floors`: steps begun again look at nothing earlier. `failures`: of
    each step the last failure that was followed, and how many were."""

    number: int = 1
    anchors: dict[str, int] = field(default_factory=dict)
    floors: dict[str, int] = field(default_factory=dict)
    failures: dict[str, tuple[int, int]] = field(default_factory=dict)


def comes_after(case: Case, step: Step, name: str) -> bool:
    """Whether the step's clock starts at `name`, directly or through other steps."""
    if step.after == name:
        return True
    return any(comes_after(case, other, name) for other in case.rule.steps if other.id == step.after)


def run_steps(view: View, case: Case, closing: int | None) -> tuple[dict[str, State], int]:
    """Every step that exists, as it stands in its last round, and how many rounds there were."""
    again = Round()
    while True:
        states: dict[str, State] = {}
        for step in case.rule.steps:
            state = state_of(view, case, step, states, closing, again)
            if state is not None:
                states[step.id] = state
        failures = []
        for step in case.rule.steps:
            failed = states[step.id].failed if step.id in states else None
            if step.else_back and failed is not None and failed > again.failures.get(step.id, (failed - 1, 0))[0]:
                failures.append((failed, step))
        if not failures:
            return states, again.number
        moment, first = min(failures, key=lambda failure: failure[0])
        again = begin_again(case, moment, first, again)


def begin_again(case: Case, moment: int, step: Step, again: Round) -> Round:
    """E6: the named step, and all that come after it, start again with the failure as the anchor. What failed does
    not fail a second time in the same moment."""
    back = step.else_back or ""
    affected = {back} | {other.id for other in case.rule.steps if comes_after(case, other, back)}
    anchors = {id: anchor for id, anchor in again.anchors.items() if id not in affected} | {back: moment}
    floors = again.floors | dict.fromkeys(affected, moment)
    if step.id in affected:
        floors[step.id] = moment + 1
    times = again.failures.get(step.id, (0, 0))[1] + 1
    return Round(again.number + 1, anchors, floors, again.failures | {step.id: (moment, times)})


def state_of(
    view: View, case: Case, step: Step, states: dict[str, State], closing: int | None, again: Round
) -> State | None:
    """E3. None: the step does not exist."""
    exists = truth_of(step.when, env_of(view, case.item, case.item, view.day(case.start)))
    if exists is False:
        return None
    if exists is None:
        lacking = tuple(sorted(cases.lacking_in_opening(view, case, step.when)))
        return State("undetermined", missing=lacking, doubt=lacking)
    anchor = again.anchors.get(step.id)
    if step.on_failure:
        return on_failure(view, case, step, states.get(step.after), closing, again)
    if anchor is None and step.after == "opening":
        anchor = case.start
    elif anchor is None and step.after == "closed":
        anchor = closing
    elif anchor is None and step.after in states:
        if states[step.after].status == "undetermined":
            missing = states[step.after].missing
            return State("undetermined", missing=missing, doubt=missing)
        anchor = states[step.after].done
    horizon = None if comes_after(case, step, "closed") else closing
    if anchor is None:
        return State("waiting" if horizon is None else "dropped")
    if step.kind == "tell":
        return tell(view, case, step, anchor, horizon)
    if case.rule.closes is None:
        horizon = None  # closed by these very steps
    known, due = due_of(view, case, step, anchor)
    if not known:
        return State("undetermined", anchor, doubt=())
    assert step.of is not None
    found = [
        match for match in cases.found_in(view, case, step.of)
        if moment_of(match) >= again.floors.get(step.id, case.start)
        and (horizon is None or moment_of(match) <= horizon)
    ]  # fmt: skip
    return (expect if step.kind == "expect" else without)(view, case, step, anchor, due, found, horizon)


def on_failure(view: View, case: Case, step: Step, prior: State | None, closing: int | None, again: Round) -> State:
    """E6b: told at the failure of the step before; with `back`, at its last failure, counting them."""
    horizon = None if comes_after(case, step, "closed") else closing
    anchor, times = again.failures.get(step.after, (None, None))
    if anchor is None and prior is not None:
        anchor = prior.fell
        if prior.doubt is not None:
            return State("undetermined", missing=prior.doubt)
    if anchor is None:
        return State("waiting" if horizon is None else "dropped")
    state = tell(view, case, step, anchor, horizon)
    return replace(state, low=times) if state.done is not None else state


def moment_of(match: Match) -> int:
    assert match.moment is not None
    return match.moment


def due_of(view: View, case: Case, step: Step, anchor: int) -> tuple[bool, int | None]:
    """Whether the limit is known, and the limit (None: there is none), moved by pauses (E7)."""
    limit = step.limit
    if limit is None:
        return True, None
    if limit.until is not None:
        due = cases.until_field(view, case, limit.until)
    elif limit.high is not None:
        duration = cases.duration_of(view, case, limit.high)
        if duration is None:
            return False, None
        due = cases.after(view, anchor, duration)
    else:
        due = None
    return True, None if due is None else cases.moved(due, anchor, cases.pauses_of(view, case))


# ── expect ───────────────────────────────────────────────────────────────────────────────────────
def expect(
    view: View, case: Case, step: Step, anchor: int, due: int | None, found: list[Match], horizon: int | None
) -> State:
    soonest = cases.after(view, anchor, step.limit.low) if step.limit and step.limit.low else None

    def outcome(moments: Sequence[int]) -> tuple[str, int | None]:
        after = sorted(moment for moment in moments if moment >= anchor)
        if after:
            if soonest is not None and after[0] < soonest:
                return "out-of-order", after[0]
            return ("done" if due is None or after[0] <= due else "late"), after[0]
        if moments:
            return "out-of-order", min(moments)
        now = view.as_of if horizon is None else horizon
        if due is not None and due < now:
            return "overdue", None
        return ("waiting" if horizon is None else "dropped"), None

    sure = [moment_of(match) for match in found if match.sure]
    status, done = outcome(sure)
    fell, doubt = limit_missed(view, anchor, due, found, horizon)
    for match in found:
        if not match.sure and outcome([*sure, moment_of(match)])[0] != status:
            return State("undetermined", anchor, due, missing=missing_of(found), fell=fell, doubt=doubt)
    return State(status, anchor, due, done, fell=fell, doubt=doubt)


def limit_missed(
    view: View, anchor: int, due: int | None, found: list[Match], horizon: int | None
) -> tuple[int | None, tuple[str, ...] | None]:
    """E6b: when the limit passed undone, and what is missing to say so; what happens later changes neither."""
    if due is None or (horizon is not None and horizon <= due):
        return None, None
    by_then = [match for match in found if moment_of(match) < anchor or moment_of(match) <= due]
    if any(match.sure for match in by_then):
        return None, None
    if by_then:
        return None, missing_of(found)
    return (max(due, anchor) if due < view.as_of else None), None


def without(
    view: View, case: Case, step: Step, anchor: int, due: int | None, found: list[Match], horizon: int | None
) -> State:
    inside = [m for m in found if moment_of(m) >= anchor and (due is None or moment_of(m) <= due)]
    sure = [m for m in inside if m.sure]
    if sure:
        failed = moment_of(sure[0])
        return State("failed", anchor, due, failed=failed, fell=failed)
    if inside:
        return State("undetermined", anchor, due, missing=missing_of(inside), doubt=missing_of(inside))
    if due is not None and due < (view.as_of if horizon is None else horizon):
        return State("done", anchor, due, due)
    return State("waiting" if horizon is None else "dropped", anchor, due)


# ── tell ─────────────────────────────────────────────────────────────────────────────────────────
def tell(view: View, case: Case, step: Step, anchor: int, horizon: int | None) -> State:
    moment = anchor
    if step.wait is not None:
        wait = cases.duration_of(view, case, step.wait)
        if wait is None:
            return State("undetermined", anchor)
        moment = cases.moved(cases.after(view, anchor, wait), anchor, cases.pauses_of(view, case))
    early = step.wait is None  # it goes out at its anchor; else when its moment has passed (11)
    if horizon is not None and not (moment < horizon or (early and moment == horizon)):
        return State("dropped", anchor, moment)
    if not (moment < view.as_of or (early and moment == view.as_of)):
        return State("waiting", anchor, moment)
    to = addressed(view, case, step, moment)
    return State("told" if to else "unstaffed", anchor, moment, moment, to=tuple(to))


def addressed(view: View, case: Case, step: Step, moment: int) -> list[str]:
    """25: who holds the role at its due time, `here`, `up`, or at the ancestor of that level."""
    day = view.day(moment)
    grid, subject = cases.place_of(view, case, moment)
    if step.tell_at == "up":
        own = grid_on(view, grid, day)
        grid, subject = (own.parent if own else None), None
    elif step.tell_at != "here":
        grid, subject = ancestor_at(view, grid, step.tell_at, day), None
    return staff(view, step.tell_role or "", grid, subject, day)


def closed_by_default(case: Case, states: dict[str, State]) -> int | None:
    """E5: when every expected step was done; never where nothing is expected, or where that is unknown."""
    expected = [
        states[step.id] for step in case.rule.steps
        if step.id in states and step.kind != "tell" and not comes_after(case, step, "closed")
    ]  # fmt: skip
    if not expected or any(state.status not in DONE for state in expected):
        return None
    return max(case.start, *(state.done for state in expected if state.done is not None))
