"""Scope: for whom, and for which periods or cases, a rule must be assessed; everything else stands.

The same scope says who is asked and which of the earlier findings are taken out, so that both always agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

import polars as pl


@dataclass(frozen=True, eq=False)
class Narrow:
    """What a rule need not read: of the fact types and of the rules' findings among `names`, only what has its home in
    the `days` (first, behind the last), at the `grids`, and belongs to the `cases` by its fields `key`. None: any."""

    names: frozenset[str]
    days: tuple[int, int] | None = None
    grids: pl.Series | None = None
    key: tuple[str, ...] = ()
    cases: frozenset[str] | None = None


@dataclass(frozen=True)
class Scope:
    """`holders`: in all their periods; `periods` (labels): of all holders; `pairs`: by period, holders in that period
    alone; `cases`: what is named by a case. Nothing at all: the rule need not be assessed."""

    holders: frozenset[str] = frozenset()
    periods: frozenset[str] = frozenset()
    pairs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cases: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.holders or self.periods or self.pairs or self.cases)

    def __or__(self, other: Scope) -> Scope:
        pairs = {
            period: self.pairs.get(period, frozenset()) | other.pairs.get(period, frozenset())
            for period in (*self.pairs, *other.pairs)
        }
        return Scope(
            self.holders | other.holders, self.periods | other.periods, pairs, self.cases | other.cases
        )  # fmt: skip

    @property
    def known(self) -> frozenset[str] | None:
        """The holders that are asked in any period; None: all may be."""
        return None if self.periods else self.holders.union(*self.pairs.values())


def listed(values: Iterable[str]) -> pl.Series:
    """A set as a series to test membership in."""
    return pl.Series(list(values), dtype=pl.String)


def inside(scope: Scope) -> pl.Expr:
    """Which findings the scope is about; of a frame with `holder period case`."""
    found = pl.lit(False)
    if scope.holders:
        found |= pl.col("holder").is_in(listed(scope.holders).implode())
    if scope.periods:
        found |= pl.col("period").is_in(listed(scope.periods).implode())
    if scope.cases:
        found |= pl.col("case").is_in(listed(scope.cases).implode())
    for period, holders in scope.pairs.items():
        found |= (pl.col("period") == period) & pl.col("holder").is_in(listed(holders).implode())
    return found.fill_null(False)


def quickly_inside(scope: Scope) -> tuple[pl.Expr, ...]:
    """The same as predicates one after the other, the first of which tells most of the rows apart quickly."""
    labels = scope.periods | set(scope.pairs)
    if scope.holders or scope.cases or not labels:
        return (inside(scope),)
    return reduce(or_, (pl.col("period") == label for label in sorted(labels))), inside(scope)


def asked_of(scope: Scope | None, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of holders that are asked in some period."""
    known = None if scope is None else scope.known
    return frame if known is None else frame.filter(pl.col("holder").is_in(listed(known).implode()))


def asked_in(scope: Scope | None, versions: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Each version of a holder with each period (`label`) in which it is asked."""
    if scope is None:
        return versions.join(periods, how="cross")
    every = pl.col("label").is_in(listed(scope.periods).implode())
    parts = [versions.join(periods.filter(every), how="cross")] if scope.periods else []
    rest = periods.filter(~every)
    of = pl.col("holder").is_in(listed(scope.holders).implode())
    parts.append(versions.filter(of).join(rest, how="cross"))
    for period, holders in scope.pairs.items():
        some = rest.filter(pl.col("label") == period)
        if not some.is_empty():
            who = listed(holders - scope.holders)
            parts.append(versions.filter(pl.col("holder").is_in(who.implode())).join(some, how="cross"))
    return pl.concat(parts)


def inside_at(scope: Scope, label: str) -> pl.Expr:
    """Which holders are asked in the period or at the date `label`; of a frame with `holder`."""
    if label in scope.periods:
        return pl.lit(True)
    return pl.col("holder").is_in(listed(scope.holders | scope.pairs.get(label, frozenset())).implode())
