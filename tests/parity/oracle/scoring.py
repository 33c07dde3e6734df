"""Scores, bands, ranks and rewards (semantics 18 to 20b, V3)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.parity.oracle.conditions import ZERO, Known, Num, absent, half_away, truth_of, value_of
from tests.parity.oracle.fields import field_of
from tests.parity.oracle.measures import measured
from tests.parity.oracle.owed import ended, finding, owed_periods, periodic
from tests.parity.oracle.selectors import Match, Scope, env_of, matches, missing_of, oldest
from tests.parity.oracle.world import Item, View, ancestor_at, governed, period_span, valid_on

from wuding.domain.finding import Finding
from wuding.domain.period import Period, period_of
from wuding.program.model import Item as ScoreItem
from wuding.program.model import Limits, Scoring, Veto


def check(view: View, rule: Scoring) -> list[Finding]:
    found: list[tuple[Finding, int]] = []  # with the day that decides the ancestor for its rank
    if rule.every is None:
        for match in matches(view, rule.holders, Scope(day=view.today)):
            assert match.item.at is not None
            day = view.day(match.item.at)
            if valid_on(view, rule.head, day) and governed(view, match.item.grid, day):
                maybe = None if match.sure else match.missing
                found.append((score(view, rule, match.item, None, day, maybe), day))
    else:
        for owed in owed_periods(view, rule, rule.holders, rule.every):
            if owed.state != "skipped":
                maybe = None if owed.sure else owed.missing
                found.append((score(view, rule, owed.item, owed.period, owed.period.start, maybe), owed.period.start))
    return [rewarded(view, rule, f) for f in ranked(view, rule, found)]


def clamp(value: Num, limits: Limits | None) -> Num:
    def end(x: Fraction) -> Fraction:
        if limits and limits.low is not None:
            x = max(x, limits.low)
        return min(x, limits.high) if limits and limits.high is not None else x

    return Num(end(value.lo), end(value.hi))


def plus(a: Num, b: Num) -> Num:
    return Num(a.lo + b.lo, a.hi + b.hi)


def score(
    view: View, rule: Scoring, holder: Item, period: Period | None, day: int, maybe: frozenset[str] | None
) -> Finding:
    span = periodic(view, period) if period else {"at": holder.at}
    detail: dict[str, object] = {"struck_by": [], "pending": [], "rewards": []}
    if maybe is not None:  # 8a
        return finding(view, rule, holder, "undetermined", missing=tuple(sorted(maybe)), detail=detail, **span)

    def scope_of(which: str) -> Scope:
        if period is None or rule.every is None:
            return Scope(day=view.today, holder=holder, params=day)
        asked = period if which == "current" else period_of(period.start - 1, rule.every)  # 16d
        since, before = period_span(view, asked)
        return Scope(day=asked.end - 1, holder=holder, since=since, before=before, params=day)

    values, missing = measured(view, rule.measures, scope_of)
    env = env_of(view, None, holder, day, values)
    start = value_of(rule.start, env)
    total: Num | None = start if isinstance(start, Num) else None
    missing |= absent(rule.start, env) - set(values)
    categories: dict[str, Num | None] = dict.fromkeys(rule.categories, ZERO)
    for item in rule.items:
        parts, more = points(view, rule, item, scope_of("current"), values, day)
        missing |= more
        for category, part in parts.items():
            part = None if part is None else clamp(part, item.limit)
            if category is None:
                total = None if total is None or part is None else plus(total, part)
            else:
                before = categories.get(category, ZERO)
                categories[category] = None if before is None or part is None else plus(before, part)
    for category, sub in categories.items():
        clamped = None if sub is None else clamp(sub, rule.categories.get(category))
        categories[category] = clamped
        total = None if total is None or clamped is None else plus(total, clamped)
    if total is not None:
        total = clamp(total, rule.range)
    struck, pending = vetoes(view, rule, holder, span.get("start"), span.get("end"))
    total = after_vetoes(total, [veto for _, veto in struck])
    detail["struck_by"] = sorted({veto.head.id for _, veto in struck})
    detail["pending"] = sorted({veto.head.id for _, veto in pending})
    if total is None:
        return finding(view, rule, holder, "undetermined", missing=tuple(sorted(missing)), detail=detail, **span)
    total = Num(rounded(rule, total.lo), rounded(rule, total.hi))
    band = common_band(view, rule, holder, day, total, {**values, **categories})
    status = "scored" if period is None or ended(view, period) else "running"
    if not total.point:
        status = "provisional"
    return finding(
        view, rule, holder, status, value_low=total.lo, value_high=total.hi, band=band,
        missing=() if total.point else tuple(sorted(missing)), detail=detail, **span,
    )  # fmt: skip


def rounded(rule: Scoring, value: Fraction) -> Fraction:
    if rule.rounding == "half-even":
        return Fraction(round(value * 10**rule.places), 10**rule.places)
    return half_away(value, rule.places)


def points(
    view: View, rule: Scoring, item: ScoreItem, scope: Scope, values: dict[str, Known | None], day: int
) -> tuple[dict[str | None, Num | None], frozenset[str]]:
    """20a: what the item adds, by category (a category may be a field of each thing), and what is missing."""
    if item.each is None:
        env = env_of(view, None, scope.holder, day, values)
        value = value_of(item.points, env)
        if value is None and item.if_none is not None:
            value = value_of(item.if_none, env)
        missing = absent(item.points, env) - set(values) if value is None else ()
        return {item.category: value if isinstance(value, Num) else None}, frozenset(missing)
    found = matches(view, item.each, scope)
    missing = frozenset(missing_of(found))
    parts: dict[str | None, Num | None] = {} if item.category_field else {item.category: ZERO}
    for match in found:
        category, part, more = points_of(view, item, match, scope, values, day)
        missing |= more
        before = parts.get(category, ZERO)
        parts[category] = None if before is None or part is None else plus(before, part)
    return parts, missing


def points_of(
    view: View, item: ScoreItem, match: Match, scope: Scope, values: dict[str, Known | None], day: int
) -> tuple[str | None, Num | None, frozenset[str]]:
    env = env_of(view, match.item, scope.holder, day, values)
    value = value_of(item.points, env)
    category = item.category
    missing = frozenset(absent(item.points, env)) if value is None else frozenset()
    if item.category_field and item.category is not None:
        field = field_of(view, match.item, item.category)
        if not isinstance(field, str):
            return None, None, missing | {item.category}
        category = field
    if not isinstance(value, Num):
        return category, None, missing
    if not match.sure:  # widens
        value = Num(min(value.lo, Fraction(0)), max(value.hi, Fraction(0)))
    return category, value, missing


# ── veto ─────────────────────────────────────────────────────────────────────────────────────────
Struck = list[tuple[Finding, Veto]]


def vetoes(view: View, rule: Scoring, holder: Item, start: int | None, end: int | None) -> tuple[Struck, Struck]:
    """V3: those that name the holder, and whose moment the period contains or that stand when it ends."""
    rules = {(oldest(r.head.was, r.head.id), r.head.variant): r for r in view.program.rules if isinstance(r, Veto)}
    struck: Struck = []
    pending: Struck = []
    for f in view.findings:
        if f.section != "veto" or start is None or end is None or f.start is None:
            continue
        veto = rules[(f.rule, f.variant)]
        if rule.head.id not in veto.touches or (f.holder_kind, f.holder) != (holder.kind, holder.id):
            continue
        stands_at_end = f.start < end and (f.end is None or end - 1 < f.end)
        if start <= f.start < end or stands_at_end:
            if f.status == "struck":
                struck.append((f, veto))
            elif f.status == "undetermined":
                pending.append((f, veto))
    return struck, pending


def after_vetoes(total: Num | None, standing: list[Veto]) -> Num | None:
    """20: the least `score` is set, the least `cap` lowers."""
    scores = [veto.score for veto in standing if veto.score is not None]
    caps = [veto.cap for veto in standing if veto.cap is not None]
    if scores:
        total = Num(min(scores), min(scores))
    if caps and total is not None:
        total = Num(min(total.lo, *caps), min(total.hi, *caps))
    return total


# ── band, rank, reward ───────────────────────────────────────────────────────────────────────────
def band_at(
    view: View, rule: Scoring, holder: Item, day: int, total: Fraction, values: dict[str, Known | None]
) -> str | None:
    """The first band that fits; none when that cannot be said."""
    env = env_of(view, None, holder, day, {**values, "total": Num(total, total)})
    for name, cond in rule.bands:
        fits = truth_of(cond, env)
        if fits is None:
            return None
        if fits:
            return name
    return None


def common_band(
    view: View, rule: Scoring, holder: Item, day: int, total: Num, values: dict[str, Known | None]
) -> str | None:
    low, high = (band_at(view, rule, holder, day, end, values) for end in (total.lo, total.hi))
    return low if low == high else None


def ranked(view: View, rule: Scoring, found: list[tuple[Finding, int]]) -> list[Finding]:
    """18: 1, 1, 3 over the determined scores of the same period inside the same ancestor."""
    if rule.rank_in is None:
        return [f for f, _ in found]

    def place(f: Finding, day: int) -> tuple[str, str] | None:
        if f.value_low is None or f.value_low != f.value_high:
            return None
        if rule.rank_in == "book":
            return (f.period, "")
        above = ancestor_at(view, f.grid, rule.rank_in or "", day)
        return None if above is None else (f.period, above)

    result = []
    for f, day in found:
        mine = place(f, day)
        if mine is None:
            result.append(f)
            continue
        peers = [g.value_low or Fraction(0) for g, other in found if place(g, other) == mine]
        own = f.value_low or Fraction(0)
        better = sum(value > own if rule.rank_order == "desc" else value < own for value in peers)
        result.append(replace(f, rank=1 + better))
    return result


def rewarded(view: View, rule: Scoring, f: Finding) -> Finding:
    if f.value_low is None or f.value_high is None:
        return f
    known: dict[str, Known | None] = {
        "band": f.band, "rank": None if f.rank is None else Num(Fraction(f.rank), Fraction(f.rank)),
        "total": Num(f.value_low, f.value_high),
    }  # fmt: skip
    day = view.day(f.start if f.start is not None else f.at or view.as_of)
    env = env_of(view, None, None, day, known)
    rewards = [{"give": dict(r.give), "list": r.list} for r in rule.rewards if truth_of(r.when, env)]
    return replace(f, detail={**f.detail, "rewards": rewards})
