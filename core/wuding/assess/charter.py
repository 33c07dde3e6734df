"""Charter: are the five things fixed, on every day (semantics C1 to C5)?"""

from __future__ import annotations

import polars as pl

from wuding.assess.frame import as_json, shaped
from wuding.assess.obligations import FINDING_KEYS, holders
from wuding.assess.spans import BAD, GOOD, UNKNOWN, counts_by_day, merged, spells, verdicts
from wuding.domain.period import to_date
from wuding.engines.columnar.context import FAR, Context, by_value, start_of, thing_type, valid_days
from wuding.engines.columnar.exact import tests
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.things import judged, with_lacks
from wuding.lang.nodes import Cmp, Cond, Field, Lit
from wuding.program.model import Charter, Patrol, Scoring, Veto

DEPUTIES = ("A", "B")


def at_least_one() -> Cond:
    from fractions import Fraction

    return Cmp(">=", Field("it", "int"), Lit(Fraction(1), "int"))


def charter(ctx: Context, rule: Charter) -> pl.DataFrame:
    """The findings of a charter rule: spells of gap, and how things stand today."""
    versions = holders(ctx, rule.holders)
    asked = _asked(ctx, rule, versions)
    counted: pl.DataFrame | None = None
    lacks: pl.DataFrame | None = None
    match rule.kind:
        case "seat" | "have" | "count":
            spans, lacks = _things(ctx, rule, asked)
            counted = counts_by_day(asked, spans.filter("certain"), spans.filter(~pl.col("certain")))
            parts = [_tested(ctx, asked, counted, rule.be.cond if rule.be else at_least_one())]
            if rule.kind == "seat":
                parts += _seat_extras(ctx, rule, asked, spans)
        case "must":
            part, lacks = _must(ctx, rule, asked, versions)
            parts = [part]
        case "duties":
            roles = ctx.program.domain.roles.values()
            parts = [_staffed(ctx, asked, rule, [r.name for r in roles if duty in r.duties]) for duty in rule.duties]
        case "complete":
            parts = _complete(ctx, rule, asked)
        case "partition":
            from wuding.assess.partition_rule import partition_part

            part, lacks = partition_part(ctx, rule, asked)
            parts = [part]
    found = spells(verdicts(asked, parts))
    return shaped(ctx, rule, _findings(ctx, rule, asked, found, counted, lacks))


def _asked(ctx: Context, rule: Charter, versions: pl.DataFrame) -> pl.DataFrame:
    """One row per holder, with the days `a` to `b` on which it is asked."""
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    rows = versions.with_columns(start=pl.col("start").fill_null(-FAR), end=pl.col("end").fill_null(FAR)).sort("start")
    fields = pl.all().exclude("holder", "start", "end", "sure", "lacks").last()
    one = rows.group_by("holder", maintain_order=True).agg(
        fields, pl.col("start").min(), pl.col("end").max(), pl.col("sure").all(),
        pl.col("lacks").explode().drop_nulls().unique().sort(),
    )  # fmt: skip
    low = max(ctx.snap.window_from, valid_from)
    one = one.with_columns(
        a=pl.max_horizontal("start", pl.lit(low)), b=pl.min_horizontal("end", pl.lit(min(ctx.today_end, valid_to)))
    )
    one = one.filter(pl.col("a") < pl.col("b")).with_row_index("ask")
    return one.with_columns(
        pl.col("a").cast(pl.Int32),
        pl.col("b").cast(pl.Int32),
        vstart="start",
        vend="end",
        pday=pl.lit(ctx.today_end - 1),
    )


def _spans(rows: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "ask",
        "certain",
        s=pl.col("s").fill_null(-FAR).cast(pl.Int32),
        e=pl.col("e").fill_null(FAR).cast(pl.Int32),
        key=key,
    )


