"""Places in columns: what lies in the subtree of a book, and above whom, on which days."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from wuding.engines.columnar.context import Context, rows_of, where


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
    return all(some.get_column(name).null_count() == some.height for name in ("_s", "_e"))


def about(table: pl.DataFrame, column: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a table that some row of the frame can meet by a column of both; all of them where the frame has
    many rows itself. Joining few rows with a table of all grids would take as long as joining many."""
    if frame.height * 4 > table.height:
        return table
    return rows_of(table, column, frame.get_column(column).unique())


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
        return found.unique("grid", keep="first", maintain_order=True) if _unmoving(found) else found

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
