"""Who owes what when: holders by day, periods that are owed or skipped (semantics 2b, 8, 8a), new findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.parity.oracle import days
from tests.parity.oracle.selectors import HolderDay, holders_on, oldest
from tests.parity.oracle.world import Item, View, valid_on, window

from wuding.domain.finding import Finding
from wuding.domain.period import Every, Period, periods_between
from wuding.program.model import SECTIONS, Rule, Selector


@dataclass(frozen=True)
class Owed:
    """A period of a holder. `item`: the holder as it was at the period's start or at its first day in it."""

    item: Item
    period: Period
    state: str  # owed | skipped, when it is selected on all days on which it may be
    sure: bool  # 8a: that it is selected on all of them
    missing: frozenset[str]


def owed_periods(view: View, rule: Rule, holders: Selector, every: Every, partial: str = "half") -> list[Owed]:
    """8: the periods from the window's first day on that have begun, of every holder."""
    found = []
    last = view.day(view.as_of)
    for period in periods_between(window(view), last + 1, every):
        if view.midnight(period.start) >= view.as_of:
            continue
        if every.unit == "workday" and not days.is_workday(period.start, view.country):
            continue
        seen: dict[str, list[HolderDay]] = {}
        for day in range(period.start, period.end):
            if valid_on(view, rule.head, day):
                for holder in holders_on(view, holders, day):
                    seen.setdefault(holder.item.id, []).append(holder)
        for shared in seen.values():
            unsure = [holder for holder in shared if not holder.sure]
            enough = {"half": 2 * len(shared) >= period.days, "any": True, "none": len(shared) == period.days}
            missing = frozenset[str]().union(*(holder.missing for holder in unsure))
            state = "owed" if enough[partial] else "skipped"
            found.append(Owed(shared[0].item, period, state, not unsure, missing))
    return found


def asked_days(view: View, rule: Rule, holders: Selector) -> dict[str, dict[int, HolderDay]]:
    """For each holder the asked days (C1) on which it exists and the rule is valid."""
    found: dict[str, dict[int, HolderDay]] = {}
    for day in range(window(view), view.today + 1):
        if valid_on(view, rule.head, day):
            for holder in holders_on(view, holders, day):
                found.setdefault(holder.item.id, {})[day] = holder
    return found


def finding(view: View, rule: Rule, about: Item, status: str, /, **more: Any) -> Finding:
    """A finding of the rule about the holder, in its grid, with its subject and actor."""
    given = {
        "book": view.program.book, "rule": oldest(rule.head.was, rule.head.id), "variant": rule.head.variant,
        "section": SECTIONS[type(rule)], "status": status, "holder_kind": about.kind, "holder": about.id,
        "trial": rule.head.trial, "grid": about.grid, "subject": about.subject, "actor": about.actor,
    }  # fmt: skip
    return Finding(**{**given, **more})


def periodic(view: View, period: Period) -> dict[str, Any]:
    """17, 17a: its moment is one microsecond before the period's end, which is when it is due."""
    start, end = view.midnight(period.start), view.midnight(period.end)
    return {"period": period.label, "start": start, "end": end, "at": end - 1, "due": end}


def ended(view: View, period: Period) -> bool:
    return view.midnight(period.end) <= view.as_of  # 2a
