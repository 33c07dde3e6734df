"""Who sits where, on which days, and what a test says of their number (semantics C2, C4)."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from wuding.assess.spans import BAD, GOOD, UNKNOWN, counts_by_day, merged
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import FAR
from wuding.engines.columnar.exact import three_valued
from wuding.engines.columnar.params import params_in, with_params
from wuding.lang.nodes import Cmp, Cond, Field, Lit
from wuding.program.model import Charter

DEPUTIES = ("A", "B")


def one(exactly: bool = False) -> Cond:
    """One at least, or exactly: what a charter asks for where it does not say (C2, C3)."""
    return Cmp("=" if exactly else ">=", Field("it", "int"), Lit(Fraction(1), "int"))


def as_spans(rows: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "ask",
        "certain",
        s=pl.col("s").fill_null(-FAR).cast(pl.Int32),
        e=pl.col("e").fill_null(FAR).cast(pl.Int32),
        key=key,
    )


def seated(
    ctx: Context, rule: Charter, asked: pl.DataFrame, roles: tuple[str, ...], deputies: bool = False
) -> pl.DataFrame:
    """The posts at each holder: `ask actor place s e`; principals, or deputies."""
    posts = ctx.snap.posts.filter(
        (pl.col("role").is_in(roles) if roles else pl.lit(True)) & (pl.col("capacity").is_in(DEPUTIES) == deputies)
    ).select(actor="person", role="role", place="grid", about="subject", s="start", e="end")
    if rule.holders.source == "subject":
        rows = posts.join(asked.select("ask", "subject"), left_on="about", right_on="subject")
    elif rule.holders.source == "post":
        rows = posts.join(asked.select("ask", "actor"), on="actor")
    else:
        rows = posts.filter(pl.col("about").is_null()).join(
            asked.select("ask", "grid"), left_on="place", right_on="grid", coalesce=False
        )
    if rule.also and not deputies:
        rows = _also(ctx, rows, rule.also, pl.lit(True))
    return rows


def _also(ctx: Context, rows: pl.DataFrame, role: str, where: pl.Expr) -> pl.DataFrame:
    """The posts cut to the days on which the same person holds the role at the same grid too."""
    other = ctx.snap.posts.filter((pl.col("role") == role) & pl.col("subject").is_null()).select(
        "person", "grid", s2="start", e2="end"
    )
    return (
        rows.join(other, left_on=["actor", "place"], right_on=["person", "grid"])
        .with_columns(s=pl.max_horizontal("s", "s2"), e=pl.min_horizontal("e", "e2"))
        .filter(pl.col("s").is_null() | pl.col("e").is_null() | (pl.col("s") < pl.col("e")))
        .filter(where)
    )


def seat_extras(ctx: Context, rule: Charter, asked: pl.DataFrame, spans: pl.DataFrame) -> list[pl.DataFrame]:
    parts = []
    assert rule.of is not None
    if rule.deputy:
        rows = seated(ctx, rule, asked, rule.of.names, deputies=True).with_columns(certain=pl.lit(True))
        if rule.deputy == "neighbour":
            rows = _from_neighbours(ctx, rows, rule.of.names)
        found = merged(as_spans(rows, pl.col("actor")), ["ask", "key"])
        parts.append(tested(ctx, asked, counts(asked, found), one()))
    if rule.exclusive == "yes":
        mine = spans.filter("certain")
        both = mine.join(mine, on="key", suffix="2").filter(pl.col("ask") != pl.col("ask2"))
        shared = both.select(
            "ask", s=pl.max_horizontal("s", "s2"), e=pl.min_horizontal("e", "e2"), state=pl.lit(BAD, pl.Int8)
        )
        parts.append(shared.filter(pl.col("s") < pl.col("e")))
    return parts


def _from_neighbours(ctx: Context, rows: pl.DataFrame, roles: tuple[str, ...]) -> pl.DataFrame:
    """The deputies cut to the days on which they are principals of the role at a sibling grid."""
    parent = ctx.snap.grids.select("code", "parent").unique("code", keep="last")
    own = ctx.snap.posts.filter(
        pl.col("role").is_in(roles) & ~pl.col("capacity").is_in(DEPUTIES) & pl.col("subject").is_null()
    )
    own = own.join(parent, left_on="grid", right_on="code").select(
        "person", other="grid", up="parent", s2="start", e2="end"
    )
    rows = rows.join(parent, left_on="place", right_on="code").join(
        own, left_on=["actor", "parent"], right_on=["person", "up"]
    )
    rows = rows.filter(pl.col("other") != pl.col("place"))
    return rows.with_columns(s=pl.max_horizontal("s", "s2"), e=pl.min_horizontal("e", "e2")).filter(
        pl.col("s").is_null() | pl.col("e").is_null() | (pl.col("s") < pl.col("e"))
    )


def counts(asked: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    return counts_by_day(asked, spans.filter("certain"), spans.filter(~pl.col("certain")))


def tested(ctx: Context, asked: pl.DataFrame, counted: pl.DataFrame, cond: Cond) -> pl.DataFrame:
    """What a test says of the count on each day."""
    rows = counted.join(
        asked.select("ask", "grid", "pday", *[c for c in asked.columns if c.startswith("h.")]), on="ask"
    )
    rows = with_params(ctx, rows, params_in(cond), "pday")
    rows = rows.with_columns(**{"f.it.lo": pl.col("low") * 1_000_000, "f.it.hi": pl.col("high") * 1_000_000})
    rows = three_valued(rows, cond, "_yes")
    state = pl.when(pl.col("_yes").is_null()).then(UNKNOWN).when(pl.col("_yes")).then(GOOD).otherwise(BAD)
    return rows.select("ask", "s", "e", state=state.cast(pl.Int8))


def staffed(ctx: Context, asked: pl.DataFrame, rule: Charter, roles: list[str]) -> pl.DataFrame:
    """Does anybody hold one of the roles at the holder?"""
    rows = seated(ctx, rule, asked, tuple(roles)) if roles else seated(ctx, rule, asked, ()).clear()
    deputies = seated(ctx, rule, asked, tuple(roles), deputies=True) if roles else rows.clear()
    rows = pl.concat([rows, deputies.select(rows.columns)]).with_columns(certain=pl.lit(True))
    return tested(ctx, asked, counts(asked, merged(as_spans(rows, pl.col("actor")), ["ask", "key"])), one())
