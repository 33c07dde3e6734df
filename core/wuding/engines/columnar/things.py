"""Selectors as frames: the grids, subjects, posts, facts and findings that a selector names.

Every frame has the columns `grid subject actor`, the fields as `f.<name>`, and `ok`: the selector's own
condition in three values. Grids, subjects and posts have `id start end` (days); facts and findings have `at`
(instant), `on` (the day on which they happened) and `home` (the day that decides their period, semantics 17).
"""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import polars as pl

from wuding.engines.columnar.conditions import column, days_compared, expression, leaves, terms
from wuding.engines.columnar.context import Context, at_grids, day_of, days_in_book, facts_of, narrowed
from wuding.engines.columnar.exact import prepare
from wuding.lang.nodes import And, Cond, Field, Has, Holder, Param
from wuding.program.model import Selector


def things(ctx: Context, sel: Selector) -> pl.DataFrame:
    """All things of the selector's names, its condition not yet looked at."""
    match sel.source:
        case "grid":
            return _grids(ctx, sel)
        case "subject":
            return _subjects(ctx, sel)
        case "post":
            return _posts(ctx, sel)
        case "fact":
            return _facts(ctx, sel)
        case "finding":
            return _findings(ctx, sel)
    raise ValueError(sel.source)


def _grids(ctx: Context, sel: Selector) -> pl.DataFrame:
    frame = ctx.snap.grids
    if sel.names:
        frame = frame.filter(pl.col("level").is_in(sel.names))
    frame = frame.select(
        id="code",
        grid="code",
        subject=pl.lit(None, pl.String),
        actor=pl.lit(None, pl.String),
        start="start",
        end="end",
        **{
            "f.code": "code",
            "f.name": "name",
            "f.level": "level",
            "f.kind": "kinds",
            "f.kinds": "kinds",
            "f.parent": "parent",
        },
    )
    return days_in_book(ctx, frame)


def _subjects(ctx: Context, sel: Selector) -> pl.DataFrame:
    names = sel.names or tuple(ctx.snap.subjects)
    frames = [ctx.snap.subjects[n] for n in names if n in ctx.snap.subjects]
    if not frames:
        return pl.DataFrame(
            schema={
                "id": pl.String,
                "grid": pl.String,
                "subject": pl.String,
                "actor": pl.String,
                "start": pl.Int32,
                "end": pl.Int32,
            }
        )
    frame = pl.concat(frames, how="diagonal_relaxed").with_columns(
        pl.col("id").alias("subject"), pl.lit(None, pl.String).alias("actor"),
        pl.col("id").alias("f.id"), pl.col("type").alias("f.type"), pl.col("name").alias("f.name"),
    )  # fmt: skip
    return days_in_book(ctx, frame.drop("type", "name"))


def _posts(ctx: Context, sel: Selector) -> pl.DataFrame:
    frame = ctx.snap.posts
    if sel.names:
        frame = frame.filter(pl.col("role").is_in(sel.names))
    frame = frame.select(
        "id", "grid", "subject", "start", "end", actor="person",
        **{"f.person": "person", "f.role": "role", "f.capacity": "capacity"},
    )  # fmt: skip
    return days_in_book(ctx, frame)


def _facts(ctx: Context, sel: Selector) -> pl.DataFrame:
    frames = [facts_of(ctx, n).with_columns(home="day", on="day") for n in sel.names]
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")


