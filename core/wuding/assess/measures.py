"""Measures and points: numbers over the things that count, as exact intervals (semantics 16c, 16d, 20a).

A measure `m` becomes the columns `f.m.lo` and `f.m.hi`: millionths (Int64) where that is exact, text `n/d` elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from wuding.domain.number import INT64_MAX, SCALE
from wuding.domain.period import Every, period_of
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counterparts import correlated
from wuding.engines.columnar.counting import counted, counts, lacking
from wuding.engines.columnar.days import by_value
from wuding.engines.columnar.exact import intervals
from wuding.engines.columnar.match import match
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.things import judged, with_lacks
from wuding.errors import WudingError
from wuding.lang.nodes import Cmp, Cond, Lit, Term
from wuding.program.model import Item, Measure, Selector

Lacks = list[pl.DataFrame]


def with_measure(
    ctx: Context,
    asked: pl.DataFrame,
    measure: Measure,
    kind: str,
    every: Every | None,
    lacks: Lacks,
    subtree: bool = False,
) -> pl.DataFrame:
    """The asked with the columns of one measure."""
    name = f"f.{measure.name}"
    if measure.fn == "expr":
        assert measure.expr is not None
        asked = with_params(ctx, asked, params_in(None, measure.expr), "pday")
        return intervals(asked, measure.expr, name)
    assert measure.of is not None
    about = _previous(asked, every) if measure.period == "previous" and every else asked
    if measure.fn == "count" and not measure.last_per and not subtree and about is asked:
        found = counts(ctx, measure.of, asked, kind, every)
        return _with_count(asked, name, found, lacks)
    rows = match(ctx, measure.of, about, kind, every, subtree)
    if measure.last_per:
        rows = _latest(rows, measure.last_per)
    lacks.append(lacking(rows, measure.of))
    if measure.last_per:
        rows = rows.with_columns(ok=pl.when("last").then("ok")).with_columns(certain=pl.col("ok").fill_null(False))
    if measure.field is not None and f"f.{measure.field}" in rows.columns:
        without = rows.filter(pl.col(f"f.{measure.field}").is_null()).select("ask").unique()
        lacks.append(without.with_columns(lacks_=pl.lit([measure.field])))
    if measure.fn == "count":
        return _with_count(asked, name, counted(rows, measure.of), [])
    if measure.fn == "share":
        found, doubts = share_of(ctx, rows, measure.of, measure.share_with, measure.share_when, every)
        lacks.append(doubts)
        found = found.rename({"lo": f"{name}.lo", "hi": f"{name}.hi"})
        return asked.join(found, on="ask", how="left", maintain_order="left")
    assert measure.field is not None
    found = _folded(ctx, rows, measure)
    found = found.rename({"lo": f"{name}.lo", "hi": f"{name}.hi"})
    joined = asked.join(found.with_columns(_has=pl.lit(True)), on="ask", how="left", maintain_order="left")
    if measure.fn == "sum":
        nothing = pl.col("_has").is_null()
        joined = joined.with_columns(
            pl.when(nothing).then(pl.lit(0, pl.Int64)).otherwise(pl.col(f"{name}.{e}")).alias(f"{name}.{e}")
            for e in ("lo", "hi")
        )
    return joined.drop("_has")


def _with_count(asked: pl.DataFrame, name: str, found: pl.DataFrame, lacks: Lacks) -> pl.DataFrame:
    lacks.append(doubts_of(found))
    found = found.select(
        "ask", (pl.col("low") * SCALE).alias(f"{name}.lo"), (pl.col("high") * SCALE).alias(f"{name}.hi")
    )
    rows = asked.join(found, on="ask", how="left", maintain_order="left")
    return rows.with_columns(pl.col(f"{name}.lo", f"{name}.hi").fill_null(0))


def doubts_of(found: pl.DataFrame) -> pl.DataFrame:
    """Of what was counted, the fields that leave it uncertain: `ask lacks_`."""
    return found.filter(pl.col("lacks_").is_not_null()).select("ask", "lacks_")


def _latest(rows: pl.DataFrame, fields: Sequence[str]) -> pl.DataFrame:
    """The things of which no certain one comes later with the same values of the fields; `last`: none at all does. A
    possible one may hide those before it or not (16d)."""
    keys = ["ask", *[f"f.{k}" if f"f.{k}" in rows.columns else k for k in fields]]
    rows = rows.sort([c for c in ("at", "seq") if c in rows.columns])
    certain = pl.col("certain").cast(pl.Int32)
    later = certain.cum_sum(reverse=True).over(keys) - certain
    return rows.with_columns(last=pl.int_range(pl.len()).over(keys) == pl.len().over(keys) - 1).filter(later == 0)


def _previous(asked: pl.DataFrame, every: Every) -> pl.DataFrame:
    """The same askers, asked of the period before."""
    first = by_value(asked.get_column("pstart"), lambda day: period_of(day - 1, every).start, pl.Int32)
    return asked.with_columns(mday=pl.col("pstart") - 1, pstart=first, finish="begin")


def _folded(ctx: Context, rows: pl.DataFrame, measure: Measure) -> pl.DataFrame:
    """sum, avg, min, max of a field: `ask lo hi`."""
    column = f"f.{measure.field}"
    whole = field_is_whole(ctx, measure)
    value = pl.col(column).cast(pl.Int128) * (SCALE if whole else 1)
    sure = pl.col("certain")
    grouped = rows.group_by("ask").agg(
        lacks=pl.col(column).is_null().any(), unsure=(~sure).any(), n=pl.len(),
        total=value.filter(sure).sum(), least=value.min(), most=value.max(),
        down=value.filter(~sure & (pl.col(column) < 0)).sum(), up=value.filter(~sure & (pl.col(column) > 0)).sum(),
    )  # fmt: skip
    if measure.fn == "sum":
        low, high = pl.col("total") + pl.col("down"), pl.col("total") + pl.col("up")
        checked = grouped.select("ask", "lacks", lo=low, hi=high)
        _no_overflow(checked, measure.name)
        return checked.select(
            "ask", *[pl.when(~pl.col("lacks")).then(pl.col(e)).cast(pl.Int64).alias(e) for e in ("lo", "hi")]
        )
    known = ~pl.col("lacks") & ~pl.col("unsure")
    if measure.fn == "avg":
        text = pl.col("total").cast(pl.String) + "/" + (pl.col("n").cast(pl.Int64) * SCALE).cast(pl.String)
        return grouped.select("ask", lo=pl.when(known).then(text), hi=pl.when(known).then(text))
    end = pl.col("least" if measure.fn == "min" else "most").cast(pl.Int64)
    return grouped.select("ask", lo=pl.when(known).then(end), hi=pl.when(known).then(end))


def lacking_of(rows: pl.DataFrame, term: Term, name: str) -> pl.DataFrame:
    """The fields whose absence leaves the term, in columns of this name, without a value: `ask lacks_`."""
    unknown = rows.filter(pl.col(f"{name}.lo").is_null()).with_columns(known=pl.lit(False))
    named = with_lacks(unknown, Cmp("=", term, term), sure="known")
    return named.group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())


def _no_overflow(frame: pl.DataFrame, name: str) -> None:
    if frame.select(pl.max_horizontal(pl.col("lo").abs().max(), pl.col("hi").abs().max()) > INT64_MAX).item():
        raise WudingError("WD801", name=name)


def field_is_whole(ctx: Context, measure: Measure) -> bool:
    """Is the field kept as whole numbers (else as millionths)?"""
    sel, field = measure.of, measure.field
    assert sel is not None and field is not None
    if sel.source == "finding":
        return field not in ("score", "value")
    table = ctx.program.domain.facts if sel.source == "fact" else ctx.program.domain.subjects
    return all(table[n].fields[field].type == "int" for n in sel.names if field in table[n].fields)


def share_of(
    ctx: Context, rows: pl.DataFrame, of: Selector, having: Selector | None, when: Cond | None, every: Every | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The share of the rows that also meet a condition or have a counterpart in the same period, `ask lo hi` (16c),
    and the fields whose absence leaves the condition unknown, `ask lacks_`."""
    rows = rows.rename({"ok": "in"}).with_columns(ok=pl.lit(True))
    doubts = pl.DataFrame(schema={"ask": rows.schema["ask"], "lacks_": pl.List(pl.String)})
    if when is not None:
        rows = with_params(ctx, rows, params_in(when), "pday")
        rows = judged(ctx, rows, when)
        unsure = with_lacks(
            rows.with_columns(known=pl.col("ok").is_not_null()).filter(~pl.col("known")), when, sure="known"
        )
        doubts = unsure.group_by("ask").agg(pl.col("lacks_").explode().drop_nulls().unique().sort())
    if having is not None:
        rows = correlated(ctx, rows, of, having, wanted=True, every=every, bounded=True)
    inside, meets = pl.col("in").fill_null(False), pl.col("ok").fill_null(False)
    perhaps = pl.col("ok").fill_null(True)
    found = rows.group_by("ask").agg(
        a=(inside & meets).sum().cast(pl.Int64), b=(~meets).sum().cast(pl.Int64),
        c=perhaps.sum().cast(pl.Int64), d=(inside & ~perhaps).sum().cast(pl.Int64),
        some=inside.any(),
    )  # fmt: skip
    low = pl.when("some").then(pl.format("{}/{}", "a", pl.col("a") + pl.col("b")))
    high = pl.when("some").then(pl.format("{}/{}", "c", pl.col("c") + pl.col("d")))
    return found.with_columns(lo=low, hi=high).select("ask", "lo", "hi"), doubts


