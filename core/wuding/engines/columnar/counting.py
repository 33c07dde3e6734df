"""Counting: how many things count for whom, certainly and possibly (semantics 16, 16a, 16b)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from wuding.domain.instants import day_start_us
from wuding.domain.period import Every
from wuding.engines.columnar.conditions import column
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counterparts import asks_holder, candidates
from wuding.engines.columnar.days import day_expression
from wuding.engines.columnar.exact import reads
from wuding.engines.columnar.facts import fact_scan
from wuding.engines.columnar.holding import acted_for, acting_posts
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.match import match
from wuding.engines.columnar.places import holds_on
from wuding.engines.columnar.things import judged, judged_lazily, lackable, own, shared, things, with_lacks
from wuding.lang.nodes import Field
from wuding.program.model import Selector


def tally(ctx: Context, sel: Selector, asked: pl.DataFrame, kind: str, every: Every) -> pl.DataFrame:
    """The asked, each with how many things count for it in its period (`pstart`, `pend`), certainly and possibly, and
    which fields leave things uncertain: `low high lacks_`.

    Where nothing about a thing depends on who asks, things are counted by place and period before they meet the
    asked, while they are read: millions of them need neither be joined nor be held."""
    numbers, keys = _numbers(ctx, sel, asked, kind, every)
    # Each of the asked finds one row or none: what is known of them need not be copied.
    found = keys.join(numbers, on=keys.columns, how="left", maintain_order="left").drop(keys.columns)
    return asked.hstack(found.with_columns(pl.col("low", "high").fill_null(0)).get_columns())


def counts(ctx: Context, sel: Selector, asked: pl.DataFrame, kind: str, every: Every | None) -> pl.DataFrame:
    """The same of those alone for whom anything counts: `ask low high lacks_`. Without a period, things count as
    `match` says."""
    numbers, keys = _numbers(ctx, sel, asked, kind, every)
    if keys.columns == ["ask"]:
        return numbers
    return keys.with_columns(asked.get_column("ask")).join(numbers, on=keys.columns).drop(keys.columns)


def _numbers(
    ctx: Context, sel: Selector, asked: pl.DataFrame, kind: str, every: Every | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How many things count, by a key; and the key of each of the asked."""
    if every is not None and _countable_apart(sel, kind):
        return _counted_apart(ctx, sel, asked, kind)
    wanted = counted_columns(sel) if kind != "fact" else None
    return counted(match(ctx, sel, asked, kind, every, wanted=wanted), sel), asked.select("ask")


def counted_columns(sel: Selector) -> set[str]:
    """What it takes to link and to count things, and to say what they lack: less to carry through the joins."""
    read = {column(t) for t in reads(sel.when) if isinstance(t, Field)}
    days = {f"{c}.day" for c in read}
    wanted = {*(sel.same or ()), *([sel.distinct] if sel.distinct else [])}
    fields = {f"f.{n}" for n in wanted} | wanted
    return read | days | fields | {"grid", "subject", "actor", "at", "home", "on", "ok", "start", "end", "id"}


def counted(rows: pl.DataFrame | pl.LazyFrame, sel: Selector, by: Sequence[str] = ("ask",)) -> pl.DataFrame:
    """How many matched things count, certainly and possibly, for each value of the columns `by`, and which fields
    leave them uncertain: `low high lacks_`."""
    found = rows.lazy()
    return _grouped(found, sel, by, _ever_lacking(found, sel))


def _grouped(rows: pl.LazyFrame, sel: Selector, by: Sequence[str], lacks: Sequence[tuple[str, str]]) -> pl.DataFrame:
    names = rows.collect_schema().names()
    low, high = pl.col("certain").sum(), pl.len()
    if sel.distinct is not None:
        value = pl.col(f"f.{sel.distinct}") if f"f.{sel.distinct}" in names else pl.col(sel.distinct)
        low = value.filter("certain").drop_nulls().n_unique()
        high = value.drop_nulls().n_unique() + value.is_null().sum()
    # A thing for itself is uncertain for want of a field: where but one is ever wanting, it need not be asked which.
    several = len(lacks) > 1 or bool(sel.having or sel.lacking) or shared(sel) is not None
    flags = {f"_lacks.{c}": (pl.col(c).is_null() & ~pl.col("certain")).any() for _, c in lacks if several}
    # The streaming engine groups many small groups several times faster, and reads no more than it groups.
    found = rows.group_by(by).agg(low.cast(pl.Int64).alias("low"), high.cast(pl.Int64).alias("high"), **flags).collect(
        engine="streaming"
    )  # fmt: skip
    said = [pl.when(f"_lacks.{c}" if several else pl.lit(True)).then(pl.lit(n)) for n, c in lacks]
    named = (
        pl.concat_list(said).list.drop_nulls().list.unique(maintain_order=True)
        if said
        else pl.lit([], pl.List(pl.String))
    )
    return found.with_columns(lacks_=pl.when(pl.col("low") < pl.col("high")).then(named)).drop(flags)


def _ever_lacking(rows: pl.LazyFrame, sel: Selector) -> list[tuple[str, str]]:
    """The fields that can leave things uncertain and that some thing or holder lacks, each with its column."""
    columns = _lackable_in(rows, sel)
    if not columns:
        return []
    found = rows.select(pl.col(c).is_null().any() for c in {c for _, c in columns}).collect(engine="streaming")
    return [(name, column) for name, column in columns if found.get_column(column).item()]


