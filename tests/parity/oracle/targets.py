"""What was to be reached, by a date or in each period (semantics T1 to T3)."""

from __future__ import annotations

from typing import Any

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Num, absent, truth_of, value_of
from tests.parity.oracle.measures import measured, one, share
from tests.parity.oracle.owed import ended, finding, owed_periods, periodic
from tests.parity.oracle.selectors import HolderDay, Scope, env_of, holders_on, matches, missing_of
from tests.parity.oracle.world import Item, View, valid_on

from wuding.domain.finding import Finding
from wuding.domain.period import period_of
from wuding.program.model import Measure, Target, Test


def check(view: View, rule: Target) -> list[Finding]:
    if rule.every is not None:
        return by_period(view, rule)
    return by_date(view, rule)


def by_period(view: View, rule: Target) -> list[Finding]:
    """T1: what falls in the period; grids, subjects and posts as at its end."""
    assert rule.every is not None and rule.reach is not None
    result = []
    for owed in owed_periods(view, rule, rule.holders, rule.every):
        span = periodic(view, owed.period)
        if owed.state == "skipped":
            continue
        if not owed.sure:
            result.append(finding(view, rule, owed.item, "undetermined", missing=tuple(sorted(owed.missing)), **span))
        else:
            scopes = {}
            for which, period in (("current", owed.period), ("previous", period_of(owed.period.start - 1, rule.every))):
                scopes[which] = Scope(
                    day=period.end - 1, holder=owed.item, since=view.midnight(period.start),
                    before=view.midnight(period.end), params=owed.period.start, subtree=True,
                )  # fmt: skip
            running = not ended(view, owed.period)
            result.append(verdict(view, rule, owed.item, rule.reach, scopes, owed.period.start, running, span))
    return result


def by_date(view: View, rule: Target) -> list[Finding]:
    """T1: at the end of each date, everything up to then. T2: `hold`."""
    result: list[Finding] = []
    reached: set[str] = set()
    last: tuple[int, Test] | None = None  # of the dates that have passed, also where a holder was not there then
    for date, test in rule.reach_on:
        if not valid_on(view, rule.head, date):
            continue
        end = view.midnight(date + 1)
        last = (date, test) if end <= view.as_of else last
        for holder in holders_on(view, rule.holders, date):
            span: dict[str, Any] = {"period": days.label(date), "at": end - 1, "due": end}
            passed = end <= view.as_of
            found = dated(view, rule, holder, date, end, test, not passed, span)
            result.append(found)
            if passed and found.status == "reached":
                reached.add(holder.item.id)
    now = (
        {h.item.id: h for h in holders_on(view, rule.holders, view.today)}
        if valid_on(view, rule.head, view.today)
        else {}
    )
    for id in sorted(reached & now.keys()) if rule.hold else ():
        assert last is not None
        span = {"period": "hold", "at": view.as_of}
        result.append(dated(view, rule, now[id], last[0], None, last[1], False, span))
    return result


def dated(
    view: View,
    rule: Target,
    holder: HolderDay,
    date: int,
    end: int | None,
    test: Test,
    running: bool,
    span: dict[str, Any],
) -> Finding:
    """One verdict over everything before `end` (None: up to now, so of findings none that lies ahead)."""
    if not holder.sure:  # 8a
        return finding(view, rule, holder.item, "undetermined", missing=tuple(sorted(holder.missing)), **span)
    day = view.today if end is None else date
    before = view.as_of + 1 if end is None else end
    scope = Scope(day=day, holder=holder.item, before=before, params=date, subtree=True, dated=True)
    return verdict(view, rule, holder.item, test, {"current": scope, "previous": scope}, date, running, span)


def verdict(
    view: View,
    rule: Target,
    holder: Item,
    test: Test,
    scopes: dict[str, Scope],
    day: int,
    running: bool,
    span: dict[str, Any],
) -> Finding:
    value, missing = asked(view, rule, scopes, day)
    ends = {} if value is None else {"value_low": value.lo, "value_high": value.hi}
    env = env_of(view, None, holder, day, {"it": value})
    answer = None if value is None else truth_of(test.cond, env)
    if running:
        return finding(view, rule, holder, "on-course", **ends, **span)
    status = {True: "reached", False: "missed", None: "undetermined"}[answer]
    return finding(view, rule, holder, status, missing=missing if answer is None else (), **ends, **span)


def asked(view: View, rule: Target, scopes: dict[str, Scope], day: int) -> tuple[Num | None, tuple[str, ...]]:
    scope = scopes["current"]
    if rule.share_of is not None:
        found = matches(view, rule.share_of, scope)
        value, missing = share(view, found, rule.share_with, rule.share_when, scope)
        return value, tuple(sorted(missing | set(missing_of(found))))
    if rule.count is not None:
        value, missing = one(view, Measure("count", "count", of=rule.count), scope)
        return value, tuple(sorted(missing))
    values, missing = measured(view, rule.measures, lambda which: scopes[which])
    assert rule.value is not None
    env = env_of(view, None, scope.holder, day, values)
    result = value_of(rule.value, env)
    return (result if isinstance(result, Num) else None), tuple(
        sorted(missing | (absent(rule.value, env) - set(values)))
    )
