"""How often: periods, stretches between two, and facts that must satisfy something (semantics 8, 16, P1, P2)."""

from __future__ import annotations

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Num, absent, number, truth_of, value_of
from tests.parity.oracle.owed import Owed, asked_days, ended, finding, owed_periods, periodic
from tests.parity.oracle.selectors import HolderDay, Scope, env_of, interval, matches, missing_of
from tests.parity.oracle.world import View, governed, valid_on

from wuding.domain.finding import Finding
from wuding.program.model import Patrol


def check(view: View, rule: Patrol) -> list[Finding]:
    if rule.must is not None:
        return facts_that_must(view, rule)
    if rule.apart is not None:
        return [f for id, seen in asked_days(view, rule, rule.holders).items() for f in stretches(view, rule, seen)]
    assert rule.every is not None
    return [
        period_finding(view, rule, owed)
        for owed in owed_periods(view, rule, rule.holders, rule.every, rule.partial) if in_season(view, rule, owed)
    ]  # fmt: skip


def in_season(view: View, rule: Patrol, owed: Owed) -> bool:
    """8: inside the season of `during`, outside that of `except`."""
    calendar = view.program.calendar
    if rule.during is not None and not days.belongs_to_season(owed.period, calendar[rule.during]):
        return False
    return rule.excluded is None or not days.belongs_to_season(owed.period, calendar[rule.excluded])


def period_finding(view: View, rule: Patrol, owed: Owed) -> Finding:
    span = periodic(view, owed.period)
    if not owed.sure:  # 8a: in place of any other
        return finding(view, rule, owed.item, "undetermined", missing=tuple(sorted(owed.missing)), **span)
    if owed.state == "skipped":
        return finding(view, rule, owed.item, "skipped", **span)
    assert rule.do is not None
    scope = Scope(
        day=min(owed.period.end - 1, view.today), holder=owed.item, since=span["start"], before=span["end"],
        params=owed.period.start,
    )  # fmt: skip
    found = matches(view, rule.do, scope)
    low, high = interval(found, rule.do, view)
    env = env_of(view, None, owed.item, owed.period.start)
    times = number(1) if rule.times is None else value_of(rule.times, env)
    missing: tuple[str, ...] = ()
    if not isinstance(times, Num):
        status, missing = "undetermined", ("times",)  # 9a
    elif low >= times.hi:
        status = "met"
    elif high < times.lo:
        status = "missed" if ended(view, owed.period) else "due"
    else:
        status, missing = "undetermined", missing_of(found)
    return finding(view, rule, owed.item, status, low=low, high=high, missing=missing, **span)


# ── P1 ───────────────────────────────────────────────────────────────────────────────────────────
def stretches(view: View, rule: Patrol, seen: dict[int, HolderDay]) -> list[Finding]:
    """P1: the first day owed and each later day with a certain fact begin a stretch, at the last such fact of the
    day (or the day's first moment); the first certain fact of a later day ends it."""
    assert rule.do is not None and rule.apart is not None
    first, last = min(seen), max(seen)
    start = view.midnight(first)
    unsure = [day.missing for day in seen.values() if not day.sure]
    if unsure:  # 8a
        missing = tuple(sorted(frozenset().union(*unsure)))
        span = {"period": days.label(first), "start": start, "at": start}
        return [finding(view, rule, seen[first].item, "undetermined", missing=missing, **span)]
    ceased = view.midnight(last + 1) if last < view.today else None
    found = matches(view, rule.do, Scope(day=view.today, holder=seen[first].item, since=start, before=ceased))
    certain = [m.moment for m in found if m.sure and m.moment is not None]
    begins = {view.day(moment): moment for moment in [start, *certain]}
    result = []
    for day, begin in begins.items():
        following = min((moment for moment in certain if view.day(moment) > day), default=None)
        limit = days.deadline(begin, rule.apart, view.zone, view.country)
        maybe = [m for m in found if not m.sure and m.moment and day < view.day(m.moment) and m.moment <= limit]
        at, missing = limit, ()
        if following is not None and following <= limit:
            status, at = "met", following
        elif ceased is not None and ceased < limit:
            status = "skipped"
        elif maybe:
            status, missing = "undetermined", missing_of(maybe)
        else:
            status = "missed" if limit < view.as_of else "due"
        span = {"period": days.label(day), "start": begin, "due": limit, "end": at, "at": at}
        item = seen[day].item if day in seen else seen[first].item
        result.append(finding(view, rule, item, status, missing=missing, **span))
    return result


# ── P2 ───────────────────────────────────────────────────────────────────────────────────────────
def facts_that_must(view: View, rule: Patrol) -> list[Finding]:
    """P2: one finding for each fact that `for` selects; its holder is the fact."""
    result = []
    for found in matches(view, rule.holders, Scope(day=view.today)):
        item = found.item
        assert item.at is not None and found.moment is not None
        day = view.day(item.at)
        if not valid_on(view, rule.head, day) or not governed(view, item.grid, day):
            continue
        env = env_of(view, item, item, day)
        answer = truth_of(rule.must, env)
        status = {True: "met", False: "missed", None: "undetermined"}[answer] if found.sure else "undetermined"
        missing = found.missing if not found.sure else absent(rule.must, env) if answer is None else set()
        result.append(finding(view, rule, item, status, at=item.at, missing=tuple(sorted(missing))))
    return result
