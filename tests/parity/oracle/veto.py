"""What strikes, and how long it stands (semantics V1, V2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from wuding.domain.finding import Finding
from wuding.domain.period import period_of, to_date
from wuding.lang.nodes import Duration
from wuding.program.model import Veto

from tests.parity.oracle import days
from tests.parity.oracle.owed import finding
from tests.parity.oracle.selectors import Match, Scope, candidates, judge, matches, missing_of
from tests.parity.oracle.world import Item, View, ancestor_at, exists, governed, grid_on, subject_on, valid_on, window


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
    result = []
    for holder in sorted({(c.holder.kind, c.holder.id) for c in causes}):
        mine = sorted(
            (c for c in causes if (c.holder.kind, c.holder.id) == holder), key=lambda c: (c.moment, c.match.order)
        )
        groups: dict[str, list[Cause]] = {}
        for cause in mine:
            groups.setdefault(name_of(view, rule, cause), []).append(cause)
        for name, group in groups.items():
            if rule.every and view.midnight(period_of(view.day(group[0].moment), rule.every).end) <= view.midnight(
                window(view)
            ):
                continue
            result += one(view, rule, name, group)
    return result


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
    """V1: the ancestor of the cause's grid at that level, the cause's subject, the post of its actor."""
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


def name_of(view: View, rule: Veto, cause: Cause) -> str:
    """The period, where causes are counted by period; else the day of the moment."""
    item = cause.match.item
    day = view.day(cause.moment)
    if rule.every is None:
        return days.label(day) if rule.times == 1 else ""
    if isinstance(item.record, Finding) and cause.moment == item.at:
        day = view.finding_day(item.record)  # 17
    return period_of(day, rule.every).label


def one(view: View, rule: Veto, name: str, group: list[Cause]) -> list[Finding]:
    certain = [cause for cause in group if cause.sure]
    if len(certain) >= rule.times:
        cause, status = certain[rule.times - 1], "struck"
    elif len(group) >= rule.times:
        cause, status = group[rule.times - 1], "undetermined"
    else:
        return []
    counted = {"low": len(certain), "high": len(group)} if rule.times > 1 else {}
    effects = {"score": rule.score, "cap": rule.cap, "bars": list(rule.bars), "lists": list(rule.lists)}
    missing = missing_of([c.match for c in group]) if status == "undetermined" else ()
    return [
        finding(
            view,
            rule,
            cause.holder,
            status,
            period=name or days.label(view.day(cause.moment)),
            start=cause.moment,
            at=cause.moment,
            end=until(view, rule, cause),
            missing=missing,
            detail={"effects": effects},
            **counted,
        )
    ]


def until(view: View, rule: Veto, cause: Cause) -> int | None:
    """V2: when it ceases to stand; None: never."""
    if isinstance(rule.lasts, Duration):
        return days.deadline(cause.moment, rule.lasts, view.zone, view.country)
    if rule.lasts == "year":
        year = to_date(view.day(cause.moment)).year
        return view.midnight(days.new_year(year + 1))
    record = cause.match.item.record
    return record.end if cause.is_gap and isinstance(record, Finding) else None
