"""Parameters as columns: the value that holds on a day, looked up in tables by grid, field or finding (semantics 9,
9a)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from wuding.domain.number import SCALE
from wuding.engines.columnar.conditions import BUILTIN, column, parts, terms
from wuding.engines.columnar.context import Context
from wuding.engines.frames import DTYPES, UNIT_US
from wuding.lang.nodes import Cond, Duration, Param, Term
from wuding.program.model import Parameter

DAYS = {"workday": 1, "week": 7, "month": 30, "year": 365}


def params_in(cond: Cond | None = None, *terms_: Term | None) -> set[Param]:
    """The parameters that a condition and terms read, each with the type in which it is wanted there."""
    found = {t for t in terms(cond) if isinstance(t, Param)}
    return found | {t for term in terms_ for t in parts(term) if isinstance(t, Param)}


def with_params(ctx: Context, rows: pl.DataFrame, wanted: Iterable[Param], day: str) -> pl.DataFrame:
    """The rows with a column for each parameter, as it stood on the day in column `day`."""
    for term in sorted(wanted, key=column):
        if column(term) not in rows.columns:
            rows = _with_param(ctx, rows, term, day)
    return rows


def _with_param(ctx: Context, rows: pl.DataFrame, term: Param, day: str) -> pl.DataFrame:
    param = ctx.program.parameters[term.name]
    type_ = term.type or param.type
    columns = [_source(rows, f) for f in param.by]
    # What lies above a thing is asked as of when it happened, whenever its number is read (9).
    then = day if "grid" not in param.by or "on" not in rows.columns else "_stood"
    if then != day:
        rows = rows.with_columns(_stood=as_it_stood(ctx, rows.get_column("on")))
    keys = list(dict.fromkeys([day, then, *(c for c in columns if c)]))
    distinct = rows.select(keys).unique()
    values = [
        cell_of(lookup(ctx, param, row[day], [None if c is None else row[c] for c in columns], row[then]), type_)
        for row in distinct.iter_rows(named=True)
    ]
    found = distinct.with_columns(pl.Series(column(term), values, dtype=DTYPES[type_]))
    return rows.join(found, on=keys, how="left", nulls_equal=True, maintain_order="left").drop("_stood", strict=False)


def as_it_stood(ctx: Context, days: pl.Series) -> pl.Series:
    """For each of the days one on which the tree was the same: a few, as trees seldom change. Null: it never did."""

    def make() -> pl.Series:
        changed = pl.concat([ctx.ancestors.get_column("start"), ctx.ancestors.get_column("end")])
        return changed.drop_nulls().unique().sort()

    changes: pl.Series = ctx.memo(("tree", "changes"), make)
    if changes.is_empty():
        return pl.Series([None] * len(days), dtype=pl.Int32)
    return pl.concat([changes.head(1) - 1, changes]).gather(changes.search_sorted(days, side="right"))


def _source(rows: pl.DataFrame, field: str) -> str | None:
    """The column that a table is looked up by: the thing's field, else the holder's."""
    for name in (BUILTIN.get(field, f"f.{field}"), f"h.{field}", f"a.{field}"):
        if name in rows.columns:
            return name
    return None


def lookup(ctx: Context, param: Parameter, day: int | None, keys: list[Any], then: int | None) -> Any:
    """The value of a parameter on a day for these keys; None when there is none. `then`: the day as of which ancestors
    are asked for (None: the tree has always been as it is)."""
    standing = [v for start, v in param.values if day is None or start <= day]
    if not standing:
        return None
    value: Any = standing[-1]
    for field, key in zip(param.by, keys, strict=True):
        if not isinstance(value, Mapping) or key is None:
            return None
        value = _nearest(ctx, value, key, then) if field == "grid" else value.get(_text(key))
    return None if isinstance(value, Mapping) else value


def _text(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _nearest(ctx: Context, table: Mapping[str, Any], grid: str, day: int | None) -> Any:
    """The entry of the nearest ancestor that has one, the grid itself first."""

    def line() -> list[str]:
        up = ctx.ancestors.filter(pl.col("grid") == grid)
        if day is not None:
            up = up.filter(
                (pl.col("start").is_null() | (pl.col("start") <= day))
                & (pl.col("end").is_null() | (pl.col("end") > day))
            )
        return up.sort("depth").get_column("ancestor").to_list()

    for code in ctx.memo(("line", grid, day), line):
        if code in table:
            return table[code]
    return None


def cell_of(value: Any, type_: str) -> Any:
    """A parameter's value as a cell of its type's column."""
    if value is None:
        return None
    if isinstance(value, Duration):
        us = value.n * UNIT_US.get(value.unit, DAYS.get(value.unit, 1) * UNIT_US["d"])
        # Compared with a number of days (`days: "> $grace"`), a duration is its days.
        return us // UNIT_US["d"] if type_ == "int" else us
    if type_ in ("number", "money"):
        return int(value * SCALE)
    return int(value) if type_ == "int" else value
