"""Scoring: points, categories, vetoes, bands, ranks, rewards (semantics 17 to 20)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl

from wuding.assess.frame import shaped
from wuding.assess.measures import Lacks, lacking_of, points, with_measure
from wuding.assess.obligations import FINDING_KEYS, asked_by_period, holders
from wuding.assess.standing import banded, ranked, rewarded, settled, vetoed
from wuding.domain.number import SCALE, to_scaled
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import by_value, valid_days
from wuding.engines.columnar.exact import inputs, intervals, over, text
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.scope import asked_of
from wuding.lang.nodes import Field
from wuding.program.model import Item, Limits, Scoring

NO_LIMITS = Limits()


def scoring(ctx: Context, rule: Scoring) -> pl.DataFrame:
    """The findings of a scoring rule."""
    asked = asked_for(ctx, rule)
    lacks: Lacks = []
    kind = rule.holders.source
    for measure in rule.measures:
        asked = with_measure(ctx, asked, measure, kind, rule.every, lacks)
    rows, parts = contributions(ctx, rule, asked, lacks)
    rows = _total(ctx, rule, rows, parts, lacks)
    rows = vetoed(ctx, rule, rows)
    rows = settled(rule, rows)
    # Who may or may not be asked has no score, whatever struck it, and so no band, rank or reward (8a).
    known = ("f.total.lo", "f.total.hi", "struck", "pending")
    rows = rows.with_columns(pl.when("sure").then(c).alias(c) for c in known)
    rows = banded(ctx, rule, rows)
    rows = ranked(ctx, rule, rows)
    rows = rewarded(ctx, rule, rows)
    return shaped(ctx, rule, _findings(rule, rows, lacks))


def asked_for(ctx: Context, rule: Scoring) -> pl.DataFrame:
    """Who is scored, and for which periods."""
    if rule.every is not None:
        return asked_by_period(ctx, rule.head, rule.holders, rule.every).filter("owed")
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    rows = asked_of(ctx.scope, holders(ctx, rule.holders)).filter(
        pl.col("start").is_between(valid_from, valid_to, closed="left")
    )
    begin = pl.col("at") if "at" in rows.columns else pl.lit(None, pl.Int64)
    return rows.with_columns(
        label=pl.lit(""), pday="start", mday="start", begin=begin, finish=begin + 1, over=pl.lit(True), phome="start",
    ).with_row_index("ask")  # fmt: skip


# ── items and categories ─────────────────────────────────────────────────────────────────────────
def contributions(ctx: Context, rule: Scoring, rows: pl.DataFrame, lacks: Lacks) -> tuple[pl.DataFrame, list[str]]:
    """The rows with a pair of columns for each item and category, their names, limits of the items applied."""
    parts: list[str] = []
    for n, item in enumerate(rule.items):
        if item.each is None:
            name = f"i{n}|{item.category or ''}"
            rows = with_params(ctx, rows, params_in(None, item.points, item.if_none), "pday")
            rows = _expression(rows, item)
            lacks.append(lacking_of(rows, item.points, "_v"))
            rows = _exact_or_scaled(rows, "_v", name)
            found = [name]
        else:
            per_category = points(ctx, rows, item, rule.holders.source, rule.every, lacks)
            categories = per_category.get_column("cat").unique().drop_nulls().sort().to_list()
            found = []
            for category in categories or [item.category or ""]:
                name = f"i{n}|{category}"
                some = per_category.filter(pl.col("cat") == category).select(
                    "ask", pl.col("lo").alias(f"{name}.lo"), pl.col("hi").alias(f"{name}.hi"), _has=pl.lit(True)
                )
                zero = "0/1" if some.schema[f"{name}.lo"] == pl.String else 0
                rows = rows.join(some, on="ask", how="left", maintain_order="left").with_columns(
                    pl.when(pl.col("_has").is_null()).then(pl.lit(zero)).otherwise(pl.col(f"{name}.{e}")).alias(f"{name}.{e}")
                    for e in ("lo", "hi")
                ).drop("_has")  # fmt: skip
                found.append(name)
        if item.limit is not None:
            rows = _clamped(rows, found, item.limit)
        parts += found
    return rows, parts


def _expression(rows: pl.DataFrame, item: Item) -> pl.DataFrame:
    rows = intervals(rows, item.points, "_v")
    if item.if_none is None:
        return rows
    rows = intervals(rows, item.if_none, "_n")
    return rows.with_columns(
        pl.coalesce("_v.lo", "_n.lo").alias("_v.lo"), pl.coalesce("_v.hi", "_n.hi").alias("_v.hi")
    ).drop("_n.lo", "_n.hi")


def _exact_or_scaled(rows: pl.DataFrame, source: str, name: str) -> pl.DataFrame:
    """Turns text numbers into millionths when all of them are exact so."""
    texts = pl.concat([rows[f"{source}.lo"], rows[f"{source}.hi"]]).unique().drop_nulls()
    exact = {t: Fraction(t) for t in texts}
    if all((v * SCALE).denominator == 1 for v in exact.values()):
        table = {t: int(v * SCALE) for t, v in exact.items()}
        for e in ("lo", "hi"):
            scaled = by_value(rows.get_column(f"{source}.{e}"), table.__getitem__, pl.Int64)
            rows = rows.with_columns(scaled.alias(f"{source}.{e}"))
    return rows.rename({f"{source}.{e}": f"{name}.{e}" for e in ("lo", "hi")})


def _clamped(rows: pl.DataFrame, names: list[str], limit: Limits) -> pl.DataFrame:
    """Clamps the one column pair (an item with a category per thing keeps its parts, each clamped)."""
    for name in names:
        rows = _clamp(rows, name, limit)
    return rows


def _clamp(rows: pl.DataFrame, name: str, limit: Limits) -> pl.DataFrame:
    if limit.low is None and limit.high is None:
        return rows
    ends = [f"{name}.lo", f"{name}.hi"]
    if rows.schema[ends[0]] == pl.Int64:
        low = None if limit.low is None else to_scaled(limit.low)
        high = None if limit.high is None else to_scaled(limit.high)
        return rows.with_columns(pl.col(e).clip(low, high) for e in ends)
    field = Field(name, "number")

    def fn(env: Any) -> tuple[Any, ...]:
        value = env[f"f.{name}"]
        return (None, None) if value is None else tuple(text(bounded(v, limit)) for v in value)

    renamed = rows.rename({e: f"f.{e}" for e in ends})
    out = over(renamed, inputs([field], renamed), fn, {f"{e}_": pl.String for e in ends})
    return out.drop(f"f.{e}" for e in ends).rename({f"{e}_": e for e in ends})


def bounded(value: Fraction, limit: Limits) -> Fraction:
    """The value, kept within limits."""
    if limit.low is not None:
        value = max(value, limit.low)
    return value if limit.high is None else min(value, limit.high)


def _total(ctx: Context, rule: Scoring, rows: pl.DataFrame, parts: list[str], lacks: Lacks) -> pl.DataFrame:
    """`f.total.lo`, `f.total.hi`: start and categories, clamped, added, clamped to the range."""
    groups: dict[str, list[str]] = {}
    for part in parts:
        groups.setdefault(part.partition("|")[2], []).append(part)
    rows = with_params(ctx, rows, params_in(None, rule.start), "pday")
    rows = intervals(rows, rule.start, "_s")
    lacks.append(lacking_of(rows, rule.start, "_s"))
    rows = _exact_or_scaled(rows, "_s", "start")
    names = ["start"]
    for category, members in groups.items():
        rows = _added(rows, members, f"c|{category}")
        rows = _clamp(rows, f"c|{category}", rule.categories.get(category, NO_LIMITS))
        names.append(f"c|{category}")
    rows = _added(rows, names, "f.total")
    renames = {
        f"c|{c}.{e}": f"f.{c}.{e}" for c in groups if c and f"f.{c}.lo" not in rows.columns for e in ("lo", "hi")
    }
    rows = _clamp(rows.rename(renames), "f.total", rule.range)
    return _missing_categories(rule, rows, groups)


def _missing_categories(rule: Scoring, rows: pl.DataFrame, groups: dict[str, list[str]]) -> pl.DataFrame:
    """A category that no thing fell into counts as zero in the bands' conditions."""
    absent = [c for c in rule.categories if c not in groups and f"f.{c}.lo" not in rows.columns]
    return rows.with_columns(pl.lit(0, pl.Int64).alias(f"f.{c}.{e}") for c in absent for e in ("lo", "hi"))


