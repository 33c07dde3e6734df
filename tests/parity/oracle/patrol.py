"""How often: periods, stretches between two, and facts that must satisfy something (semantics 8, 16, P1, P2)."""

from __future__ import annotations

from wuding.domain.finding import Finding
from wuding.program.model import Patrol

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Num, absent, number, truth_of, value_of
from tests.parity.oracle.owed import Owed, asked_days, ended, finding, owed_periods, periodic
from tests.parity.oracle.selectors import HolderDay, Scope, env_of, interval, matches, missing_of
from tests.parity.oracle.world import View, governed, valid_on


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
    if owed.state == "maybe":
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
        status, missing = "undetermined", tuple(sorted(absent(rule.times, env)))
    elif low >= times.hi:
        status = "met"
    elif high < times.lo:
        status = "missed" if ended(view, owed.period) else "due"
    else:
        status, missing = "undetermined", missing_of(found)
    return finding(view, rule, owed.item, status, low=low, high=high, missing=missing, **span)


# ── P1 ───────────────────────────────────────────────────────────────────────────────────────────
def stretches(view: View, rule: Patrol, seen: dict[int, HolderDay]) -> list[Finding]:
    """P1: the first day owed and each fact that counts begin a stretch; several on one day begin one, the last."""
    assert rule.do is not None and rule.apart is not None
    first, last = min(seen), max(seen)
    holder = seen[first].item
    unsure = [day for day in seen.values() if not day.sure]
    start = view.midnight(first)
    if unsure:  # 8a
        missing = tuple(sorted(set().union(*(day.missing for day in unsure))))
        return [
            finding(
                view, rule, holder, "undetermined", period=days.label(first), start=start, at=start, missing=missing
            )
        ]
    owed_until = view.midnight(last + 1) if last < view.today else None
    scope = Scope(day=view.today, holder=holder, since=start, before=owed_until)
    found = matches(view, rule.do, scope)
    certain = [m.moment for m in found if m.sure and m.moment is not None]
    last_of_day = {view.day(moment): moment for moment in [start, *certain]}
    result = []
    for begin in last_of_day.values():
        following = min((moment for moment in certain if moment > begin), default=None)
        limit = days.deadline(begin, rule.apart, view.zone, view.country)
        maybe = [m for m in found if not m.sure and m.moment is not None and begin < m.moment <= limit]
        common = {"period": days.label(view.day(begin)), "start": begin, "due": limit}
        item = seen[view.day(begin)].item if view.day(begin) in seen else holder
        if following is not None and following <= limit:
            result.append(finding(view, rule, item, "met", end=following, at=following, **common))
        elif maybe:
            result.append(
                finding(view, rule, item, "undetermined", end=limit, at=limit, missing=missing_of(maybe), **common)
            )
        elif owed_until is not None and limit >= owed_until and following is None:
            result.append(finding(view, rule, item, "skipped", end=owed_until, at=owed_until - 1, **common))
        else:
            status = "missed" if limit < view.as_of else "due"
            result.append(finding(view, rule, item, status, end=limit, at=limit, **common))
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
