"""What strikes, and how long it stands (semantics V1, V2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.parity.oracle import days
from tests.parity.oracle.owed import finding
from tests.parity.oracle.selectors import Match, Scope, candidates, judge, matches, missing_of
from tests.parity.oracle.world import Item, View, ancestor_at, exists, governed, grid_on, subject_on, valid_on

from wuding.domain.finding import Finding
from wuding.domain.period import Period, period_of, to_date
from wuding.lang.nodes import Duration
from wuding.program.model import Veto


@dataclass(frozen=True)
class Cause:
    """One strike at one moment, of one holder. `gap_end`: when the cause is a gap, its end."""

    match: Match
    moment: int
    holder: Item
    is_gap: bool

    @property
    def sure(self) -> bool:
        return self.match.sure


def is_gap(item: Item) -> bool:
    return isinstance(item.record, Finding) and item.record.section == "charter" and "days" in item.record.detail


def check(view: View, rule: Veto) -> list[Finding]:
    causes = [cause for match in moments(view, rule) for cause in struck(view, rule, match)]
    result: list[Finding] = []
    for holder in sorted({(c.holder.kind, c.holder.id) for c in causes}):
        mine = [cause for cause in causes if (cause.holder.kind, cause.holder.id) == holder]
        mine.sort(key=lambda cause: (cause.moment, cause.match.order))
        if rule.every is not None:
            result += by_period(view, rule, mine)
        elif rule.times > 1:
            result += nth(view, rule, mine)
        else:
            for n, cause in enumerate(mine):
                before = sum(other.match.item.id == cause.match.item.id for other in mine[:n])
                result.append(strike(view, rule, cause, [cause], episode=1 + before, case=cause.match.item.id))
    return result


def by_period(view: View, rule: Veto, mine: list[Cause]) -> list[Finding]:
    """V1: named by the period; also those before the window, like a single fact (2b)."""
    assert rule.every is not None
    groups: dict[Period, list[Cause]] = {}
    for cause in mine:
        item, day = cause.match.item, view.day(cause.moment)
        if isinstance(item.record, Finding) and cause.moment == item.at:
            day = view.finding_day(item.record)  # 17
        groups.setdefault(period_of(day, rule.every), []).append(cause)
    return [found for period, group in groups.items() for found in nth(view, rule, group, period=period.label)]


def moments(view: View, rule: Veto) -> list[Match]:
    """V1: facts and findings at their moment; a gap on the first day on which the condition on `days` held, and
    again at the first day of each further year in which it lasts (V2)."""
    scope = Scope(day=view.today)
    found = [m for m in matches(view, rule.cause, scope) if not is_gap(m.item)]
    for item in candidates(view, rule.cause, view.today):
        if not is_gap(item):
            continue
        first = first_day(view, rule, item)
        if first is None:
            continue
        f = item.record
        assert isinstance(f, Finding) and f.start is not None
        day, sure, missing = first
        strikes = [day]
        if rule.lasts == "year":
            last = view.today if f.end is None else view.day(f.end) - 1
            strikes += [d for d in range(day + 1, last + 1) if (to_date(d).month, to_date(d).day) == (1, 1)]
        found += [Match(item, sure, view.midnight(d), missing) for d in strikes]
    return found


def first_day(view: View, rule: Veto, item: Item) -> tuple[int, bool, frozenset[str]] | None:
    f = item.record
    assert isinstance(f, Finding) and f.start is not None
    start = view.day(f.start)
    possible = None
    for length in range(1, int(str(f.detail["days"])) + 1):
        truth, _, missing = judge(view, rule.cause, replace(item, days=length), Scope(day=view.today))
        if truth:
            return start + length - 1, True, frozenset()
        if truth is None and possible is None:
            possible = (start + length - 1, False, missing)
    return possible


def struck(view: View, rule: Veto, match: Match) -> list[Cause]:
    """V1: the ancestor of the cause's grid at that level, the cause's subject, the posts of its actor on that day."""
    item = match.item
    assert match.moment is not None
    day = view.day(match.moment)
    if not valid_on(view, rule.head, day) or not governed(view, item.grid, day):
        return []
    holders: list[Item] = []
    if rule.strikes == "subject":
        subject = subject_on(view, item.subject, day)
        holders = [Item("subject", subject)] if subject else []
    elif rule.strikes == "post":
        holders = [Item("post", p) for p in view.world.posts if p.person == item.actor and exists(p, day)]
    else:
        code = ancestor_at(view, item.grid, rule.strikes, day)
        grid = grid_on(view, code, day)
        holders = [Item("grid", grid)] if grid else []
    return [Cause(match, match.moment, holder, is_gap(item)) for holder in holders]


def nth(view: View, rule: Veto, group: list[Cause], period: str = "") -> list[Finding]:
    """V1: the `times`-th cause strikes; it may do so when only with the possible ones there are that many."""
    certain = [cause for cause in group if cause.sure]
    among = certain if len(certain) >= rule.times else group
    if len(among) < rule.times:
        return []
    cause = among[rule.times - 1]
    name: dict[str, Any] = {"period": period} if period else {"case": cause.match.item.id, "episode": 1}
    if rule.times > 1 or period:
        name |= {"low": len(certain), "high": len(group)}
    return [strike(view, rule, cause, group, certain=among is certain, **name)]


def strike(
    view: View, rule: Veto, cause: Cause, group: list[Cause], certain: bool | None = None, **name: Any
) -> Finding:
    sure = cause.sure if certain is None else certain
    effects = {"score": rule.score, "cap": rule.cap, "bars": list(rule.bars), "lists": list(rule.lists)}
    return finding(
        view, rule, cause.holder, "struck" if sure else "undetermined", start=cause.moment, at=cause.moment,
        end=until(view, rule, cause), missing=() if sure else missing_of([c.match for c in group]),
        detail={"effects": effects},
        **name,
    )  # fmt: skip


def until(view: View, rule: Veto, cause: Cause) -> int | None:
    """V2: when it ceases to stand; None: never."""
    if isinstance(rule.lasts, Duration):
        return days.deadline(cause.moment, rule.lasts, view.zone, view.country)
    if rule.lasts == "year":
        year = to_date(view.day(cause.moment)).year
        return view.midnight(days.new_year(year + 1))
    record = cause.match.item.record
    return record.end if cause.is_gap and isinstance(record, Finding) else None
