"""Days and instants in columns: local days, limits, seasons, the days on which a rule holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl

from wuding.domain.calendar import due, holiday_days, is_workday, season_days
from wuding.domain.instants import DAY_US, day_start_us, from_us, zone_info
from wuding.engines.columnar.context import Context
from wuding.lang.nodes import Duration

DENSE = 4_000  # days, eleven years
FEW = 500  # values that are looked up one by one: to begin a query over them takes longer
FAR = 2**30  # a day later than any other


def day_of(ctx: Context, frame: pl.DataFrame, column: str) -> pl.Series:
    """The local day of a column of instants."""
    instants = frame.get_column(column)
    low, high = instants.min(), instants.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return pl.Series("day", [None] * len(frame), dtype=pl.Int32)
    # Of one column alone: with others that are cut differently, all would be put together anew (`facts.in_one_piece`).
    return instants.to_frame(column).select(day_expression(ctx, column, low, high).alias("day")).to_series()


def day_expression(ctx: Context, column: str, low: int, high: int) -> pl.Expr:
    """The local day of a column of instants, all of which lie between the two."""
    offset = _steady_offset(ctx, low, high)
    if offset is not None:
        return ((pl.col(column) + offset) // DAY_US).cast(pl.Int32)
    local = pl.from_epoch(column, "us").dt.replace_time_zone("UTC").dt.convert_time_zone(ctx.zone)
    return local.dt.date().cast(pl.Int32)


def _steady_offset(ctx: Context, low: int, high: int) -> int | None:
    """The zone's distance from UTC in microseconds, when it is the same all the time between the two
    (looked at twice a day: no zone has changed there and back within a day). Whole days are then arithmetic,
    ten times as fast as the calendar."""

    def look(start: int, end: int) -> int | None:
        found = {_offset(t, ctx.zone) for t in (*range(start, end, DAY_US // 2), end)}
        return found.pop() if len(found) == 1 else None

    # A stretch that was looked at is not looked at again: facts that arrive one by one make it longer each time.
    seen: tuple[int, int, int] | None = ctx.cache.get(("offset", "seen"))
    if seen is not None and seen[0] <= low <= seen[1]:
        first, last, known = seen
        if high <= last:
            return known
        if look(last, high) != known:
            return None
        ctx.cache["offset", "seen"] = (first, high, known)
        return known
    steady = look(low, high)
    if steady is not None:
        ctx.cache["offset", "seen"] = (low, high, steady)
    return steady


def _offset(instant: int, zone: str) -> int:
    offset = from_us(instant).astimezone(zone_info(zone)).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def by_value(column: pl.Series, fn: Callable[[Any], Any], dtype: Any) -> pl.Series:
    """`fn` of each different value of the column, put back in its place; null of null."""
    if len(column) <= FEW:
        known: dict[Any, Any] = {None: None}
        for value in column:
            if value not in known:
                known[value] = fn(value)
        return pl.Series(column.name, [known[value] for value in column], dtype=dtype)
    low, high = (column.min(), column.max()) if column.dtype == pl.Int32 else (None, None)
    if isinstance(low, int) and isinstance(high, int) and high - low < min(DENSE, len(column)):
        # Days lie close together: a table with a place for each is quicker than a look-up.
        table = pl.Series(column.name, [fn(v) for v in range(low, high + 1)], dtype=dtype)
        return table.gather(column - low)
    distinct = column.unique().drop_nulls()
    if distinct.is_empty():
        return pl.Series(column.name, [None] * len(column), dtype=dtype)
    found = pl.Series([fn(v) for v in distinct], dtype=dtype)
    return column.replace_strict(distinct, found, default=None, return_dtype=dtype)


def start_of(ctx: Context, days: pl.Series) -> pl.Series:
    """The first instant of each local day; null for null."""
    return by_value(days, lambda day: day_start_us(day, ctx.zone), pl.Int64).alias("start")


def due_after(ctx: Context, frame: pl.DataFrame, anchor: str, limit: Duration) -> pl.Series:
    """When a limit after the instants of column `anchor` ends (semantics 11)."""
    if limit.unit in ("min", "h"):
        return frame.get_column(anchor) + due(0, limit.n, limit.unit, "UTC")
    country = workday_country(ctx)

    def ends(day: int) -> int:
        return due(day_start_us(day, ctx.zone), limit.n, limit.unit, ctx.zone, lambda d: is_workday(country, d))

    return by_value(day_of(ctx, frame, anchor), ends, pl.Int64)


def workday_country(ctx: Context) -> str:
    """Whose workdays count (semantics 7b)."""
    return next((s.holidays for s in ctx.program.calendar.values() if s.holidays), "CN")


def days_of_season(ctx: Context, name: str, start: int, end: int) -> frozenset[int]:
    season = ctx.program.calendar[name]
    if season.holidays:
        return frozenset(holiday_days(season.holidays, start, end))
    assert season.start is not None and season.end is not None
    return frozenset(season_days(season.start, season.end, start, end))


def valid_days(ctx: Context, rule_from: int | None, rule_to: int | None) -> tuple[int, int]:
    """The days on which a rule of this edition holds."""
    begun = None if ctx.program.retroactive else ctx.snap.in_force[0]
    starts = [d for d in (rule_from, begun) if d is not None]
    ends = [d for d in (rule_to, ctx.snap.in_force[1]) if d is not None]
    return max(starts, default=-FAR), min(ends, default=FAR)
