"""Whom touched things belong to, as scopes: what the planner asks of every kind of rule."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from wuding.assess.changes import EVERY, News, touched
from wuding.assess.obligations import period_table
from wuding.domain.period import Every, period_of
from wuding.engines.columnar.context import rows_of
from wuding.engines.columnar.days import by_value
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.params import params_in
from wuding.engines.columnar.scope import Scope
from wuding.engines.columnar.things import shared
from wuding.program.model import Selector

Whole = None
NOTHING = Scope()


def belonging(
    news: News, sel: Selector, kind: str, every: Every | None, *, subtree: bool = False, moves: bool = False
) -> Scope | None:
    """The holders (and, where each thing counts in its own period alone, their periods) to whom touched things of
    the selector belong (14a). `moves`: they count in other periods too."""
    rows = touched(news, sel)
    if rows is None:
        return Whole
    if rows.is_empty():
        return NOTHING
    if sel.same is not None or kind == "fact":
        return Whole
    found = holders_of(news, rows, kind, subtree or sel.within == "subtree")
    found = found.filter(pl.col("holder").is_not_null()).unique()
    if every is None or moves or sel.source in POPULATIONS or "home" not in found.columns:
        return Scope(holders=frozenset(found.get_column("holder")))
    free = pl.col(EVERY) | pl.col("home").is_null()
    whole = frozenset(found.filter(free).get_column("holder"))
    return Scope(holders=whole, pairs=_pairs(found.filter(~free), every))


def holders_of(news: News, rows: pl.DataFrame, kind: str, subtree: bool) -> pl.DataFrame:
    """The touched things with the `holder` of each kind to whom they may belong."""
    keep = [c for c in ("home", EVERY) if c in rows.columns]
    if kind == "grid" and subtree:
        up = rows_of(news.ctx.ancestors, "grid", rows.get_column("grid")).select("grid", holder="ancestor").unique()
        return rows.select("grid", *keep).join(up, on="grid").select("holder", *keep)
    if kind == "post":
        posts = news.ctx.snap.posts.select("person", holder="id")
        actors = rows.filter(pl.col("actor").is_not_null()).select("actor", *keep)
        return actors.join(posts, left_on="actor", right_on="person").select("holder", *keep)
    return rows.select(pl.col(kind).alias("holder"), *keep)


def _pairs(rows: pl.DataFrame, every: Every) -> dict[str, frozenset[str]]:
    """By period, the holders of the rows (`holder home`)."""
    labels = by_value(rows.get_column("home"), lambda day: period_of(day, every).label, pl.String)
    groups = rows.select("holder", label=labels).group_by("label").agg(pl.col("holder").unique())
    return {str(label): frozenset(holders) for label, holders in groups.iter_rows()}


def all_of(*scopes: Scope | None) -> Scope | None:
    found = NOTHING
    for scope in scopes:
        if scope is None:
            return Whole
        found |= scope
    return found


def asked_anew(news: News, sel: Selector) -> Scope | None:
    """The holders that a change of counterparts, or of a parameter, may make holders or make none."""
    if news.another_day and sel.source in POPULATIONS and shared(sel) is not None:
        for param in params_in(shared(sel)):
            values = news.ctx.program.parameters[param.name].values
            if any(news.today_was <= day < news.ctx.today_end for day, _ in values):
                return Whole
    rows = touched(news, sel)
    if rows is None:
        return Whole
    if rows.is_empty():
        return NOTHING
    if sel.source in POPULATIONS:
        return Scope(holders=frozenset(rows.get_column("id").drop_nulls()))
    return Scope(holders=frozenset(rows.get_column("seq").cast(pl.String)))


def turned(news: News, every: Every) -> Scope:
    """The periods that have begun or ended since the last check."""
    if not news.later:
        return NOTHING
    table = period_table(news.ctx, replace(every, unit="day") if every.unit == "workday" else every)
    ended = (pl.col("finish") > news.was) & (pl.col("finish") <= news.ctx.as_of)
    begun = pl.col("pstart") >= news.today_was
    return Scope(periods=frozenset(table.filter(ended | begun).get_column("label")))
