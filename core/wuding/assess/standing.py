"""What becomes of a score: veto, rounding, band, rank, reward, in this order (semantics 18 to 20, V3)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import polars as pl

from wuding.assess.frame import as_json
from wuding.domain.number import SCALE, rounded, to_scaled
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import by_value
from wuding.engines.columnar.exact import holds, inputs, over, reads
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import ancestor_at
from wuding.lang.nodes import Field, Term
from wuding.program.model import Scoring, Veto


def vetoed(ctx: Context, rule: Scoring, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `struck`, `pending` (rule ids), and the least `score` and `cap` that stand (V3)."""
    frames = []
    for veto in ctx.program.rules:
        if isinstance(veto, Veto) and rule.head.id in veto.touches and veto.head.id in ctx.findings:
            if veto.head.trial and not rule.head.trial:
                continue
            found = ctx.findings[veto.head.id].filter(pl.col("status").is_in(["struck", "undetermined"]))
            found = found.filter(pl.col("variant") == veto.head.variant)
            frames.append(
                found.select(
                    "holder", pl.col("holder_kind", "status").cast(pl.String), "at", "start", "end",
                    veto=pl.lit(veto.head.id),
                    score=pl.lit(None if veto.score is None else to_scaled(veto.score), pl.Int64),
                    cap=pl.lit(None if veto.cap is None else to_scaled(veto.cap), pl.Int64),
                )
            )  # fmt: skip
    if not frames:
        none = pl.lit([], pl.List(pl.String))
        return rows.with_columns(struck=none, pending=none, score=pl.lit(None, pl.Int64), cap=pl.lit(None, pl.Int64))
    found = pl.concat(frames)
    hit = rows.select("ask", "holder", "holder_kind", "begin", "finish").join(found, on=["holder", "holder_kind"])
    last = pl.col("finish") - 1
    stands = (last >= pl.col("start")) & (pl.col("end").is_null() | (last < pl.col("end")))
    within = (pl.col("at") >= pl.col("begin")) & (pl.col("at") < pl.col("finish"))
    struck = pl.col("status") == "struck"
    effects = hit.filter(stands | within).group_by("ask").agg(
        struck=pl.col("veto").filter(struck).unique().sort(), pending=pl.col("veto").filter(~struck).unique().sort(),
        score=pl.col("score").filter(struck).min(), cap=pl.col("cap").filter(struck).min(),
    )  # fmt: skip
    rows = rows.join(effects, on="ask", how="left", maintain_order="left")
    return rows.with_columns(pl.col("struck").fill_null([]), pl.col("pending").fill_null([]))


def settled(rule: Scoring, rows: pl.DataFrame) -> pl.DataFrame:
    """Applies the vetoes, then rounds once; `f.total.*` are millionths from here on."""
    for end in ("f.total.lo", "f.total.hi"):
        if rows.schema[end] == pl.String:
            table = {
                t: to_scaled(rounded(Fraction(t), rule.places, rule.rounding)) for t in rows[end].unique().drop_nulls()
            }
        else:
            table = {
                v: to_scaled(rounded(Fraction(v, SCALE), rule.places, rule.rounding))
                for v in rows[end].unique().drop_nulls()
            }
        rows = rows.with_columns(by_value(rows.get_column(end), table.__getitem__, pl.Int64).alias(end))
    set_to = [pl.coalesce("score", e).alias(e) for e in ("f.total.lo", "f.total.hi")]
    rows = rows.with_columns(*set_to)
    lower = [
        pl.when(pl.col("cap").is_not_null() & pl.col(e).is_not_null())
        .then(pl.min_horizontal(e, "cap"))
        .otherwise(e)
        .alias(e)
        for e in ("f.total.lo", "f.total.hi")
    ]
    return rows.with_columns(*lower)


def banded(ctx: Context, rule: Scoring, rows: pl.DataFrame) -> pl.DataFrame:
    if not rule.bands:
        return rows.with_columns(pl.lit(None, pl.String).alias("f.band"))
    read: list[Term] = [Field("total", "number")]
    for _, cond in rule.bands:
        read += reads(cond)
        rows = with_params(ctx, rows, params_in(cond), "pday")

    def fn(env: Any) -> tuple[str | None]:
        for name, cond in rule.bands:
            if env["f.total"] is None:
                return (None,)
            fits = holds(cond, env)
            if fits is None:
                return (None,)
            if fits:
                return (name,)
        return (None,)

    return over(rows, inputs(read, rows), fn, {"f.band": pl.String})


def ranked(ctx: Context, rule: Scoring, rows: pl.DataFrame) -> pl.DataFrame:
    if rule.rank_in is None:
        return rows.with_columns(pl.lit(None, pl.Int32).alias("f.rank"))
    if rule.rank_in == "book":
        rows = rows.with_columns(group=pl.lit(""))
    else:
        rows = ancestor_at(ctx, rows, rule.rank_in, "pday", "group")
    point = pl.when(pl.col("f.total.lo") == pl.col("f.total.hi")).then("f.total.lo")
    rows = rows.with_columns(_v=point)
    rank = pl.col("_v").rank("min", descending=rule.rank_order == "desc").over("group", "label").cast(pl.Int32)
    return rows.with_columns(pl.when(pl.col("group").is_not_null()).then(rank).alias("f.rank"))


def rewarded(ctx: Context, rule: Scoring, rows: pl.DataFrame) -> pl.DataFrame:
    """`detail`: what struck, what is pending, which rewards follow."""
    names = {"f.total": "number", "f.band": "enum", "f.rank": "int"} if rule.rewards else {}
    for reward in rule.rewards:
        rows = with_params(ctx, rows, params_in(reward.when), "pday")
        names |= inputs(reads(reward.when), rows)
    some = [pl.when(pl.col(c).list.len() > 0).then(c).alias(f"_{c}") for c in ("struck", "pending")]  # few have any
    rows = rows.with_columns(some).with_columns(pl.col("_struck", "_pending").list.join(","))

    def fn(env: Any) -> tuple[str]:
        given = [
            {"give": dict(r.give), "list": r.list}
            for r in rule.rewards
            if env["f.total"] is not None and holds(r.when, env)
        ]
        split = {
            k: [x for x in (env[c] or "").split(",") if x]
            for k, c in (("struck_by", "_struck"), ("pending", "_pending"))
        }
        return (as_json(rewards=given, **split),)

    # Rewards speak of band and rank, with the total's name for tests on the number itself.
    return over(rows, {**names, "_struck": "text", "_pending": "text"}, fn, {"detail": pl.String})
