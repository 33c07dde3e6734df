"""Scores one by one, in plain arithmetic: what `scoring` and `standing` do for whole columns, for the few that changed
(semantics 18 to 20, V3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wuding.assess.board import Row
from wuding.assess.frame import as_json
from wuding.assess.measures import Lacks, with_measure
from wuding.assess.quick_params import params_into
from wuding.assess.scoring import NO_LIMITS, asked_for, bounded, contributions
from wuding.assess.standing import vetoed
from wuding.domain.number import SCALE, rounded, to_scaled
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.exact import Interval, holds, value_of
from wuding.program.model import Scoring

if TYPE_CHECKING:
    from wuding.assess.live import Live

Key = tuple[str, str]  # holder, period
Part = tuple[str, Interval | None]  # category, points


@dataclass(frozen=True)
class Scored:
    """What a score rests on beside the shares that are carried along. `measures`: by name; `parts`: by place of the
    item, its points by category; `score`, `cap`: what the vetoes that stand set (millionths)."""

    day: int
    sure: bool
    measures: Mapping[str, Interval | None]
    parts: Mapping[int, Sequence[Part]]
    struck: tuple[str, ...]
    pending: tuple[str, ...]
    score: int | None
    cap: int | None


@dataclass(frozen=True)
class Points:
    """A score after vetoes and rounding, in millionths; None: unknown. `env`: what bands and rewards may read."""

    low: int | None
    high: int | None
    env: dict[str, Any]


def scored(ctx: Context, rule: Scoring, shares: Collection[str]) -> dict[Key, Scored]:
    """For each who is asked what the score rests on, beside the shares named."""
    asked, lacks = asked_for(ctx, rule), list[Any]()
    told: Lacks = lacks
    for measure in rule.measures:
        asked = with_measure(ctx, asked, measure, rule.holders.source, rule.every, told)
    rows, names = contributions(ctx, rule, asked, told)
    rows = vetoed(ctx, rule, rows)
    found: dict[Key, Scored] = {}
    for row in rows.iter_rows(named=True):
        parts: dict[int, list[Part]] = {}
        for name in names:
            place, _, category = name[1:].partition("|")
            if rule.items[int(place)].each is not None:
                parts.setdefault(int(place), []).append((category, _interval(row, name)))
        measures = {m.name: _interval(row, f"f.{m.name}") for m in rule.measures if m.name not in shares}
        found[row["holder"], row["label"]] = Scored(
            row["pday"], row["sure"], measures, parts, tuple(row["struck"]), tuple(row["pending"]), row["score"],
            row["cap"],
        )  # fmt: skip
    return found


def _interval(row: Mapping[str, Any], name: str) -> Interval | None:
    low, high = _number(row[f"{name}.lo"]), _number(row[f"{name}.hi"])
    return None if low is None or high is None else (low, high)


def _number(cell: int | str | None) -> Fraction | None:
    return None if cell is None else Fraction(cell) if isinstance(cell, str) else Fraction(cell, SCALE)


# ── one score ────────────────────────────────────────────────────────────────────────────────────
def points_of(live: Live, rule: Scoring, rest: Scored, shares: Mapping[str, Fraction | None]) -> Points | None:
    """The score with these shares; None where it is beyond plain arithmetic."""
    env: dict[str, Any] = {}
    for measure in rule.measures:
        if measure.name in shares:
            value = shares[measure.name]
            env[f"f.{measure.name}"] = None if value is None else (value, value)
        elif measure.fn == "expr" and measure.expr is not None:
            if not params_into(live, env, rest.day, None, measure.expr):
                return None
            env[f"f.{measure.name}"] = value_of(measure.expr, env)
        else:
            env[f"f.{measure.name}"] = rest.measures[measure.name]
    groups: dict[str, list[Interval | None]] = {}
    for place, item in enumerate(rule.items):
        if item.each is not None:
            for category, part in rest.parts.get(place, ()):
                groups.setdefault(category, []).append(part)
            continue
        if not params_into(live, env, rest.day, None, item.points, item.if_none):
            return None
        found: Interval | None = value_of(item.points, env)
        if found is None and item.if_none is not None:
            found = value_of(item.if_none, env)
        groups.setdefault(item.category or "", []).append(_clamped(found, item.limit or NO_LIMITS))
    if not params_into(live, env, rest.day, None, rule.start):
        return None
    total: list[Interval | None] = [value_of(rule.start, env)]
    for category, some in groups.items():
        value_ = _clamped(_sum(some), rule.categories.get(category, NO_LIMITS))
        total.append(value_)
        if category:
            env.setdefault(f"f.{category}", value_)
    for category in rule.categories:
        env.setdefault(f"f.{category}", (Fraction(0), Fraction(0)))
    ends = _clamped(_sum(total), rule.range)
    low, high = (None, None) if ends is None else (_settled(rule, rest, end) for end in ends)
    if rest.score is not None:
        low = high = rest.score if rest.cap is None else min(rest.score, rest.cap)
    env["f.total"] = None if low is None or high is None else (Fraction(low, SCALE), Fraction(high, SCALE))
    return Points(low, high, env)


def _settled(rule: Scoring, rest: Scored, value: Fraction) -> int:
    scaled = to_scaled(rounded(value, rule.places, rule.rounding))
    return scaled if rest.cap is None else min(scaled, rest.cap)


def _sum(values: Sequence[Interval | None]) -> Interval | None:
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return None
    return sum((v[0] for v in found), Fraction(0)), sum((v[1] for v in found), Fraction(0))


def _clamped(value: Interval | None, limit: Any) -> Interval | None:
    return None if value is None else (bounded(value[0], limit), bounded(value[1], limit))


def band_of(live: Live, rule: Scoring, rest: Scored, points: Points) -> str | None:
    for name, cond in rule.bands:
        if points.env["f.total"] is None:
            return None
        if not params_into(live, points.env, rest.day, cond):
            raise KeyError(name)
        fits = holds(cond, points.env)
        if fits is None:
            return None
        if fits:
            return name
    return None


def finding(live: Live, rule: Scoring, rest: Scored, points: Points, rank: int | None, old: Row) -> Row | None:
    """The score's finding; None where fields must be named whose absence leaves it uncertain."""
    if points.low is None or points.low != points.high or not rest.sure:
        return None
    band = band_of(live, rule, rest, points)
    env = {**points.env, "f.band": band, "f.rank": None if rank is None else (Fraction(rank), Fraction(rank))}
    given = []
    for reward in rule.rewards:
        if not params_into(live, env, rest.day, reward.when):
            raise KeyError(rule.head.key)
        if holds(reward.when, env):
            given.append({"give": dict(reward.give), "list": reward.list})
    detail = as_json(rewards=given, struck_by=list(rest.struck), pending=list(rest.pending))
    return {
        **old, "value_low": points.low, "value_high": points.high, "band": band, "rank": rank, "detail": detail,
        "status": "scored" if old["due"] <= live.as_of else "running", "missing": [],
    }  # fmt: skip


def ranks(rule: Scoring, values: Mapping[str, int | None]) -> dict[str, int | None]:
    """By id the rank 1, 1, 3 of the scores of one period (18); none where the score is not determined."""
    if rule.rank_in is None:
        return dict.fromkeys(values)
    order = sorted((v for v in values.values() if v is not None), reverse=rule.rank_order == "desc")
    first: dict[int, int] = {}
    for place, value in enumerate(order, 1):
        first.setdefault(value, place)
    return {id_: None if value is None else first[value] for id_, value in values.items()}
