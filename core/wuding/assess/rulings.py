"""Rulings: waivers and appeals, applied to a rule's findings before any other rule reads them (semantics 23)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from wuding.assess.frame import with_ids
from wuding.domain.finding import BREACHES
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import start_of
from wuding.engines.columnar.facts import facts_of
from wuding.program.added import Added
from wuding.program.model import Rule


def breaches_of(rule: Rule) -> frozenset[str]:
    """The statuses of a rule's findings that a ruling can lift."""
    return rule.section.breaches if isinstance(rule, Added) else BREACHES


def ruled(
    ctx: Context, frame: pl.DataFrame, names: Mapping[str, str], breaches: frozenset[str] = BREACHES
) -> pl.DataFrame:
    """The findings with breaches `waived` or `overturned` where a waiver or an upheld appeal says so."""
    waivers, appeals = facts_of(ctx, "waiver"), facts_of(ctx, "appeal").filter(pl.col("f.upheld").fill_null(False))
    if waivers.is_empty() and appeals.is_empty():
        return frame
    frame = frame.rechunk().with_row_index("_row")  # Polars 2.1 fails at `format` where columns are cut differently
    breach = pl.col("status").is_in(sorted(breaches))
    liftable = frame.filter(breach)  # of what is waived, too, an appeal can be upheld
    if liftable.is_empty():  # Polars, too, fails to join texts where there are none
        return frame.drop("_row")
    if not waivers.is_empty():
        waivers = waivers.select(
            "recorded", wrule="f.rule", wholder="f.holder", since=start_of(ctx, waivers["f.from"]),
            until=start_of(ctx, waivers["f.to"] + 1), back=pl.col("f.retroactive").fill_null(False),
        )  # fmt: skip
        hits = frame.filter(breach).select("_row", "holder", "at", own=called(names)).explode("own").join(
            waivers, left_on=["own", "holder"], right_on=["wrule", "wholder"]
        )  # fmt: skip
        inside = (pl.col("at") >= pl.col("since")) & (pl.col("until").is_null() | (pl.col("at") < pl.col("until")))
        hits = hits.filter(inside & (pl.col("back") | (pl.col("recorded") <= pl.col("at"))))
        frame = _marked(frame, hits, "waived")
    if not appeals.is_empty():
        ids = with_ids(frame.drop("_row"), ctx.program.book, names).get_column("id")
        hits = frame.with_columns(id=ids).join(liftable.select("_row"), on="_row", how="semi")
        hits = hits.join(appeals, left_on="id", right_on="f.finding", how="semi")
        frame = _marked(frame, hits, "overturned")
    return frame.drop("_row")


def called(names: Mapping[str, str]) -> pl.Expr:
    """All that a waiver may call the rule of a finding: by its present name or its oldest, whole, or one variant, or
    one step of it."""
    rule = pl.col("rule").cast(pl.String)
    oldest = rule.replace(dict(names)) if names else rule
    variant = pl.when(pl.col("variant") != "").then(pl.format("[{}]", "variant")).otherwise(pl.lit(""))
    step = pl.when(pl.col("step") != "").then(pl.format(".{}", "step")).otherwise(pl.lit(""))
    parts = (pl.lit(""), variant, step, variant + step)
    return pl.concat_list([pl.concat_str(name, part) for name in (rule, oldest) for part in parts])


def _marked(frame: pl.DataFrame, hits: pl.DataFrame, status: str) -> pl.DataFrame:
    mark = hits.select("_row").unique().with_columns(_new=pl.lit(status))
    frame = frame.join(mark, on="_row", how="left", maintain_order="left")
    return frame.with_columns(
        status=pl.coalesce("_new", pl.col("status").cast(pl.String)).cast(frame.schema["status"])
    ).drop("_new")
