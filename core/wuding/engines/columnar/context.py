"""What all rules of one check share: the program, the snapshot, and tables made once from them.

A context is built by `open_context` and handed on; it holds no state but caches of pure results and the
findings of the rules already assessed, which later rules may read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock, RLock
from typing import Any

import polars as pl

from wuding.domain.calendar import due, holiday_days, is_workday, season_days
from wuding.domain.instants import DAY_US, day_start_us, from_us, local_day, zone_info
from wuding.engines.base import Snapshot
from wuding.engines.columnar.kept import Findings
from wuding.engines.columnar.scope import Narrow, Scope
from wuding.lang.nodes import Duration
from wuding.program.model import Program

DENSE = 4_000  # days, eleven years
FEW = 500  # values that are looked up one by one: to begin a query over them takes longer
FAR = 2**30  # a day later than any other
ANCESTORS = ("tree", "ancestors")


@dataclass
class Context:
    """`today_end`: the day after the last day that `as_of` has begun. `findings`: by rule id, the frames of
    the rules assessed so far."""

    program: Program
    snap: Snapshot
    ancestors: pl.DataFrame  # grid ancestor level depth start end
    today_end: int
    findings: dict[str, Findings] = field(default_factory=dict)
    cache: dict[Any, Any] = field(default_factory=dict)
    locks: dict[Any, RLock] = field(default_factory=dict)
    guard: Lock = field(default_factory=Lock)
    scope: Scope | None = None  # of the rule that is being assessed; None: everybody
    narrow: Narrow | None = None  # what that rule reads of facts and findings; None: everything
    once: frozenset[str] = frozenset()  # fact types that are looked at once, and are not kept for another time

    @property
    def zone(self) -> str:
        return self.program.zone

    @property
    def as_of(self) -> int:
        return self.snap.as_of

    def memo(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` answers, made once; rules that run side by side wait for one another's making of it."""
        with self.guard:
            lock = self.locks.setdefault(key, RLock())
        with lock:
            try:
                return self.cache[key]
            except KeyError:  # not yet, or forgotten by now
                made = self.cache[key] = make()
                return made

    def forget(self, needed: frozenset[str]) -> None:
        """Drop the facts, and what was made of facts alone, but for those of the types `needed`: no rule reads them
        again, those included that are being assessed."""
        for key in list(self.cache):
            names = {key[1]} if key[0] == "facts" else set()
            if key[0] in ("alone", "candidates") and key[1].source == "fact":
                names = set(key[1].names)
            if names and not names & needed:
                del self.cache[key]


def open_context(program: Program, snap: Snapshot, lasting: Mapping[Any, Any] | None = None) -> Context:
    """The context of a check; `lasting`: what an earlier one made of the same grids and facts (`lasting_of`)."""
    cache = dict(lasting or {})
    if ANCESTORS not in cache:
        cache[ANCESTORS] = ancestor_table(snap.grids)
    return Context(program, snap, cache[ANCESTORS], local_day(snap.as_of - 1, program.zone) + 1, cache=cache)


def lasting_of(ctx: Context) -> Mapping[Any, Any]:
    """What was made of the grids alone, and where in time facts lie (`index`)."""
    return {key: made for key, made in ctx.cache.items() if key[0] in ("tree", "index")}


def ancestor_table(grids: pl.DataFrame) -> pl.DataFrame:
    """Every grid with each of its ancestors, itself included, and the days on which that holds."""
    version = grids.select("code", "parent", "level", "start", "end")
    up = version.select(
        grid="code",
        ancestor="code",
        level="level",
        parent="parent",
        start="start",
        end="end",
        depth=pl.lit(0, pl.Int32),
    )
    found = [up]
    while True:
        above = version.rename({"code": "ancestor", "level": "level_", "parent": "parent_", "start": "s", "end": "e"})
        up = (
            up.drop("ancestor", "level")
            .join(above, left_on="parent", right_on="ancestor", how="inner", coalesce=False)
            .with_columns(
                start=pl.max_horizontal("start", "s"), end=pl.min_horizontal("end", "e"), depth=pl.col("depth") + 1
            )
            .filter(pl.col("start").is_null() | pl.col("end").is_null() | (pl.col("start") < pl.col("end")))
            .select("grid", "ancestor", level="level_", parent="parent_", start="start", end="end", depth="depth")
        )
        if up.is_empty() or len(found) > 64:
            return pl.concat(found).drop("parent")
        found.append(up)


