"""Selectors as frames: the grids, subjects, posts, facts and findings that a selector names.

Every frame has the columns `grid subject actor`, the fields as `f.<name>`, and `ok`: the selector's own
condition in three values. Grids, subjects and posts have `id start end` (days); facts and findings have `at`
(instant), `on` (the day on which they happened) and `home` (the day that decides their period, semantics 17).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import narwhals as nw
import polars as pl

from wuding.engines.columnar.conditions import column, days_compared, expression, leaves, terms
from wuding.engines.columnar.context import Context, rows_of, where
from wuding.engines.columnar.days import day_of
from wuding.engines.columnar.exact import prepare, takes_exactness
from wuding.engines.columnar.facts import at_grids, facts_of, narrowed
from wuding.engines.columnar.places import days_in_book
from wuding.engines.columnar.scope import listed
from wuding.lang.nodes import And, Cond, Field, Has, Holder, Param
from wuding.program.model import Selector


def things(ctx: Context, sel: Selector, known: Collection[str] | None = None) -> pl.DataFrame:
    """All things of the selector's names, its condition not yet looked at; of grids, subjects and posts those alone
    that are `known`, by their ids."""
    match sel.source:
        case "grid":
            return _grids(ctx, sel, known)
        case "subject":
            return _subjects(ctx, sel, known)
        case "post":
            return _posts(ctx, sel, known)
        case "fact":
            return _facts(ctx, sel)
        case "finding":
            return _findings(ctx, sel)
    raise ValueError(sel.source)


def _among(frame: pl.DataFrame, column: str, known: Collection[str] | None) -> pl.DataFrame:
    return frame if known is None else rows_of(frame, column, listed(known))


def _grids(ctx: Context, sel: Selector, known: Collection[str] | None) -> pl.DataFrame:
    frame = _among(ctx.snap.grids, "code", known)
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


def _subjects(ctx: Context, sel: Selector, known: Collection[str] | None) -> pl.DataFrame:
    names = sel.names or tuple(ctx.snap.subjects)
    frames = [_among(ctx.snap.subjects[n], "id", known) for n in names if n in ctx.snap.subjects]
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


def _posts(ctx: Context, sel: Selector, known: Collection[str] | None) -> pl.DataFrame:
    frame = _among(ctx.snap.posts, "id", known)
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


FINDING_FIELDS: dict[str, pl.Expr] = {
    **{name: pl.col(name) for name in ("status", "band", "rank", "period", "case", "rule", "step", "variant", "days")},
    **{name: pl.when(pl.col("value_low") == pl.col("value_high")).then("value_low") for name in ("score", "value")},
    "count": pl.when(pl.col("low") == pl.col("high")).then("low"),
}


def _findings(ctx: Context, sel: Selector) -> pl.DataFrame:
    frames = []
    for name in sel.names:
        rule, _, step = name.partition(".")
        narrow, wanted = narrowed(ctx, rule), [pl.col("step") == step]
        if narrow is not None and narrow.days is not None:
            wanted.insert(0, pl.col("home").is_between(*narrow.days, closed="left"))
        if narrow is not None and narrow.grids is not None:  # looking up texts is dear: of what is left alone
            wanted.append(at_grids(narrow))
        frames.append(ctx.findings[rule].filter(*wanted))
    frame = pl.concat(frames, how="vertical") if frames else ctx.findings[next(iter(ctx.findings))].clear()
    frame = frame.with_columns(on=day_of(ctx, frame, "at"))
    return frame.with_columns(value.alias(f"f.{name}") for name, value in FINDING_FIELDS.items()).drop(
        "rule", "step", "variant", "status", "band", "rank", "low", "high", "value_low", "value_high", "days"
    )


def selectable(rule_id: str, found: pl.DataFrame, selectors: Iterable[Selector]) -> pl.DataFrame:
    """Those of a rule's findings that one of the selectors may select, for all that they themselves say."""
    fields = [value.alias(f"f.{name}") for name, value in FINDING_FIELDS.items()]
    wanted = pl.repeat(False, len(found), eager=True)
    for sel in selectors:
        cond = own(sel)
        for name in sel.names:
            rule, _, step = name.partition(".")
            if rule != rule_id:
                continue
            meets = pl.lit(True)
            if cond is not None and not days_compared(cond) and not takes_exactness(cond, ()):
                meets = pl.lit(_meeting(found.lazy().select(fields), cond))
            wanted |= found.select((pl.col("step") == step) & meets).to_series()
    return found.filter(wanted)


def _meeting(rows: pl.LazyFrame, cond: Cond) -> pl.Series:
    """Which rows may meet a condition."""
    judged_rows = nw.from_native(rows).select(expression(cond).alias("ok")).to_native()
    return judged_rows.collect().get_column("ok").fill_null(True)


def written_out(frame: pl.DataFrame) -> pl.DataFrame:
    """The things with all texts written out: findings have numbers in place of those of which there are few."""
    return frame.cast({pl.Categorical: pl.String})


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


def judged_lazily(ctx: Context, lazy: pl.LazyFrame, cond: Cond | None) -> pl.LazyFrame:
    """The same of a frame that is not read yet; it is read where the condition takes more than an expression."""
    if cond is None:
        return lazy.with_columns(ok=pl.lit(True))
    if days_compared(cond) or takes_exactness(cond, lazy.collect_schema().names()):
        return judged(ctx, lazy.collect(), cond).lazy()
    return nw.from_native(lazy).with_columns(expression(cond).alias("ok")).to_native()


def possible(frame: pl.DataFrame, name: str = "ok") -> pl.DataFrame:
    """The rows on which the condition is true or unknown."""
    return where(frame, pl.col(name).fill_null(True))


def lackable(cond: Cond | None, by: Sequence[str] = ()) -> set[tuple[str, str]]:
    """The fields, of the thing or its holder, whose absence can leave it uncertain, each with its column."""
    found = {(t.name, column(t)) for t in terms(cond) if isinstance(t, Field | Holder)}
    return found | {("actor", "actor")} if by else found


def with_lacks(
    frame: pl.DataFrame, cond: Cond | None, by: Sequence[str] = (), sure: str = "certain", name: str = "lacks_"
) -> pl.DataFrame:
    """The frame with the list of fields that the condition reads and the row or its holder lacks (semantics 16a); empty
    where the row is certain. Few rows are not, so the lists are made for them alone."""
    frame = frame.drop(name) if name in frame.columns else frame
    columns = lackable(cond, by)
    nothing = pl.lit([], pl.List(pl.String)).alias(name)
    known = frame.get_column(sure)
    if known.all() and not known.null_count():
        return frame.with_columns(nothing)
    found = [pl.when(pl.col(c).is_null()).then(pl.lit(n)) for n, c in sorted(columns) if c in frame.columns]
    if not found:
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