def _things(ctx: Context, rule: Charter, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """When the things counted hold for whom (`ask key s e certain`), and what leaves them uncertain."""
    sel = rule.of
    assert sel is not None
    if rule.kind == "seat":
        rows = _seated(ctx, rule, asked, sel.names).with_columns(certain=pl.lit(True))
        return merged(_spans(rows, pl.col("actor")), ["ask", "key"]), asked.select(
            "ask", lacks_=pl.lit([], pl.List(pl.String))
        ).clear()
    rows = match(ctx, sel, asked, rule.holders.source, subtree=rule.kind == "count" and sel.within != "self")
    rows = with_lacks(rows, sel.when, sel.by)
    if sel.source == "fact":
        first: list[pl.Expr] = []
        last: list[pl.Expr] = []
        for name in sel.names:
            holds = thing_type(ctx, name)[1].holds
            if holds:
                first += [pl.col(f"f.{holds[0]}")]
                last += [pl.col(f"f.{holds[1]}") + 1]
        rows = rows.with_columns(s=pl.coalesce(*first, "home"), e=pl.coalesce(*last, pl.lit(None, pl.Int32)), id="seq")
    else:
        rows = rows.with_columns(s="start", e="end")
    key = pl.col("id")
    if sel.distinct:
        key = pl.col(f"f.{sel.distinct}" if f"f.{sel.distinct}" in rows.columns else sel.distinct)
    lacks = rows.filter(~pl.col("certain")).group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    return merged(_spans(rows, key.cast(pl.String)), ["ask", "key"]), lacks


def _seated(
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


def _seat_extras(ctx: Context, rule: Charter, asked: pl.DataFrame, spans: pl.DataFrame) -> list[pl.DataFrame]:
    parts = []
    assert rule.of is not None
    if rule.deputy:
        rows = _seated(ctx, rule, asked, rule.of.names, deputies=True).with_columns(certain=pl.lit(True))
        if rule.deputy == "neighbour":
            rows = _from_neighbours(ctx, rows, rule.of.names)
        found = merged(_spans(rows, pl.col("actor")), ["ask", "key"])
        parts.append(_tested(ctx, asked, _counts(asked, found), at_least_one()))
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


def _counts(asked: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    return counts_by_day(asked, spans.filter("certain"), spans.filter(~pl.col("certain")))


def _tested(ctx: Context, asked: pl.DataFrame, counted: pl.DataFrame, cond: Cond) -> pl.DataFrame:
    """What a test says of the count on each day."""
    rows = counted.join(
        asked.select("ask", "grid", "pday", *[c for c in asked.columns if c.startswith("h.")]), on="ask"
    )
    rows = with_params(ctx, rows, params_in(cond), "pday")
    rows = rows.with_columns(**{"f.it.lo": pl.col("low") * 1_000_000, "f.it.hi": pl.col("high") * 1_000_000})
    rows = tests(rows, cond, "_yes")
    state = pl.when(pl.col("_yes").is_null()).then(UNKNOWN).when(pl.col("_yes")).then(GOOD).otherwise(BAD)
    return rows.select("ask", "s", "e", state=state.cast(pl.Int8))


def _staffed(ctx: Context, asked: pl.DataFrame, rule: Charter, roles: list[str]) -> pl.DataFrame:
    """Does anybody hold one of the roles at the holder?"""
    rows = _seated(ctx, rule, asked, tuple(roles)) if roles else _seated(ctx, rule, asked, ()).clear()
    deputies = _seated(ctx, rule, asked, tuple(roles), deputies=True) if roles else rows.clear()
    rows = pl.concat([rows, deputies.select(rows.columns)]).with_columns(certain=pl.lit(True))
    return _tested(ctx, asked, _counts(asked, merged(_spans(rows, pl.col("actor")), ["ask", "key"])), at_least_one())


def _must(
    ctx: Context, rule: Charter, asked: pl.DataFrame, versions: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = versions.join(asked.select("ask", "holder", "pday"), on="holder")
    rows = rows.with_columns(**{"f." + c[2:]: pl.col(c) for c in rows.columns if c.startswith("h.")})
    rows = with_params(ctx, rows, params_in(rule.must), "pday")
    rows = judged(ctx, rows, rule.must, "good")
    state = pl.when(pl.col("good").is_null()).then(UNKNOWN).when(pl.col("good")).then(GOOD).otherwise(BAD)
    unknown = rows.filter(pl.col("good").is_null())
    lacks = with_lacks(unknown, rule.must, sure="good").group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    part = rows.select(
        "ask", s=pl.col("start").fill_null(-FAR), e=pl.col("end").fill_null(FAR), state=state.cast(pl.Int8)
    )
    return part, lacks


def _complete(ctx: Context, rule: Charter, asked: pl.DataFrame) -> list[pl.DataFrame]:
    """Are the five things there (C4)?"""
    parts = []
    roles = ctx.program.domain.roles.values()
    for thing in rule.complete:
        if thing == "person":
            parts.append(_staffed(ctx, asked, rule, [r.name for r in roles]))
        elif thing == "duty":
            parts.append(_staffed(ctx, asked, rule, [r.name for r in roles if r.duties]))
        elif thing in ("task", "reward"):
            covered = _ruled(ctx, rule, asked, thing)
            parts.append(
                asked.filter(~pl.col("holder").is_in(covered)).select("ask", s="a", e="b", state=pl.lit(BAD, pl.Int8))
            )
        else:
            parts.append(asked.filter(pl.col("grid").is_null()).select("ask", s="a", e="b", state=pl.lit(BAD, pl.Int8)))
    return parts


def _ruled(ctx: Context, rule: Charter, asked: pl.DataFrame, thing: str) -> list[str]:
    """The holders that a patrol rule (task), or a scoring or veto rule (reward), selects."""
    found: set[str] = set()
    for other in ctx.program.rules:
        if isinstance(other, Patrol if thing == "task" else Scoring) and other.holders.source == rule.holders.source:
            found |= set(holders(ctx, other.holders).get_column("holder"))
        if thing == "reward" and isinstance(other, Veto):
            if other.strikes == rule.holders.source:
                return asked.get_column("holder").to_list()
            if rule.holders.source == "grid":
                found |= set(ctx.snap.grids.filter(pl.col("level") == other.strikes).get_column("code"))
    return sorted(found)


def _findings(
    ctx: Context,
    rule: Charter,
    asked: pl.DataFrame,
    found: pl.DataFrame,
    counted: pl.DataFrame | None,
    lacks: pl.DataFrame | None,
) -> pl.DataFrame:
    rows = found.join(asked.select("ask", "b", "sure", "lacks", *FINDING_KEYS), on="ask")
    if lacks is not None and not lacks.is_empty():
        rows = rows.join(lacks, on="ask", how="left")
    else:
        rows = rows.with_columns(lacks_=pl.lit([], pl.List(pl.String)))
    last = pl.col("e") == pl.col("b")
    here = last & (pl.col("b") == ctx.today_end)
    if counted is not None:
        rows = rows.join(counted.group_by("ask").agg(pl.col("low").last(), pl.col("high").last()), on="ask", how="left")
    else:
        rows = rows.with_columns(low=pl.lit(None, pl.Int64), high=pl.lit(None, pl.Int64))
    gaps = rows.filter("sure", pl.col("state") == BAD).with_columns(status=pl.lit("gap"), open=here)
    today = rows.filter("sure", here, pl.col("today") == pl.col("state"), pl.col("state") != BAD)
    today = today.with_columns(
        status=pl.when(pl.col("state") == GOOD).then(pl.lit("fixed")).otherwise(pl.lit("undetermined")),
        open=pl.lit(True),
    )
    carried = rows.filter("sure", here, pl.col("state") == BAD, pl.col("today") == UNKNOWN)
    carried = carried.with_columns(status=pl.lit("undetermined"), open=pl.lit(True))
    unsure = rows.filter(~pl.col("sure"), here).with_columns(
        status=pl.lit("undetermined"), lacks_="lacks", open=pl.lit(True)
    )
    out = pl.concat([gaps, today, carried, unsure], how="diagonal_relaxed")
    gap = pl.col("status") == "gap"
    out = out.with_columns(
        begin=start_of(ctx, out.get_column("s")), close=start_of(ctx, out.get_column("e")),
        name=by_value(out.get_column("s"), lambda day: to_date(day).isoformat(), pl.String),
    )  # fmt: skip
    text = rule.be.text if rule.be else ""
    return out.select(
        *FINDING_KEYS, "status", period=pl.when(gap).then("name").otherwise(pl.lit("")), start="begin",
        end=pl.when(gap & ~pl.col("open")).then("close"), at="begin",
        low=pl.when("open").then("low"), high=pl.when("open").then("high"), needed=pl.lit(text),
        days=pl.when(gap).then(pl.col("e") - pl.col("s")).cast(pl.Int32),
        missing=pl.when(pl.col("status") == "undetermined").then(pl.col("lacks_").fill_null([])).otherwise([]),
        detail=pl.lit(as_json()),
    )  # fmt: skip
