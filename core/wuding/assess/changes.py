"""What has changed between two checks, and which things a change touches (semantics 30).

A *thing* is a fact or a finding (or a grid, subject, post) that a selector may select. Touched are the things that
changed themselves, in their old form and their new, where that may meet the selector's condition on the thing alone;
and those whose counterparts (`with`, `without`) did. What takes a holder or a parameter to know is not looked at: a
thing that is touched in vain costs a little, one that is missed costs the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.instants import DAY_US
from wuding.engines.base import Changes
from wuding.engines.columnar.context import Context, rows_of
from wuding.engines.columnar.counterparts import joined
from wuding.engines.columnar.facts import named_in
from wuding.engines.columnar.kept import Kept
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.scope import listed
from wuding.engines.columnar.things import judged, own, possible, things
from wuding.lang.nodes import Duration
from wuding.program.builtin import FACTS
from wuding.program.model import Selector

DAYS = {"min": 0.001, "h": 0.05, "d": 1, "workday": 3, "week": 7, "month": 31, "year": 366}
SLACK = 31  # days by which holidays may lengthen a limit, at most
EVERY = "_every"  # touched in whatever period: its moment may have moved


@dataclass
class News:
    """The changes as the rules see them while they are assessed one after the other. `was`: the last check's
    moment; `findings`: by rule id those that differ, old form and new. `moved`: by key of what is kept of places with
    counterparts (`counterparts.PLACES`), of which places it is something else now."""

    ctx: Context
    was: int
    today_was: int  # the day after the last day that `was` had begun
    registry: frozenset[str]
    changed: Context  # a context that holds what changed, and nothing else
    old: Mapping[str, Kept]  # rule key: its findings in the last check
    moved: dict[Any, pl.Series] = field(default_factory=dict)

    def differing(self, rule: str) -> pl.DataFrame | None:
        """The findings of a rule that differ, old form and new; None when they were not looked at."""
        found = self.changed.findings.get(rule)
        return None if found is None else found.filter(pl.lit(True))

    @property
    def later(self) -> bool:
        """Has time passed?"""
        return self.ctx.as_of != self.was

    @property
    def another_day(self) -> bool:
        return self.ctx.today_end != self.today_was


def news_of(ctx: Context, changes: Changes, was: int, today_was: int, old: Mapping[str, Kept]) -> News:
    snap, cache = replace(ctx.snap, facts=changes.facts), {"named": named_in(ctx)}
    changed = replace(ctx, snap=snap, findings={}, cache=cache, locks={}, scope=None)
    return News(ctx, was, today_was, changes.registry, changed, old)


def changed_facts(news: News, name: str) -> pl.DataFrame | None:
    """The facts of one type that changed; None when none did."""
    from wuding.engines.columnar.facts import facts_of

    key = (CORE if name in FACTS else news.ctx.program.domain.name, name)
    if key not in news.changed.snap.facts:
        return None
    found = facts_of(news.changed, name)
    return None if found.is_empty() else found


def touched(news: News, sel: Selector) -> pl.DataFrame | None:
    """The things of a selector that are touched, with `grid subject actor` and, unless they are grids, subjects or
    posts, `home`; `_every` says that the moment of the thing may have moved. None: it cannot be said, all may be."""
    parts = [] if sel.source in POPULATIONS else [_themselves(news, sel)]
    for other in (*sel.having, *sel.lacking):
        mates = touched(news, other)
        if mates is None:
            return None
        window = other.within if isinstance(other.within, Duration) else None
        if not mates.is_empty():
            if sel.source == "post" and mates.get_column(EVERY).any():
                return None
            parts.append(_accompanied(news, sel, other, mates, window is not None))
        if window is not None and news.later and sel.source not in POPULATIONS:
            since = news.was - int((DAYS[window.unit] * window.n + SLACK) * DAY_US)
            recent = things(news.ctx, sel).filter(pl.col("at") >= since)
            parts.append(recent.with_columns(pl.lit(True).alias(EVERY)))
    if not parts:
        return pl.DataFrame(schema={"id": pl.String, "grid": pl.String, "subject": pl.String, EVERY: pl.Boolean})
    return pl.concat(parts, how="diagonal_relaxed")


def _themselves(news: News, sel: Selector) -> pl.DataFrame:
    rows = possible(judged(news.changed, things(news.changed, sel), own(sel)))
    return rows.drop("ok").with_columns(pl.lit(False).alias(EVERY))


def _accompanied(news: News, sel: Selector, other: Selector, mates: pl.DataFrame, window: bool) -> pl.DataFrame:
    """The things that one of the touched counterparts belongs to."""
    near = None  # of grids and subjects, who has none of these counterparts need not be looked at
    if other.same is None and sel.source in ("grid", "subject"):
        near = frozenset(mates.get_column(sel.source).drop_nulls())
    rows = things(news.ctx, sel, near).with_row_index("_row")
    pairs = joined(news.ctx, rows, mates.drop(EVERY), sel, other)
    population = sel.source in POPULATIONS
    return (
        rows.join(pairs.select("_row").unique(), on="_row", how="semi")
        .drop("_row")
        .with_columns(pl.lit(window or population).alias(EVERY))
    )


def ranked_with(ctx: Context, holders: frozenset[str], level: str) -> frozenset[str]:
    """The grids that are ever ranked with one of these, or with one that is: who moves is ranked in several places."""
    if not holders:
        return holders
    up: pl.DataFrame = ctx.memo(
        ("tree", "ranked", level),
        lambda: ctx.ancestors.filter(pl.col("level") == level).select("grid", "ancestor"),
    )
    some = listed(holders)
    while True:
        groups = rows_of(up, "grid", some).get_column("ancestor").unique()
        beside = up.filter(pl.col("ancestor").is_in(groups.implode())).get_column("grid")
        found = pl.concat([some, beside]).unique()
        if len(found) == len(some):
            return frozenset(found)
        some = found


def difference(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The findings that are in one of the two alone."""
    if old.is_empty() or new.is_empty():
        return pl.concat([old, new])
    a, b = _marks(old), _marks(new)
    gone = old.filter(~a.is_in(b.implode()))
    come = new.filter(~b.is_in(a.implode()))
    return pl.concat([gone, come])


def _marks(frame: pl.DataFrame) -> pl.Series:
    """A text for each row that tells it from every other."""
    nothing = "\x00"
    cells = [
        (pl.col(n).list.join("\x02") if isinstance(t, pl.List) else pl.col(n).cast(pl.String)).fill_null(nothing)
        for n, t in frame.schema.items()
    ]
    return frame.select(pl.concat_str(cells, separator="\x01").alias("mark")).to_series()
