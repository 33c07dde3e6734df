"""Counts, sums, shares and the rest, as intervals (semantics 16c, 16d, T3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from tests.parity.oracle.conditions import Known, Num, Truth, absent, all3, any3, truth_of, value_of
from tests.parity.oracle.fields import field_of
from tests.parity.oracle.selectors import (
    Match,
    Scope,
    belongs,
    candidates,
    counterpart_scope,
    env_of,
    falls,
    interval,
    judge,
    matches,
    missing_of,
    own_day,
)
from tests.parity.oracle.world import View

from wuding.lang.nodes import Cond
from wuding.program.model import Measure, Selector

Measured = tuple[Num | None, frozenset[str]]
ScopeOf = Callable[[str], Scope]  # "current" or "previous": where to look


def measured(
    view: View, measures: tuple[Measure, ...], scope_of: ScopeOf
) -> tuple[dict[str, Known | None], frozenset[str]]:
    """The value of each measure (None: unknown or no value), and what is missing for the uncertain ones."""
    values: dict[str, Known | None] = {}
    missing: frozenset[str] = frozenset()
    for measure in measures:
        scope = scope_of(measure.period)
        if measure.fn == "expr":
            assert measure.expr is not None
            env = env_of(view, None, scope.holder, scope.params or scope.day, values)
            value = value_of(measure.expr, env)
            values[measure.name] = value if isinstance(value, Num) else None
        else:
            values[measure.name], lacking = one(view, measure, scope)
            missing |= lacking
    return values, missing


def one(view: View, measure: Measure, scope: Scope) -> Measured:
    assert measure.of is not None
    found = latest_per(view, matches(view, measure.of, scope), measure.last_per)
    missing = frozenset(missing_of(found))
    if measure.fn == "share":
        value, more = share(view, found, measure.share_with, measure.share_when, scope)
        return value, missing | more
    if measure.fn == "count":
        low, high = interval(found, measure.of, view)
        return Num(Fraction(low), Fraction(high)), missing
    assert measure.field is not None
    values = [(m, field_of(view, m.item, measure.field)) for m in found]
    if any(value is None for _, value in values):  # 16c: lacks the field
        return None, missing | {measure.field}
    numbers = [(m, value) for m, value in values if isinstance(value, Num)]
    if measure.fn == "sum":
        lowest = sum((n.lo if m.sure else min(n.lo, Fraction(0)) for m, n in numbers), Fraction(0))
        highest = sum((n.hi if m.sure else max(n.hi, Fraction(0)) for m, n in numbers), Fraction(0))
        return Num(lowest, highest), missing
    if not numbers or any(not m.sure for m in found):
        return None, missing
    lows, highs = [n.lo for _, n in numbers], [n.hi for _, n in numbers]
    if measure.fn == "avg":
        return Num(sum(lows, Fraction(0)) / len(lows), sum(highs, Fraction(0)) / len(highs)), missing
    pick = {"min": min, "max": max}[measure.fn]
    return Num(pick(lows), pick(highs)), missing


def latest_per(view: View, found: list[Match], fields: tuple[str, ...]) -> list[Match]:
    """16d: the latest for each value of the fields. A possible thing may or may not hide those before it: they are
    kept as possible, down to the latest certain one."""
    if not fields:
        return found
    groups: dict[tuple[Known | None, ...], list[Match]] = {}
    for match in found:
        groups.setdefault(tuple(field_of(view, match.item, name) for name in fields), []).append(match)
    kept: list[Match] = []
    for group in groups.values():
        hidden = False
        for match in reversed(group):
            kept.append(replace(match, sure=match.sure and not hidden))
            if match.sure:
                break
            hidden = True
    return sorted(kept, key=lambda m: m.order)


def share(view: View, found: list[Match], having: Selector | None, when: Cond | None, scope: Scope) -> Measured:
    """16c: from certain-both / (certain-both + possibly in and possibly not) to possibly-both / (possibly-both +
    certainly in and certainly not). T3: a member counts by a thing that belongs to it, or by a condition."""
    missing: set[str] = set()
    members: list[tuple[bool, Truth]] = []
    for match in found:
        if having is not None:
            meets = has_one(view, having, match, scope)
        else:
            env = env_of(view, match.item, scope.holder, scope.params or scope.day)
            meets = truth_of(when, env)
            if meets is None:
                missing |= absent(when, env)
        members.append((match.sure, meets))
    certain_both = sum(sure and meets is True for sure, meets in members)
    possibly_not = sum(meets is not True for _, meets in members)
    possibly_both = sum(meets is not False for _, meets in members)
    certainly_not = sum(sure and meets is False for sure, meets in members)
    if not any(sure for sure, _ in members):
        return None, frozenset(missing)  # of nothing, certainly or possibly
    low = Fraction(certain_both, certain_both + possibly_not)
    return Num(low, Fraction(possibly_both, possibly_both + certainly_not)), frozenset(missing)


def has_one(view: View, having: Selector, match: Match, scope: Scope) -> Truth:
    """Whether a thing of `having`, in the same stretch of time, belongs to the member."""
    found: list[Truth] = []
    for other in candidates(view, having, own_day(view, match.item, scope)):
        if other == match.item:
            continue
        mine = belongs(view, match.item, other, having, own_day(view, match.item, scope), subtree=False)
        truth, moment, _ = judge(view, having, other, counterpart_scope(view, match.item, scope))
        if falls(view, other, moment, scope):
            found.append(all3([mine, truth]))
    return any3(found)