def _findings(ctx: Context, sel: Selector) -> pl.DataFrame:
    frames = []
    for name in sel.names:
        rule, _, step = name.partition(".")
        narrow, wanted = narrowed(ctx, rule), pl.col("step") == step
        if narrow is not None:
            wanted = at_grids(narrow) & wanted
            if narrow.days is not None:
                wanted &= (pl.col("home") >= narrow.days[0]) & (pl.col("home") < narrow.days[1])
        frames.append(ctx.findings[rule].filter(wanted))
    frame = pl.concat(frames, how="vertical") if frames else ctx.findings[next(iter(ctx.findings))].clear()
    frame = frame.with_columns(on=day_of(ctx, frame, "at"))
    exact = pl.when(pl.col("value_low") == pl.col("value_high")).then("value_low")
    return frame.with_columns(
        **{f"f.{n}": pl.col(n) for n in ("status", "band", "rank", "period", "case", "rule", "step", "variant")},
        **{"f.score": exact, "f.value": exact, "f.days": pl.col("days")},
        **{"f.count": pl.when(pl.col("low") == pl.col("high")).then("low")},
    ).drop("rule", "step", "variant", "status", "band", "rank", "low", "high", "value_low", "value_high", "days")


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def needs_holder(cond: Cond | None) -> bool:
    """Does the condition read the holder or a parameter, so that it must wait for them?"""
    return any(isinstance(t, Param) for t in terms(cond)) or reads_holder(cond)


def reads_holder(cond: Cond | None) -> bool:
    """Does the condition read the holder?"""
    if cond is None:
        return False
    if any(isinstance(t, Holder) for t in terms(cond)):
        return True
    return any(isinstance(x, Has) and isinstance(x.field, Holder) for x in leaves(cond))


def conjuncts(cond: Cond | None) -> tuple[Cond, ...]:
    """The parts that are joined by *and* at the top."""
    if cond is None:
        return ()
    if isinstance(cond, And):
        return tuple(part for arg in cond.args for part in conjuncts(arg))
    return (cond,)


def own(sel: Selector) -> Cond | None:
    """The part of the selector's condition that concerns the thing alone."""
    parts = tuple(c for c in conjuncts(sel.when) if not needs_holder(c))
    return And(parts) if parts else None


def shared(sel: Selector) -> Cond | None:
    """The part that compares the thing with its holder or with a parameter."""
    parts = tuple(c for c in conjuncts(sel.when) if needs_holder(c))
    return And(parts) if parts else None


def judged(ctx: Context, frame: pl.DataFrame, cond: Cond | None, name: str = "ok") -> pl.DataFrame:
    """The frame with the condition in three values as column `name`."""
    if cond is None:
        return frame.with_columns(pl.lit(True).alias(name))
    for instant in days_compared(cond):
        frame = frame.with_columns(day_of(ctx, frame, instant).alias(f"{instant}.day"))
    frame, cond = prepare(frame, cond)
    found = nw.from_native(frame, eager_only=True).with_columns(expression(cond).alias(name))
    return found.to_native()


def possible(frame: pl.DataFrame, name: str = "ok") -> pl.DataFrame:
    """The rows on which the condition is true or unknown."""
    return frame.filter(pl.col(name).fill_null(True))


def with_lacks(
    frame: pl.DataFrame, cond: Cond | None, by: Sequence[str] = (), sure: str = "certain", name: str = "lacks_"
) -> pl.DataFrame:
    """The frame with the list of fields that the condition reads and the row or its holder lacks (semantics 16a); empty
    where the row is certain. Few rows are not, so the lists are made for them alone."""
    frame = frame.drop(name, strict=False)
    columns = {(t.name, column(t)) for t in terms(cond) if isinstance(t, Field | Holder)}
    if by:
        columns.add(("actor", "actor"))
    nothing = pl.lit([], pl.List(pl.String)).alias(name)
    unsure = frame.filter(~pl.col(sure).fill_null(False))
    found = [pl.when(pl.col(c).is_null()).then(pl.lit(n)) for n, c in sorted(columns) if c in frame.columns]
    if not found or unsure.is_empty():
        return frame.with_columns(nothing)
    rows = frame.with_row_index("_lack")
    named = rows.filter(~pl.col(sure).fill_null(False)).select(
        "_lack", pl.concat_list(found).list.drop_nulls().list.unique(maintain_order=True).alias(name)
    )
    return (
        rows.join(named, on="_lack", how="left", maintain_order="left")
        .with_columns(pl.col(name).fill_null([]))
        .drop("_lack")
    )
