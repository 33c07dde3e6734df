"""Patrol: something must be done at least so often, or each fact must satisfy a condition (P1, P2, semantics 8, 16)."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from wuding.assess.frame import shaped
from wuding.assess.obligations import FINDING_KEYS, asked_by_period, holders
from wuding.domain.period import to_date
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counting import tally
from wuding.engines.columnar.days import FAR, by_value, due_after, start_of, valid_days
from wuding.engines.columnar.exact import intervals
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.scope import asked_of
from wuding.engines.columnar.things import judged, with_lacks
from wuding.lang.nodes import Lit
from wuding.program.model import Patrol

ONE = Lit(Fraction(1), "int")


def patrol(ctx: Context, rule: Patrol) -> pl.DataFrame:
    """The findings of a patrol rule."""
    if rule.must is not None:
        return shaped(ctx, rule, _must(ctx, rule))
    if rule.apart is not None:
        return shaped(ctx, rule, _apart(ctx, rule))
    return shaped(ctx, rule, _periodic(ctx, rule))


def _periodic(ctx: Context, rule: Patrol) -> pl.DataFrame:
    assert rule.do is not None and rule.every is not None
    asked = asked_by_period(ctx, rule.head, rule.holders, rule.every, rule.during, rule.excluded, rule.partial)
    times = rule.times or ONE
    asked = with_params(ctx, asked, params_in(None, times), "pday")
    rows = tally(ctx, rule.do, asked, rule.holders.source, rule.every)
    if times == ONE:
        need, known = pl.lit(1, pl.Int64), pl.lit(True)
    else:
        rows = intervals(rows, times, "_times")
        whole = pl.col("_times.lo").str.split("/")
        need = (whole.list.get(0).cast(pl.Int64) + whole.list.get(1).cast(pl.Int64) - 1) // whole.list.get(1).cast(
            pl.Int64
        )
        known = need.is_not_null()
    status = (
        pl.when(~pl.col("sure")).then(pl.lit("undetermined"))  # 8a: in place of any other
        .when(~pl.col("owed")).then(pl.lit("skipped"))
        .when(~known).then(pl.lit("undetermined"))
        .when(pl.col("low") >= need).then(pl.lit("met"))
        .when((pl.col("high") < need) & pl.col("over")).then(pl.lit("missed"))
        .when(pl.col("high") < need).then(pl.lit("due"))
        .otherwise(pl.lit("undetermined"))
    )  # fmt: skip
    rows = rows.with_columns(status=status, needed=need.cast(pl.String))
    listed = (pl.col("status") != "skipped") & pl.col("sure")
    named = pl.when(pl.col("status") != "undetermined").then([]).when(~pl.col("sure")).then("lacks")
    missing = named.when(~known).then(pl.lit(["times"])).otherwise(pl.col("lacks_").fill_null([]))
    return rows.select(
        *FINDING_KEYS,
        "status",
        "needed",
        low=pl.when(listed).then("low"),
        high=pl.when(listed).then("high"),
        period="label",
        start="begin",
        end="finish",
        due="finish",
        at=pl.col("finish") - 1,
        home="phome",
        missing=missing,
    )


def _must(ctx: Context, rule: Patrol) -> pl.DataFrame:
    """One finding per fact: does it satisfy the condition?"""
    rows = asked_of(ctx.scope, holders(ctx, rule.holders))
    asked = rows.with_columns(**{"f." + c[2:]: pl.col(c) for c in rows.columns if c.startswith("h.")})
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    asked = asked.filter(pl.col("start").is_between(valid_from, valid_to, closed="left")).with_columns(
        pday="start", home="start"
    )
    assert rule.must is not None
    asked = with_params(ctx, asked, params_in(rule.must), "pday")
    asked = judged(ctx, asked.with_columns(recorded=pl.lit(None, pl.Int64)), rule.must, "good")
    status = (
        pl.when(~pl.col("sure")).then(pl.lit("undetermined")).when(pl.col("good")).then(pl.lit("met"))
        .when(~pl.col("good")).then(pl.lit("missed")).otherwise(pl.lit("undetermined"))
    )  # fmt: skip
    asked = with_lacks(asked.with_columns(known=pl.col("good").is_not_null()), rule.must, sure="known")
    missing = pl.when(~pl.col("sure")).then("lacks").otherwise("lacks_")
    return asked.select(*FINDING_KEYS, "at", "home", status=status, missing=missing)


def _apart(ctx: Context, rule: Patrol) -> pl.DataFrame:
    """Stretches between one fact and the next (P1), in days: the limit depends on the day alone."""
    assert rule.do is not None and rule.apart is not None
    versions = asked_of(ctx.scope, holders(ctx, rule.holders)).with_columns(
        start=pl.col("start").fill_null(-FAR), end=pl.col("end").fill_null(FAR)
    )
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    low = max(valid_from, ctx.snap.window_from)
    asked = (
        versions.filter((pl.col("end") > low) & (pl.col("start") < valid_to))  # what is over is asked nothing (8a)
        .sort("start")
        .group_by("holder", maintain_order=True)
        .agg(pl.all().exclude("start", "end", "holder").first(), pl.col("start").min(), pl.col("end").max())
        .with_columns(start=pl.max_horizontal("start", pl.lit(low)), end=pl.min_horizontal("end", pl.lit(valid_to)))
        .filter((pl.col("start") < pl.col("end")) & (pl.col("start") < ctx.today_end))
        .with_row_index("ask")
    )
    rows = with_lacks(match(ctx, rule.do, asked, rule.holders.source), rule.do.when, rule.do.by)
    rows = rows.select("ask", "at", "home", "certain", "lacks_")
    rows = rows.join(asked.select("ask", _s="start", _e="end"), on="ask").filter(
        (pl.col("home") >= pl.col("_s")) & (pl.col("home") < pl.col("_e"))
    )
    days = rows.filter("certain").group_by("ask", "home").agg(first=pl.col("at").min(), last=pl.col("at").max())
    begun = asked.select("ask", home="start").with_columns(begin=start_of(ctx, asked.get_column("start")))
    stretch = begun.join(days, on=["ask", "home"], how="full", coalesce=True).sort("ask", "home")
    stretch = stretch.with_columns(anchor=pl.coalesce("last", "begin"), next=pl.col("first").shift(-1).over("ask"))
    stretch = stretch.with_columns(limit=due_after(ctx, stretch, "anchor", rule.apart))
    unsure = (
        stretch.select("ask", "home", "limit").join(rows.filter(~pl.col("certain")), on="ask", suffix=".p")
        .filter((pl.col("home.p") > pl.col("home")) & (pl.col("at") <= pl.col("limit")))
        .group_by("ask", "home").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    )  # fmt: skip
    out = stretch.join(unsure, on=["ask", "home"], how="left").join(asked, on="ask")
    closing = start_of(ctx, out.get_column("end").clip(upper_bound=ctx.today_end + 1))
    out = out.with_columns(ceased=closing, gone=pl.col("end") < ctx.today_end)
    ended = (pl.col("next") <= pl.col("limit")).fill_null(False)
    status = (
        pl.when(~pl.col("sure")).then(pl.lit("undetermined")).when(ended).then(pl.lit("met"))
        .when(pl.col("gone") & (pl.col("ceased") < pl.col("limit"))).then(pl.lit("skipped"))
        .when(pl.col("lacks_").is_not_null()).then(pl.lit("undetermined"))
        .when(pl.col("limit") < ctx.as_of).then(pl.lit("missed")).otherwise(pl.lit("due"))
    )  # fmt: skip
    labels = by_value(out.get_column("home"), lambda day: to_date(day).isoformat(), pl.String)
    out = out.with_columns(status=status, period=labels)
    missing = (
        pl.when(~pl.col("sure")).then("lacks").when(pl.col("status") == "undetermined").then("lacks_").otherwise([])
    )
    at = pl.when(pl.col("status") == "met").then("next").otherwise(pl.col("limit"))
    out = out.with_columns(at=at, missing=missing, start="anchor", due="limit", end=at)
    # 8a: in place of all stretches of a holder that may be none, one finding of no length.
    out = out.with_columns(first=(pl.col("home") == pl.col("home").min()).over("ask"))
    none = ~pl.col("sure")
    out = out.filter(pl.col("sure") | pl.col("first")).with_columns(
        at=pl.when(none).then("begin").otherwise("at"), start=pl.when(none).then("begin").otherwise("start"),
        end=pl.when("sure").then("at"), due=pl.when("sure").then("due"),
    )  # fmt: skip
    return out.select(*FINDING_KEYS, "status", "period", "at", "due", "missing", "start", "end")
