"""Charter: are the five things fixed, on every day (semantics C1 to C5)?"""

from __future__ import annotations

import polars as pl

from wuding.assess.frame import as_json, shaped
from wuding.assess.obligations import FINDING_KEYS, holders
from wuding.assess.seats import as_spans, one, seat_extras, seated, staffed, tested
from wuding.assess.spans import BAD, GOOD, UNKNOWN, counts_by_day, merged, spells, verdicts
from wuding.domain.period import to_date
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import FAR, by_value, start_of, valid_days
from wuding.engines.columnar.facts import thing_type
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import holds_on
from wuding.engines.columnar.scope import asked_of
from wuding.engines.columnar.things import judged, with_lacks
from wuding.program.model import Charter, Veto
from wuding.program.parts import rules_asked


def charter(ctx: Context, rule: Charter) -> pl.DataFrame:
    """The findings of a charter rule: spells of gap, and how things stand today."""
    versions = asked_of(ctx.scope, holders(ctx, rule.holders))
    asked = _asked(ctx, rule, versions)
    counted: pl.DataFrame | None = None
    lacks: pl.DataFrame | None = None
    told: pl.DataFrame | None = None
    match rule.kind:
        case "seat" | "have" | "count":
            spans, lacks = _things(ctx, rule, asked)
            counted = counts_by_day(asked, spans.filter("certain"), spans.filter(~pl.col("certain")))
            parts = [tested(ctx, asked, counted, rule.be.cond if rule.be else one(rule.kind == "seat"))]
            if rule.kind == "seat":
                parts += seat_extras(ctx, rule, asked, spans)
        case "must":
            part, lacks = _must(ctx, rule, asked, versions)
            parts = [part]
        case "duties":
            roles = ctx.program.domain.roles.values()
            parts = [staffed(ctx, asked, rule, [r.name for r in roles if duty in r.duties]) for duty in rule.duties]
        case "complete":
            parts = _complete(ctx, rule, asked, versions)
        case "partition":
            from wuding.assess.partition_rule import partition_part

            part, lacks, told = partition_part(ctx, rule, asked)
            parts = [part]
    found = spells(verdicts(asked, parts))
    return shaped(ctx, rule, _placed(versions, _findings(ctx, rule, asked, found, counted, lacks, told)))


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
        pday=pl.lit(ctx.today_end - 1),
    )


