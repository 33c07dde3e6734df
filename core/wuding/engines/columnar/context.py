"""What all rules of one check share: the program, the snapshot, and tables made once from them.

A context is built by `open_context` and handed on; it holds no state but caches of pure results and the
findings of the rules already assessed, which later rules may read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock, RLock
from typing import Any

import polars as pl

from wuding.domain.instants import local_day
from wuding.engines.base import Snapshot
from wuding.engines.columnar.kept import Findings
from wuding.engines.columnar.scope import Narrow, Scope
from wuding.program.model import Program

ANCESTORS = ("tree", "ancestors")
PLACES = "places"  # the grids or subjects with counterparts among the facts of a type, see `counterparts`
FEW = 64  # one in so many rows
SHORT = 10_000  # rows that are looked through as quickly as searched


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
    if snap.grids.get_column("code").is_sorted():
        snap = replace(snap, grids=snap.grids.with_columns(pl.col("code").set_sorted()))
    if ANCESTORS not in cache:
        cache[ANCESTORS] = ancestor_table(snap.grids)
    return Context(program, snap, cache[ANCESTORS], local_day(snap.as_of - 1, program.zone) + 1, cache=cache)


def lasting_of(ctx: Context) -> Mapping[Any, Any]:
    """What was made of the grids alone, where in time facts lie (`index`), and which places have some."""
    return {key: made for key, made in ctx.cache.items() if key[0] in ("tree", "index", PLACES)}


def ancestor_table(grids: pl.DataFrame) -> pl.DataFrame:
    """Every grid with each of its ancestors, itself included, and the days on which that holds: grid by grid in the
    order of the grids, the nearest first."""
    version = grids.select("code", "parent", "level", "start", "end")
    up = version.with_row_index("_n").select(
        "_n",
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
            .select("_n", "grid", "ancestor", level="level_", parent="parent_", start="start", end="end", depth="depth")
        )
        if up.is_empty() or len(found) > 64:
            table = pl.concat(found).sort("_n", maintain_order=True).drop("_n", "parent")
            by_grid = grids.get_column("code").flags["SORTED_ASC"]
            return table.with_columns(pl.col("grid").set_sorted()) if by_grid else table
        found.append(up)


def rows_of(table: pl.DataFrame, column: str, values: pl.Series) -> pl.DataFrame:
    """The rows of a table that have one of the values in a column, in their order. For few of them, and where the table
    is known to be sorted by the column, they are searched for: most of a big tree is not looked at."""
    keys = table.get_column(column)
    if not keys.flags["SORTED_ASC"] or max(len(values) * FEW, SHORT) > len(keys):
        return table.filter(pl.col(column).is_in(values.implode()))
    wanted = values.drop_nulls().unique().sort()
    firsts, behind = keys.search_sorted(wanted, "left"), keys.search_sorted(wanted, "right")
    rows = pl.select(pl.int_ranges(firsts, behind, dtype=pl.UInt32).explode().drop_nulls()).to_series()
    return table[rows]


def where(frame: pl.DataFrame, wanted: pl.Expr) -> pl.DataFrame:
    """The rows that meet a predicate; the frame itself, not copied, when all of them do."""
    mask = frame.select(wanted.fill_null(False)).to_series()
    return frame if mask.all() else frame.filter(mask)
