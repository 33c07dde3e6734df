"""Findings as a frame: the one schema in which every section answers, and the way to `Finding` records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.domain.finding import Finding
from wuding.domain.number import SCALE
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import day_of
from wuding.program.model import Head, Program, Rule, section_of

FEW = pl.Categorical  # texts of which there are few: a number takes the place of each while rules are assessed
SCHEMA: dict[str, Any] = {
    "rule": FEW, "variant": FEW, "step": FEW, "section": FEW, "status": FEW,
    "trial": pl.Boolean, "holder_kind": FEW, "holder": pl.String,
    "grid": pl.String, "subject": pl.String, "actor": pl.String,
    "period": FEW, "case": pl.String, "episode": pl.Int32,
    "start": pl.Int64, "end": pl.Int64, "at": pl.Int64, "due": pl.Int64, "home": pl.Int32,
    "low": pl.Int64, "high": pl.Int64, "needed": FEW,
    "value_low": pl.Int64, "value_high": pl.Int64, "band": FEW, "rank": pl.Int32, "days": pl.Int32,
    "missing": pl.List(pl.String), "detail": pl.String,
}  # fmt: skip
DEFAULTS: dict[str, Any] = {"step": "", "period": "", "case": "", "episode": 0, "needed": ""}


TEXTS = {name: pl.String for name, dtype in SCHEMA.items() if dtype is FEW}


def empty() -> pl.DataFrame:
    return pl.DataFrame(schema=SCHEMA)


def as_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings as others see them: all texts written out."""
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in TEXTS.items())


def bare(frame: pl.DataFrame) -> pl.DataFrame:
    """Findings as rules see them, of those that others see: without `book` and `id`, of the types of `SCHEMA`."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())


def shaped(ctx: Context, rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column of the schema: what the rule's head says, defaults, the day it falls on."""
    head: Head = rule.head
    fixed = {"rule": head.id, "variant": head.variant, "section": section_of(rule), "trial": head.trial}
    known = frame.columns
    said = {**dict.fromkeys(SCHEMA), **DEFAULTS, "missing": []}
    found = frame.select(
        pl.lit(fixed[n], t).alias(n) if n in fixed
        else pl.col(n).cast(t) if n in known
        else pl.lit(said[n], t).alias(n)
        for n, t in SCHEMA.items()
    )  # fmt: skip
    if found.get_column("home").null_count() == found.height:
        found = found.with_columns(home=day_of(ctx, found, "at"))
    return found


def as_json(**values: object) -> str:
    """The detail of a finding, as text."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=str)


def oldest_names(program: Program) -> dict[str, str]:
    """By rule id, the oldest name of each rule that was renamed: its findings' ids keep it."""
    return {r.head.id: r.head.was[0] for r in program.rules if r.head.was}


def with_ids(
    frame: pl.DataFrame, book: str, names: Mapping[str, str], kinds: Sequence[tuple[str, str, str]] | None = None
) -> pl.DataFrame:
    """The frame with `book` and the readable `id` of each finding (semantics 27); `names`: oldest name of each
    rule; `kinds`: which rules, variants and steps there are, when the caller knows."""
    return frame.select(*_named(frame, book, names, kinds), pl.all())


def named_lazily(
    frame: pl.DataFrame, book: str, names: Mapping[str, str], kinds: Sequence[tuple[str, str, str]] | None = None
) -> pl.LazyFrame:
    """The same, made as far as somebody reads it."""
    return frame.lazy().select(*_named(frame, book, names, kinds), pl.all())


def _named(
    frame: pl.DataFrame, book: str, names: Mapping[str, str], kinds: Sequence[tuple[str, str, str]] | None
) -> list[pl.Expr]:
    if kinds is None:
        kinds = frame.select("rule", "variant", "step").unique().rows()
    prefix = pl.lit("")
    for rule, variant, step in kinds:
        name = names.get(rule, rule) + (f"[{variant}]" if variant else "") + (f".{step}" if step else "")
        here = (pl.col("step") == step) & (pl.col("variant") == variant) & (pl.col("rule") == rule)
        prefix = (
            pl.when(here).then(pl.lit(f"{book}#{name}@")).otherwise(prefix)
            if len(kinds) > 1
            else pl.lit(f"{book}#{name}@")
        )
    again = pl.col("episode") > 1
    about = pl.when(pl.col("case") != "").then("case").otherwise(pl.col("period").cast(pl.String))
    if frame.select(again.any()).item():
        about = pl.when(again).then(pl.col("case") + "~" + pl.col("episode").cast(pl.String)).otherwise(about)
    text = pl.concat_str(prefix, pl.col("holder").fill_null(""), pl.lit("/"), about)
    return [pl.lit(book).alias("book"), text.alias("id")]


def records(frame: pl.DataFrame) -> Iterator[Finding]:
    """The findings of a frame with ids, as records."""
    for row in frame.iter_rows(named=True):
        yield record(row)


def record(row: Mapping[str, Any]) -> Finding:
    """The finding in a row of a frame with ids."""
    detail = json.loads(row["detail"]) if row["detail"] else {}
    if row["days"] is not None:
        detail["days"] = row["days"]
    named = {**row, "rule": oldest_name(row)}
    return Finding(
        **{n: named[n] for n in (
            "book", "rule", "variant", "section", "status", "holder_kind", "holder", "step", "trial", "grid",
            "subject", "actor", "period", "case", "episode", "start", "end", "at", "due", "low", "high", "needed",
            "band", "rank",
        )},
        value_low=_number(row["value_low"]), value_high=_number(row["value_high"]),
        missing=tuple(row["missing"] or ()), detail=detail,
    )  # fmt: skip


def oldest_name(row: Mapping[str, Any]) -> str:
    """The rule's name in the finding's id, which stays when a rule is renamed."""
    name: str = row["id"][len(row["book"]) + 1 :].split("@")[0]
    return name.removesuffix("." + row["step"]).removesuffix("[" + row["variant"] + "]")


def _number(millionths: int | None) -> Fraction | None:
    return None if millionths is None else Fraction(millionths, SCALE)
