"""The limits of the steps of a case: by when, how soon, how often (E3, E4, E7)."""

from __future__ import annotations

import polars as pl

from wuding.assess.cases import paused_until
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import due_after, start_of
from wuding.engines.columnar.params import as_it_stood, lookup
from wuding.lang.nodes import Duration, Lit, Param, Term
from wuding.program.model import Step

Pauses = dict[int, list[tuple[int, int]]]


def limited(ctx: Context, step: Step, rows: pl.DataFrame, pauses: Pauses) -> pl.DataFrame:
    """The rows with `due`, the limit after `anchor` or in a field of the opening, moved by pauses, and `soonest`."""
    limit = step.limit
    assert limit is not None
    if limit.until is not None:
        name = f"f.{limit.until}"
        due = start_of(ctx, rows.get_column(name) + 1) if rows.schema[name] == pl.Int32 else rows.get_column(name)
        rows = rows.with_columns(due=due)
        rows = rows.with_columns(due=pl.when(pl.col("anchor").is_not_null()).then("due"))
    else:
        rows = rows.with_columns(due=later(ctx, rows, limit.high))
    if pauses:
        rows = rows.with_columns(due=paused_until(rows, pauses))
    if limit.low is None:
        return rows.with_columns(soonest=pl.lit(None, pl.Int64))
    return rows.with_columns(soonest=due_after(ctx, rows, "anchor", limit.low))


def later(ctx: Context, rows: pl.DataFrame, limit: Duration | Term | None) -> pl.Series:
    """The anchor plus a duration, which may be a parameter read at the case's opening."""
    if isinstance(limit, Lit):
        limit = limit.value if isinstance(limit.value, Duration) else None
    if limit is None:
        return pl.Series("due", [None] * len(rows), dtype=pl.Int64)
    if isinstance(limit, Duration):
        return due_after(ctx, rows, "anchor", limit)
    if not isinstance(limit, Param):
        raise TypeError(limit)
    param = ctx.program.parameters[limit.name]
    columns = [next((c for c in (f, f"f.{f}", f"h.{f}") if c in rows.columns), None) for f in param.by]
    keys = rows.select(
        "pday", *[pl.col(c).alias(f"k{i}") if c else pl.lit(None).alias(f"k{i}") for i, c in enumerate(columns)]
    )
    then = as_it_stood(ctx, rows.get_column("on")) if "on" in rows.columns else rows.get_column("pday")
    keys = keys.with_columns(then=then)
    distinct = keys.unique()
    values = [lookup(ctx, param, day, list(of), then) for day, *of, then in distinct.iter_rows()]
    lengths = list(dict.fromkeys(v for v in values if isinstance(v, Duration)))
    which = [lengths.index(v) if isinstance(v, Duration) else None for v in values]
    chosen = keys.join(
        distinct.with_columns(which=pl.Series(which, dtype=pl.Int32)),
        on=keys.columns,
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).get_column("which")
    found = pl.Series("due", [None] * len(rows), dtype=pl.Int64)
    for i, length in enumerate(lengths):
        found = due_after(ctx, rows, "anchor", length).zip_with((chosen == i).fill_null(False), found)
    return found.alias("due")


def repeats(ctx: Context, repeat: Duration, rows: pl.DataFrame) -> pl.Series:
    """How often a repeated notice has been due by now, while the case was open."""
    counts = []
    ends = rows.select(pl.min_horizontal(pl.coalesce("closed", pl.lit(ctx.as_of)), pl.lit(ctx.as_of))).to_series()
    frame = rows.select("due", "fires").with_columns(end=ends)
    for due, fires, end in frame.iter_rows():
        n = 0
        while fires and due <= end and n < 10_000:
            n += 1
            due = due_after(ctx, pl.DataFrame({"due": [due]}, schema={"due": pl.Int64}), "due", repeat)[0]
        counts.append(n if fires else None)
    return pl.Series("low", counts, dtype=pl.Int64)