# ── days and instants ────────────────────────────────────────────────────────────────────────────
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


def where(frame: pl.DataFrame, wanted: pl.Expr) -> pl.DataFrame:
    """The rows that meet a predicate; the frame itself, not copied, when all of them do."""
    mask = frame.select(wanted.fill_null(False)).to_series()
    return frame if mask.all() else frame.filter(mask)


# ── places ───────────────────────────────────────────────────────────────────────────────────────
def in_book(ctx: Context, frame: pl.DataFrame, day: str) -> pl.DataFrame:
    """The rows whose `grid` lies in the subtree that the book governs, on the day in column `day`."""
    if ctx.program.grid is None:
        return frame
    inside = _inside(ctx)
    if _unmoving(inside):
        there = about(inside, "grid", frame).get_column("grid").unique()
        return where(frame, pl.col("grid").is_in(there.implode()))
    rows = frame.with_row_index("_in")
    kept = rows.select("_in", "grid", d=day).join(inside, on="grid").filter(holds_on(pl.col("d"), "_s", "_e"))
    return rows.join(kept.select("_in").unique(), on="_in", how="semi").drop("_in")


def _inside(ctx: Context) -> pl.DataFrame:
    """The grids that the book governs, with the days: `grid _s _e`."""

    def make() -> pl.DataFrame:
        return ctx.ancestors.filter(pl.col("ancestor") == ctx.program.grid).select("grid", _s="start", _e="end")

    found: pl.DataFrame = ctx.memo(("tree", "inside", ctx.program.grid), make)
    return found


def _unmoving(some: pl.DataFrame) -> bool:
    """Is what stands in the rows so on all days?"""
    return some.select(pl.col("_s", "_e").is_null().all()).row(0) == (True, True)


def about(table: pl.DataFrame, column: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that some row of the frame can meet by a column of both; all of them where the frame has
    many rows itself. Joining few rows with a table of all grids would take as long as joining many."""
    if frame.height * 4 > table.height:
        return table
    return table.filter(pl.col(column).is_in(frame.get_column(column).unique().implode()))


def days_in_book(ctx: Context, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows cut to the days (`start`, `end`) on which their `grid` lies in the subtree that the book governs."""
    if ctx.program.grid is None:
        return frame
    if _unmoving(_inside(ctx)):
        return in_book(ctx, frame, "start")
    return (
        frame.join(about(_inside(ctx), "grid", frame), on="grid", how="inner", maintain_order="left")
        .with_columns(start=pl.max_horizontal("start", "_s"), end=pl.min_horizontal("end", "_e"))
        .filter(pl.col("start").is_null() | pl.col("end").is_null() | (pl.col("start") < pl.col("end")))
        .drop("_s", "_e")
    )


def holds_on(day: pl.Expr, start: str = "start", end: str = "end") -> pl.Expr:
    """Does the day lie in the days from `start` to `end` (null: open)? An unknown day lies in all."""
    after = pl.col(start).is_null() | (pl.col(start) <= day)
    before = pl.col(end).is_null() | (day < pl.col(end))
    return (after & before).fill_null(True)


def ancestor_at(ctx: Context, frame: pl.DataFrame, level: Sequence[str] | str, day: str, name: str) -> pl.DataFrame:
    """The frame with the column `name`: the ancestor of `grid` at a level on the day (null: none). `up` is the
    parent."""
    levels = (level,) if isinstance(level, str) else tuple(level)

    def make() -> pl.DataFrame:
        wanted = pl.col("depth") == 1 if levels == ("up",) else pl.col("level").is_in(levels)
        found = ctx.ancestors.filter(wanted).select("grid", "ancestor", "depth", _s="start", _e="end")
        return found.sort("depth").unique("grid", keep="first") if _unmoving(found) else found

    up: pl.DataFrame = ctx.memo(("tree", "up", levels), make)
    if _unmoving(up):  # no day matters
        above = about(up, "grid", frame).select("grid", pl.col("ancestor").alias(name))
        return frame.join(above, on="grid", how="left", maintain_order="left")
    rows = frame.with_row_index("_up")
    found = (
        rows.select("_up", "grid", _d=day)
        .join(up, on="grid")
        .filter(holds_on(pl.col("_d"), "_s", "_e"))
        .sort("depth")
        .unique("_up", keep="first")
        .select("_up", pl.col("ancestor").alias(name))
    )
    return rows.join(found, on="_up", how="left", maintain_order="left").drop("_up")
