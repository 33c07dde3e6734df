"""When the facts of a case happened: kept with a check, so that the next one reads of the columns only the stretches of
time in which the facts of a few cases lie. (Columns lie in the order of recording, and so nearly in that of time.)"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_

import polars as pl

from wuding.engines.columnar.scope import listed

STRETCHES = 8  # of time at most that are read apart


def case_key(fields: Sequence[str]) -> pl.Expr:
    """The name of a case by its key fields; null where one is missing."""
    parts = [pl.col(f"f.{name}").cast(pl.String) for name in fields]
    return parts[0] if len(parts) == 1 else pl.concat_str(parts, separator="/")


def index_of(facts: pl.DataFrame | pl.LazyFrame, fields: Sequence[str]) -> pl.DataFrame:
    """`case` (a hash of its name), `mark` and `at` of each fact. A fact without a key may be a case of its own, by its
    sequence."""
    case = pl.coalesce(case_key(fields), pl.col("seq").cast(pl.String)).hash()
    return facts.lazy().select(marks(case).alias("mark"), case.alias("case"), "at").collect()


def marks(names: pl.Expr) -> pl.Expr:
    """Sixteen bits of each name: they tell most names apart, at a quarter of what it costs to look up the names."""
    return (names.hash() % 2**16).cast(pl.UInt16)


def rows_named(mark: pl.Series, names: pl.Series, wanted: pl.Series) -> pl.Series:
    """The rows at which one of the wanted names stands; `mark`: those of the names."""
    some = mark.is_in(pl.select(marks(pl.lit(wanted))).to_series().implode()).arg_true()
    return some.filter(names.gather(some).is_in(wanted.implode()))


def when(index: pl.DataFrame, cases: Collection[str]) -> pl.Expr:
    """The stretches of time in which facts of the cases lie; more may lie there."""
    mark, names = index.get_column("mark"), index.get_column("case")
    at = index.get_column("at").gather(rows_named(mark, names, listed(cases).hash())).sort()
    if at.is_empty():
        return pl.lit(False)
    cuts = at.diff().fill_null(0).arg_sort(descending=True).head(STRETCHES - 1)
    firsts = sorted({0, *cuts})
    lasts = [*(first - 1 for first in firsts[1:]), len(at) - 1]
    stretches = [pl.col("at").is_between(at[a], at[b]) for a, b in zip(firsts, lasts, strict=True)]
    return reduce(or_, stretches)