# ── points ───────────────────────────────────────────────────────────────────────────────────────
def points(ctx: Context, asked: pl.DataFrame, item: Item, kind: str, every: Every | None, lacks: Lacks) -> pl.DataFrame:
    """The points of an item with `each`: `ask cat lo hi`, scaled or text; lo and hi null where unknown (20a)."""
    assert item.each is not None
    if isinstance(item.points, Lit) and not item.category_field and item.each.distinct is None:
        value = item.points.value
        if isinstance(value, Fraction) and (value * SCALE).denominator == 1:
            return _alike(counts(ctx, item.each, asked, kind, every), item, int(value * SCALE), lacks)
    rows = match(ctx, item.each, asked, kind, every)
    lacks.append(lacking(rows, item.each))
    rows = with_params(ctx, rows, params_in(None, item.points), "pday")
    rows = intervals(rows, item.points, "_pt")
    lacks.append(lacking_of(rows, item.points, "_pt"))
    cat = pl.col(f"f.{item.category}") if item.category_field else pl.lit(item.category or "")
    rows = rows.with_columns(cat=cat.cast(pl.String))
    if item.category_field:  # points that belong to no known category are unknown
        lost = rows.filter(pl.col("cat").is_null()).select("ask").unique()
        lacks.append(lost.with_columns(lacks_=pl.lit([item.category], pl.List(pl.String))))
        nowhere = pl.col("cat").is_null()
        rows = rows.with_columns(pl.when(~nowhere).then(e).alias(e) for e in ("_pt.lo", "_pt.hi"))
        rows = rows.with_columns(cat=pl.col("cat").fill_null(""))
    values = [Fraction(v) for v in pl.concat([rows["_pt.lo"], rows["_pt.hi"]]).unique().drop_nulls()]
    common = math.lcm(SCALE, *[v.denominator for v in values])
    table = {f"{v.numerator}/{v.denominator}": int(v * common) for v in values}
    if max((abs(v) for v in table.values()), default=0) > INT64_MAX:
        raise WudingError("WD801", name=item.id)
    known = {
        e: by_value(rows.get_column(f"_pt.{e}"), table.__getitem__, pl.Int64).cast(pl.Int128) for e in ("lo", "hi")
    }
    rows = rows.with_columns(lo_=known["lo"], hi_=known["hi"])
    sure = pl.col("certain")
    found = rows.group_by("ask", "cat").agg(
        lo=pl.when(sure).then("lo_").otherwise(pl.min_horizontal("lo_", pl.lit(0, pl.Int128))).sum(),
        hi=pl.when(sure).then("hi_").otherwise(pl.max_horizontal("hi_", pl.lit(0, pl.Int128))).sum(),
        unknown=pl.col("_pt.lo").is_null().any(),
    )  # fmt: skip
    _no_overflow(found, item.id)
    if common == SCALE:
        cells = [pl.when(~pl.col("unknown")).then(pl.col(e)).cast(pl.Int64).alias(e) for e in ("lo", "hi")]
    else:
        cells = [
            pl.when(~pl.col("unknown")).then(pl.col(e).cast(pl.String) + f"/{common}").alias(e) for e in ("lo", "hi")
        ]
    return found.select("ask", "cat", *cells)


def _alike(found: pl.DataFrame, item: Item, value: int, lacks: Lacks) -> pl.DataFrame:
    """The points where each thing has as many: what counts certainly, and what may count or not."""
    lacks.append(doubts_of(found))
    low, high = pl.col("low").cast(pl.Int128), pl.col("high").cast(pl.Int128)
    found = found.select(
        "ask", cat=pl.lit(item.category or ""),
        lo=low * value + (high - low) * min(value, 0), hi=low * value + (high - low) * max(value, 0),
    )  # fmt: skip
    _no_overflow(found, item.id)
    return found.with_columns(pl.col("lo", "hi").cast(pl.Int64))
