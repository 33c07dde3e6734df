"""Findings that stand from an earlier check, with those that came in their place: put together only as far as somebody
looks. After a thousand facts nearly all of millions of findings stand, and copying them would be most of the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import polars as pl

from wuding.engines.columnar.index import marks, rows_named
from wuding.engines.columnar.scope import Scope, inside, listed, quickly_inside

MANY = 6  # changes on top of one another, beyond which they are put together


class Findings(Protocol):
    """What rules ask of the findings of others: a frame, or what stands for one."""

    def filter(self, *predicates: pl.Expr) -> pl.DataFrame: ...

    def clear(self) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Kept:
    """The findings of `base`, and in place of those inside each scope, one after the other, the rows beside it.
    `marks`: those of the names of the base's cases (see `index`), where rows are asked for by case."""

    base: pl.DataFrame
    changes: tuple[tuple[Scope, pl.DataFrame], ...] = ()
    marks: pl.Series | None = None

    def filter(self, *predicates: pl.Expr) -> pl.DataFrame:
        """The rows that meet all predicates, which look at one row alone: each of them only where those before hold,
        so the quickest comes first."""
        return self._of(_meeting(self.base, *predicates), *predicates)

    def inside(self, scope: Scope) -> pl.DataFrame:
        """The rows that a scope is about."""
        base, only = self.base, not (scope.holders or scope.periods or scope.pairs)
        if self.marks is not None and only:
            base = base[rows_named(self.marks, base.get_column("case"), listed(scope.cases))]
        told = quickly_inside(scope)
        return self._of(_meeting(base, *told), *told)

    def _of(self, base: pl.DataFrame, *predicates: pl.Expr) -> pl.DataFrame:
        """Of some rows of the base, and of those of the changes that meet the predicates, those that stand."""
        layers = [base, *(_meeting(new, *predicates) for _, new in self.changes)]
        found = []
        for n, rows in enumerate(layers):
            for scope, _ in self.changes[n:]:
                rows = rows.filter(~inside(scope)) if rows.height else rows
            found.append(rows)
        return pl.concat(found)

    def clear(self) -> pl.DataFrame:
        return self.base.clear()

    def changed(self, scope: Scope, new: pl.DataFrame) -> Kept:
        """The same with `new` in place of what is inside the scope (nothing at all: the same)."""
        if not scope:
            return self
        if len(self.changes) < MANY:
            return replace(self, changes=(*self.changes, (scope, new)))
        whole = pl.concat([self.frame().filter(~inside(scope)), new])
        return Kept(whole) if self.marks is None else kept_by_case(whole)

    def frame(self) -> pl.DataFrame:
        """All rows."""
        return self.filter(pl.lit(True)) if self.changes else self.base


def kept_by_case(findings: pl.DataFrame) -> Kept:
    """Findings of cases, a few of which will be asked for."""
    return Kept(findings, marks=findings.select(marks(pl.col("case"))).to_series())


@dataclass(frozen=True)
class Several:
    """The findings of all variants of a rule."""

    parts: tuple[Findings, ...]

    def filter(self, *predicates: pl.Expr) -> pl.DataFrame:
        return pl.concat([part.filter(*predicates) for part in self.parts])

    def clear(self) -> pl.DataFrame:
        return self.parts[0].clear()


def _meeting(rows: pl.DataFrame, first: pl.Expr, *then: pl.Expr) -> pl.DataFrame:
    """The rows that meet all predicates. Only what they look at is read of those that meet the first ones."""
    if not then:
        return rows.filter(first)
    found = rows.select(pl.arg_where(first)).to_series()
    for more in then:
        some = rows[list(dict.fromkeys(more.meta.root_names()))][found]
        found = found.filter(some.select(more).to_series())
    return rows[found]


def together(before: Findings | None, more: Findings) -> Findings:
    """The findings of a rule's variants before this one, and of this one."""
    parts: Sequence[Findings] = before.parts if isinstance(before, Several) else [before] if before is not None else []
    return Several((*parts, more)) if parts else more
