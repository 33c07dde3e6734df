"""Targets: a share, a count or a value must reach a threshold by a date, or in every period (T1 to T3)."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from wuding.assess.frame import shaped
from wuding.assess.measures import Lacks, lacking_of, share_of, with_measure
from wuding.assess.obligations import FINDING_KEYS, asked_by_period, holders
from wuding.domain.number import SCALE, rounded, to_scaled
from wuding.domain.period import Every, to_date
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counting import counted, lacking
from wuding.engines.columnar.days import FAR, by_value, start_of, valid_days
from wuding.engines.columnar.exact import intervals, three_valued
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.scope import inside_at
from wuding.program.model import Target, Test


def targets(ctx: Context, rule: Target) -> pl.DataFrame:
    """The findings of a target rule."""
    if rule.every is not None:
        assert rule.reach is not None
        asked = asked_by_period(ctx, rule.head, rule.holders, rule.every).filter("owed")
        parts = [_measured(ctx, rule, asked, rule.reach, rule.every)]
    else:
        parts = _by_date(ctx, rule)
    return shaped(ctx, rule, pl.concat(parts))


def _by_date(ctx: Context, rule: Target) -> list[pl.DataFrame]:
    parts = []
    for day, test in rule.reach_on:
        asked = _asked_on(ctx, rule, day, to_date(day).isoformat())
        parts.append(_measured(ctx, rule, asked, test, None))
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    dates = [(day, test) for day, test in rule.reach_on if valid_from <= day < valid_to]
    passed = [(day, test) for day, test in dates if day < ctx.today_end - 1 or _over(ctx, day)]
    if rule.hold and passed:
        reached = pl.concat(parts).filter(pl.col("status") == "reached").select("holder").unique()
        asked = _asked_on(ctx, rule, ctx.today_end - 1, "hold").join(reached, on="holder", how="semi")
        last, test = passed[-1]  # what it asked then: parameters are those of the date (T2)
        asked = asked.with_columns(
            pday=pl.lit(last, pl.Int32), over=pl.lit(True), finish=pl.lit(ctx.as_of + 1), upto=pl.lit(ctx.as_of + 1)
        )
        parts.append(_measured(ctx, rule, asked, test, None))
    return parts


def _over(ctx: Context, day: int) -> bool:
    from wuding.domain.instants import day_start_us

    return day_start_us(day + 1, ctx.zone) <= ctx.as_of


def _asked_on(ctx: Context, rule: Target, day: int, label: str) -> pl.DataFrame:
    """The holders that exist on a date on which the rule is valid."""
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    rows = _in_scope(ctx, holders(ctx, rule.holders), label)
    here = (pl.col("start").fill_null(-FAR) <= day) & (pl.col("end").fill_null(FAR) > day)
    rows = rows.filter(here & pl.lit(valid_from <= day < valid_to))
    rows = rows.with_columns(label=pl.lit(label), pday=pl.lit(day, pl.Int32), phome=pl.lit(day, pl.Int32))
    end = start_of(ctx, pl.Series([day + 1], dtype=pl.Int32))[0]
    return rows.with_columns(
        begin=pl.lit(None, pl.Int64), finish=pl.lit(end), over=pl.lit(end <= ctx.as_of), upto=pl.lit(end),
        mday=pl.lit(day, pl.Int32),
    ).with_row_index("ask")  # fmt: skip


def _in_scope(ctx: Context, rows: pl.DataFrame, label: str) -> pl.DataFrame:
    """The holders that are asked at the date named `label`."""
    return rows if ctx.scope is None else rows.filter(inside_at(ctx.scope, label))


def _measured(ctx: Context, rule: Target, asked: pl.DataFrame, test: Test, every: Every | None) -> pl.DataFrame:
    lacks: Lacks = []
    kind = rule.holders.source
    if rule.share_of is not None:
        rows = _share(ctx, rule, asked, every, lacks)
    elif rule.count is not None:
        found = match(ctx, rule.count, asked, kind, every, subtree=kind == "grid")
        lacks.append(lacking(found, rule.count))
        numbers = counted(found, rule.count).select(
            "ask", pl.col("low").mul(SCALE).alias("f.it.lo"), pl.col("high").mul(SCALE).alias("f.it.hi")
        )
        rows = asked.join(numbers, on="ask", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("f.it.lo").fill_null(0), pl.col("f.it.hi").fill_null(0))
    else:
        assert rule.value is not None
        rows = asked
        for measure in rule.measures:
            rows = with_measure(ctx, rows, measure, kind, every, lacks, subtree=kind == "grid")
        rows = with_params(ctx, rows, params_in(None, rule.value), "pday")
        rows = intervals(rows, rule.value, "f.it")
        lacks.append(lacking_of(rows, rule.value, "f.it"))
    rows = with_params(ctx, rows, params_in(test.cond), "pday")
    rows = three_valued(rows, test.cond, "_yes")
    return _findings(rule, rows, test, lacks)


def _share(ctx: Context, rule: Target, asked: pl.DataFrame, every: Every | None, lacks: Lacks) -> pl.DataFrame:
    """The share of each moment: counterparts count up to the date, or within the period."""
    assert rule.share_of is not None
    subtree = rule.holders.source == "grid"
    rows = match(ctx, rule.share_of, asked, rule.holders.source, every, subtree=subtree)
    lacks.append(lacking(rows, rule.share_of))
    found, doubts = share_of(ctx, rows, rule.share_of, rule.share_with, rule.share_when, every)
    lacks.append(doubts)
    return asked.join(found.rename({"lo": "f.it.lo", "hi": "f.it.hi"}), on="ask", how="left", maintain_order="left")


def _findings(rule: Target, rows: pl.DataFrame, test: Test, lacks: Lacks) -> pl.DataFrame:
    if lacks:
        named = pl.concat([f.select("ask", "lacks_") for f in lacks]).group_by("ask")
        rows = rows.join(named.agg(pl.col("lacks_").explode().drop_nulls().unique().sort()), on="ask", how="left")
    else:
        rows = rows.with_columns(lacks_=pl.lit([], pl.List(pl.String)))
    rows = _scaled(rows)
    status = (
        pl.when(~pl.col("sure")).then(pl.lit("undetermined")).when(~pl.col("over")).then(pl.lit("on-course"))
        .when(pl.col("_yes").is_null()).then(pl.lit("undetermined"))
        .when("_yes").then(pl.lit("reached")).otherwise(pl.lit("missed"))
    )  # fmt: skip
    rows = rows.with_columns(status=status)
    missing = (
        pl.when(pl.col("status") != "undetermined").then([]).when(~pl.col("sure")).then("lacks")
        .otherwise(pl.col("lacks_").fill_null([]))
    )  # fmt: skip
    return rows.select(
        *FINDING_KEYS,
        "status",
        period="label",
        start="begin",
        end=pl.when(pl.col("begin").is_not_null()).then("finish"),
        at=pl.col("finish") - 1,
        due=pl.when(pl.col("label") != "hold").then("finish"),
        home="phome",
        value_low=pl.when("sure").then("_lo"),
        value_high=pl.when("sure").then("_hi"),
        needed=pl.lit(test.text),
        missing=missing,
    )


def _scaled(rows: pl.DataFrame) -> pl.DataFrame:
    """The measured value as millionths, for people and for other rules."""
    for end, name in (("f.it.lo", "_lo"), ("f.it.hi", "_hi")):
        if rows.schema[end] == pl.String:
            table = {t: to_scaled(rounded(Fraction(t), 6)) for t in rows[end].unique().drop_nulls()}
            rows = rows.with_columns(by_value(rows.get_column(end), table.__getitem__, pl.Int64).alias(name))
        else:
            rows = rows.with_columns(pl.col(end).cast(pl.Int64).alias(name))
    return rows