def _things(ctx: Context, rule: Charter, asked: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """When the things counted hold for whom (`ask key s e certain`), and what leaves them uncertain."""
    sel = rule.of
    assert sel is not None
    if rule.kind == "seat":
        rows = seated(ctx, rule, asked, sel.names).with_columns(certain=pl.lit(True))
        return merged(as_spans(rows, pl.col("actor")), ["ask", "key"]), asked.select(
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
    # Today's answer alone can be unknown in a finding (C1), so what holds no longer is not named.
    now = (pl.col("s").fill_null(-FAR) < ctx.today_end) & (pl.col("e").fill_null(FAR) >= ctx.today_end)
    doubtful = rows.filter(~pl.col("certain") & now)
    lacks = doubtful.group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    return merged(as_spans(rows, key.cast(pl.String)), ["ask", "key"]), lacks


def _must(
    ctx: Context, rule: Charter, asked: pl.DataFrame, versions: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = versions.join(asked.select("ask", "holder", "pday"), on="holder")
    rows = rows.with_columns(**{"f." + c[2:]: pl.col(c) for c in rows.columns if c.startswith("h.")})
    rows = with_params(ctx, rows, params_in(rule.must), "pday")
    rows = judged(ctx, rows, rule.must, "good")
    state = pl.when(pl.col("good").is_null()).then(UNKNOWN).when(pl.col("good")).then(GOOD).otherwise(BAD)
    unknown = rows.filter(pl.col("good").is_null())
    lacks = (
        with_lacks(unknown, rule.must, sure="good")
        .group_by("ask")
        .agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    )
    part = rows.select(
        "ask", s=pl.col("start").fill_null(-FAR), e=pl.col("end").fill_null(FAR), state=state.cast(pl.Int8)
    )
    return part, lacks


def _complete(ctx: Context, rule: Charter, asked: pl.DataFrame, versions: pl.DataFrame) -> list[pl.DataFrame]:
    """Are the five things there (C4)?"""
    parts = []
    roles = ctx.program.domain.roles.values()
    for thing in rule.complete:
        if thing == "person":
            parts.append(staffed(ctx, asked, rule, [r.name for r in roles]))
        elif thing == "duty":
            parts.append(staffed(ctx, asked, rule, [r.name for r in roles if r.duties]))
        elif thing in ("task", "reward"):
            parts.append(_ruled(ctx, rule, asked, thing))
        else:
            parts.append(in_grids(ctx, asked, versions))
    return parts


def in_grids(ctx: Context, asked: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """On which days the grid exists in which the holder is."""
    grids = ctx.snap.grids.select(grid="code", _s="start", _e="end")
    rows = asked.select("ask", "holder", "a", "b").join(versions.select("holder", "grid", "start", "end"), on="holder")
    rows = rows.join(grids, on="grid")
    spans = rows.select("ask", s=pl.max_horizontal("start", "_s", "a"), e=pl.min_horizontal("end", "_e", "b"))
    days = counts_by_day(asked, spans, spans)
    state = pl.when(pl.col("low") > 0).then(GOOD).otherwise(BAD)
    return days.select("ask", "s", "e", state=state.cast(pl.Int8))


def _ruled(ctx: Context, rule: Charter, asked: pl.DataFrame, thing: str) -> pl.DataFrame:
    """On which days there is a rule for the holder."""
    spans = ruled_spans(ctx, rule, asked, thing)
    days = counts_by_day(asked, spans.filter("certain"), spans)
    state = pl.when(pl.col("low") > 0).then(GOOD).when(pl.col("high") > 0).then(UNKNOWN).otherwise(BAD)
    return days.select("ask", "s", "e", state=state.cast(pl.Int8))


def ruled_spans(ctx: Context, rule: Charter, asked: pl.DataFrame, thing: str) -> pl.DataFrame:
    """The days, among those asked about (`a` to `b`), on which a patrol rule (task), or a scoring or veto rule
    (reward), selects those who are asked (C4): `ask s e certain`."""
    parts = [asked.select("ask", s="a", e="b", certain=pl.lit(True)).clear()]
    for other in rules_asked(ctx.program.rules, rule, thing):
        valid_from, valid_to = valid_days(ctx, other.head.valid_from, other.head.valid_to)
        if not isinstance(other, Veto):
            found = holders(ctx, other.holders).select("holder", "start", "end", certain="sure")
        elif other.strikes == rule.holders.source:
            found = asked.select("holder", start=None, end=None, certain=pl.lit(True))
        else:
            struck = ctx.snap.grids.filter(pl.col("level") == other.strikes)
            found = struck.select("start", "end", holder="code", certain=pl.lit(True))
        first = pl.max_horizontal("a", "start", pl.lit(valid_from))
        last = pl.min_horizontal("b", "end", pl.lit(valid_to))
        rows = asked.select("ask", "holder", "a", "b").join(found, on="holder")
        rows = rows.select("ask", s=first.cast(pl.Int32), e=last.cast(pl.Int32), certain="certain")
        parts.append(rows.filter(pl.col("s") < pl.col("e")))
    return pl.concat(parts)


def _placed(versions: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The findings with grid and subject of the holder as it was on the day of each: at a gap's beginning, else
    today."""
    if not versions.get_column("holder").is_duplicated().any():
        return rows.drop("_day")
    then = versions.select("holder", "start", "end", _grid="grid").unique(["holder", "start", "end"])
    rows = rows.with_row_index("_n")
    there = rows.select("_n", "holder", "_day").join(then, on="holder").filter(holds_on(pl.col("_day")))
    rows = rows.join(there.unique("_n").select("_n", "_grid"), on="_n", how="left", maintain_order="left")
    return rows.with_columns(grid=pl.coalesce("_grid", "grid")).drop("_n", "_grid", "_day")


def _findings(
    ctx: Context,
    rule: Charter,
    asked: pl.DataFrame,
    found: pl.DataFrame,
    counted: pl.DataFrame | None,
    lacks: pl.DataFrame | None,
    told: pl.DataFrame | None,
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
        s="since",
    )
    carried = rows.filter("sure", here, pl.col("state") == BAD, pl.col("today") == UNKNOWN)
    carried = carried.with_columns(status=pl.lit("undetermined"), open=pl.lit(True), s="since")
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
    detail = pl.lit(as_json())
    if told is not None:
        out = out.join(told, on="ask", how="left", maintain_order="left")
        detail = pl.when(gap).then("detail").fill_null(as_json())
    return out.select(
        *FINDING_KEYS, "status", period=pl.when(gap).then("name").otherwise(pl.lit("")), start="begin",
        end=pl.when(gap & ~pl.col("open")).then("close"), at="begin",
        low=pl.when("open").then("low"), high=pl.when("open").then("high"), needed=pl.lit(text),
        days=pl.when(gap).then(pl.col("e") - pl.col("s")).cast(pl.Int32),
        missing=pl.when(pl.col("status") == "undetermined").then(pl.col("lacks_").fill_null([])).otherwise([]),
        detail=detail, _day=pl.when(gap).then("s").otherwise(pl.lit(ctx.today_end - 1)),
    )  # fmt: skip
