"""Match: which things meet which selectors, for which holders, certainly or possibly (semantics 13 to 16).

`asked` is a frame of those who are asked: `ask` (row number), `holder grid subject actor`, fields `h.<name>`, the day
`pday` on which parameters are read (without it: each thing's own), and, where time limits what counts, `pstart` (first
day of the period) or `upto` (instant, exclusive).
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from wuding.domain.period import Every
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counterparts import alone, asks_holder, candidates, with_counterparts
from wuding.engines.columnar.holding import acted_for
from wuding.engines.columnar.links import POPULATIONS, in_time, linked, period_starts, thing_column
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.things import judged, possible, shared
from wuding.lang.nodes import Duration
from wuding.program.model import Selector


def match(
    ctx: Context,
    sel: Selector,
    asked: pl.DataFrame,
    kind: str,
    every: Every | None = None,
    subtree: bool = False,
    wanted: Collection[str] | None = None,
) -> pl.DataFrame:
    """The things that may count for each of the asked, `ask` saying for whom, with `certain`.

    `kind` is the kind of the holders; `every` the kind of the periods in `asked`; `subtree`: a grid counts all
    below; `wanted`: the columns that it takes, where the caller knows (of the asked `ask` alone)."""
    late = _judged_late(sel, asked)
    found = alone(ctx, sel) if late else candidates(ctx, sel)
    plain = wanted is not None and not (sel.having or sel.lacking or sel.by) and shared(sel) is None
    if wanted is not None and not late:
        unread = {"subject", "actor", "on"} if plain and sel.same is not None else set()
        carried = set(wanted) - unread | {thing_column(name) for name in sel.same or ()}
        found = found.select(c for c in found.columns if c in carried)
    waits = (
        late and sel.source not in POPULATIONS and any(isinstance(o.within, Duration) for o in sel.lacking)
    )  # its period is that of a window's end
    below = subtree or sel.within == "subtree"
    rows = linked(ctx, found, sel, asked, kind, None if waits else every, below, slim=plain)
    rows = _held_to(ctx, rows, sel, kind)
    if late:
        rows = _accompanied(ctx, rows, sel)
        if waits and every is not None:
            rows = rows.filter(period_starts(rows.get_column("home"), every) == pl.col("pstart"))
        rows = in_time(rows, sel.source in POPULATIONS)
    return rows.with_columns(certain=pl.col("ok").fill_null(False))


def _judged_late(sel: Selector, asked: pl.DataFrame) -> bool:
    """Do the counterparts depend on who asks, or of which moment (16b, T1), so that they must wait for that?"""
    if not (sel.having or sel.lacking):
        return False
    return sel.source in POPULATIONS or "upto" in asked.columns or asks_holder(sel)


def _accompanied(ctx: Context, rows: pl.DataFrame, sel: Selector) -> pl.DataFrame:
    """Things judged by their counterparts up to the date of which is asked; grids, subjects and posts also up to the
    end of the period (16b)."""
    ends = [pl.col(c) for c in ("upto", "finish") if c in rows.columns]
    ends = ends if sel.source in POPULATIONS else ends[:1] if "upto" in rows.columns else []
    rows = rows.with_columns(_until=pl.coalesce(*ends, pl.lit(None, pl.Int64)))
    return with_counterparts(ctx, rows, sel).drop("_until")


def _held_to(ctx: Context, rows: pl.DataFrame, sel: Selector, kind: str) -> pl.DataFrame:
    """The tests that need the holder: conditions on it, parameters, roles."""
    cond = shared(sel)
    if cond is not None:
        day = "pday" if "pday" in rows.columns else "home"  # who is asked of no period: the thing's own day (9)
        rows = with_params(ctx, rows, params_in(cond), day)
        rows = judged(ctx, rows, cond, "ok2").with_columns(ok=pl.col("ok") & pl.col("ok2")).drop("ok2")
        rows = possible(rows)
    if sel.by and sel.source not in POPULATIONS:
        concerned = rows.select("actor", "on", "grid", "subject", own="a.grid", about="a.subject", person="a.actor")
        acted = acted_for(ctx, concerned, sel.by, kind)
        rows = possible(rows.with_columns(by=acted).with_columns(ok=pl.col("ok") & pl.col("by")).drop("by"))
    return rows