def _lackable_in(rows: pl.LazyFrame, sel: Selector) -> list[tuple[str, str]]:
    names = rows.collect_schema().names()
    return sorted((n, c) for n, c in lackable(sel.when, sel.by) if c in names)


def lacking(rows: pl.DataFrame, sel: Selector, by: Sequence[str] = ("ask",)) -> pl.DataFrame:
    """The fields whose absence leaves things uncertain, for each value of the columns `by`: `lacks_` (16a)."""
    named = with_lacks(rows.filter(~pl.col("certain")), sel.when, sel.by)
    return named.group_by(by).agg(pl.col("lacks_").explode().drop_nulls().unique().sort())


# ── before they meet the asked ───────────────────────────────────────────────────────────────────
def _countable_apart(sel: Selector, kind: str) -> bool:
    """Is who asks of no matter to the selector, but for the place? (A subject's grid may differ from the deed's.)"""
    local = sel.source not in POPULATIONS and sel.same is None and sel.within != "subtree" and not asks_holder(sel)
    return local and shared(sel) is None and (kind == "grid" or (kind == "subject" and not sel.by))


def _counted_apart(ctx: Context, sel: Selector, asked: pl.DataFrame, kind: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What counts at each place in each period that somebody is asked of; and the place and period of each of the
    asked. One number stands for both: a million of them are found and grouped with half the memory of texts."""
    periods = asked.select("pstart", "pend").unique()
    days = periods.with_columns(home=pl.int_ranges("pstart", "pend", dtype=pl.Int32)).explode("home").drop("pend")
    places = asked.select(kind).unique().with_row_index("_place")
    key = (pl.col("_place").cast(pl.Int64) * 2**32 + pl.col("pstart")).alias("_key")
    rows = _things_in(ctx, sel, days.get_column("home"))
    found = _possible(rows)
    if sel.by:
        found = _possible(_in_role(ctx, found, sel, kind))
    found = found.join(days.lazy(), on="home", how="inner").join(places.lazy(), on=kind, how="inner")
    found = found.with_columns(key, pl.col("ok").fill_null(False).alias("certain"))
    # Little is read for few who are asked: looking ahead for what is ever lacking would be most of it.
    lacks = _ever_lacking(rows, sel) if ctx.narrow is None else _lackable_in(rows, sel)
    numbers = _grouped(found, sel, ["_key"], lacks)
    return numbers, asked.select(kind, "pstart").join(places, on=kind, how="left", maintain_order="left").select(key)


def _possible(found: pl.LazyFrame) -> pl.LazyFrame:
    return found.filter(pl.col("ok").fill_null(True))


def _things_in(ctx: Context, sel: Selector, days: pl.Series) -> pl.LazyFrame:
    """The things that may meet the selector with their homes among the days: facts while they are read, where their
    own condition is all that there is to them."""
    wanted = counted_columns(sel)
    if sel.having or sel.lacking:
        found = candidates(ctx, sel)
        return found.lazy().select(c for c in found.columns if c in wanted)
    first, last = days.min(), days.max()
    if sel.source != "fact" or not isinstance(first, int) or not isinstance(last, int):
        rows = judged(ctx, things(ctx, sel), own(sel))
        return rows.lazy().select(c for c in rows.columns if c in wanted)
    begin, end = day_start_us(first, ctx.zone), day_start_us(last + 1, ctx.zone)
    frames = []
    for name in sel.names:
        facts = fact_scan(ctx, name).filter((pl.col("at") >= begin) & (pl.col("at") < end))
        facts = facts.select(c for c in facts.collect_schema().names() if c in wanted)
        frames.append(facts.with_columns(day_expression(ctx, "at", begin, end).alias("home")).with_columns(on="home"))
    lazy = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    return judged_lazily(ctx, lazy, own(sel))


def _in_role(ctx: Context, found: pl.LazyFrame, sel: Selector, kind: str) -> pl.LazyFrame:
    """The things with `ok` only where their actor acted in one of the selector's roles (15). Where nobody holds a
    role twice at one place, posts are looked up while the things are read."""
    posts: pl.DataFrame = ctx.memo(("acting", sel.by), lambda: acting_posts(ctx, sel.by))
    everywhere = posts.get_column("grid").is_null()
    keys = ["person"] if everywhere.any() else ["person", "grid"]
    mixed = everywhere.any() and not everywhere.all()
    if sel.by == ("self",) or mixed or posts.select(keys).is_duplicated().any():
        deeds = found.collect()
        by = acted_for(ctx, deeds.with_columns(own="grid", about=pl.lit(None, pl.String)), sel.by, kind)
        return deeds.with_columns(pl.col("ok") & by).lazy()
    held = posts.select(*keys, _about="subject", _start="start", _end="end", _acts=pl.lit(True))
    rows = found.join(held.lazy(), left_on=["actor", *keys[1:]], right_on=keys, how="left")
    acted = pl.col("_acts")
    if not posts.get_column("subject").is_null().all():
        acted &= pl.col("_about").is_null() | (pl.col("_about") == pl.col("subject")).fill_null(False)
    if posts.select(pl.col("start", "end").is_null().all()).row(0) != (True, True):
        acted &= holds_on(pl.col("on"), "_start", "_end")
    ok = pl.col("ok") & pl.when(pl.col("actor").is_not_null()).then(acted.fill_null(False))
    return rows.with_columns(ok=ok).drop("_about", "_start", "_end", "_acts")