def _added(rows: pl.DataFrame, names: list[str], into: str) -> pl.DataFrame:
    """The sum of column pairs; unknown when one of them is."""
    if all(rows.schema[f"{n}.lo"] == pl.Int64 for n in names):
        return rows.with_columns(
            pl.sum_horizontal([f"{n}.{e}" for n in names], ignore_nulls=False).alias(f"{into}.{e}")
            for e in ("lo", "hi")
        )
    table = {f"f.{n}.{e}": f"{n}.{e}" for n in names for e in ("lo", "hi")}
    renamed = rows.with_columns(pl.col(old).alias(new) for new, old in table.items())

    def fn(env: Any) -> tuple[Any, ...]:
        values = [env[f"f.{n}"] for n in names]
        if any(v is None for v in values):
            return None, None
        return text(sum((v[0] for v in values), Fraction(0))), text(sum((v[1] for v in values), Fraction(0)))

    out = over(renamed, inputs([Field(n, "number") for n in names], renamed), fn, {"_lo": pl.String, "_hi": pl.String})
    keep = [new for new in table if new not in rows.columns]
    return out.drop(keep).rename({"_lo": f"{into}.lo", "_hi": f"{into}.hi"})


def _findings(rule: Scoring, rows: pl.DataFrame, lacks: Lacks) -> pl.DataFrame:
    named = pl.concat([f.select("ask", "lacks_") for f in lacks], how="vertical_relaxed") if lacks else None
    if named is not None:
        named = named.group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
        rows = rows.join(named, on="ask", how="left", maintain_order="left")
    else:
        rows = rows.with_columns(lacks_=pl.lit([], pl.List(pl.String)))
    low, high = pl.col("f.total.lo"), pl.col("f.total.hi")
    status = (
        pl.when(~pl.col("sure") | low.is_null())
        .then(pl.lit("undetermined"))
        .when(low != high)
        .then(pl.lit("provisional"))
        .when(~pl.col("over"))
        .then(pl.lit("running"))
        .otherwise(pl.lit("scored"))
    )
    rows = rows.with_columns(status=status)
    missing = (
        pl.when(~pl.col("sure")).then("lacks").when(pl.col("status").is_in(["undetermined", "provisional"]))
        .then(pl.col("lacks_").fill_null([])).otherwise([])
    )  # fmt: skip
    # A scored fact has a moment, no span.
    begin, finish = ("begin", "finish") if rule.every is not None else (pl.lit(None), pl.lit(None))
    return rows.select(
        *FINDING_KEYS,
        "status",
        "detail",
        period="label",
        start=begin,
        end=finish,
        due=finish,
        at=pl.col("finish") - 1,
        home="phome",
        value_low="f.total.lo",
        value_high="f.total.hi",
        band="f.band",
        rank="f.rank",
        missing=missing,
    )
