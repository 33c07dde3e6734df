"""The steps of a case: expected, survived, told; in time, late, out of order (E3, E4, E6, semantics 25)."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from wuding.assess.cases import belonging, paused_until
from wuding.assess.frame import as_json
from wuding.assess.limits import Pauses, later, limited, repeats
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import by_value, day_of
from wuding.engines.columnar.holding import holders_of_role
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import ancestor_at
from wuding.engines.columnar.things import judged, possible, with_lacks
from wuding.program.model import Escalation, Step


@dataclass
class Progress:
    """How far the cases of one round are: for each step a frame `ask exists anchor due done status missing detail`,
    and of those whose failure starts another step `fell`, the moment at which `else` follows, and `unsure lacks`,
    whether that may be and what is missing to say (E6b)."""

    cases: pl.DataFrame  # ask open closed(null) until, the opening's columns
    first: bool
    pauses: Pauses = field(default_factory=dict)
    steps: dict[str, pl.DataFrame] = field(default_factory=dict)
    early: list[pl.DataFrame] = field(default_factory=list)


OF_STEP = ("ask", "anchor", "due", "closed", "exists", "lacks_")


def run_step(ctx: Context, rule: Escalation, step: Step, now: Progress) -> pl.DataFrame:
    """The state of one step in every case."""
    rows = _anchored(ctx, rule, step, now)
    if after_closing(rule, step):  # the closing starts such a step, so it cannot end it
        rows = rows.with_columns(closed=pl.lit(None, pl.Int64))
    elif rule.closes is None and step.kind != "tell":  # these steps themselves close the case
        rows = rows.with_columns(closed=pl.when(pl.col("anchor").is_null()).then("closed"))
    if step.limit is not None:
        rows = limited(ctx, step, rows, now.pauses)
    else:
        rows = rows.with_columns(due=pl.lit(None, pl.Int64), soonest=pl.lit(None, pl.Int64))
    if step.kind == "tell":
        return _told(ctx, step, rows, now, rule)
    assert step.of is not None
    rows = rows.select("soonest", "since", *OF_STEP)  # what the case is need not be carried through the joins
    found = belonging(ctx, rule, step.of, now.cases, now.first)
    now.early.append(found.filter("early").select("ask").unique())
    if rule.closes is not None:
        found = found.join(rows.select("ask", "closed"), on="ask").filter(
            pl.col("closed").is_null() | (pl.col("at") <= pl.col("closed"))
        )
    state = _expected(ctx, rows, found) if step.kind == "expect" else _survived(ctx, rows, found)
    if not any(other.on_failure and other.after == step.id for other in rule.steps):
        state = state.drop("fell", "unsure", "lacks")  # nobody asks
    return state.with_columns(detail=pl.lit(as_json()))


def after_closing(rule: Escalation, step: Step) -> bool:
    """Does the step's clock start, directly or not, at the closing?"""
    first = anchors_of(rule, step)[-1]
    return next(s.after for s in rule.steps if s.id == first) == "closed"


def anchors_of(rule: Escalation, step: Step) -> list[str]:
    """The step and those before it, back to the opening or closing."""
    anchors = {s.id: s.after for s in rule.steps}
    found = [step.id]
    while anchors[found[-1]] not in ("opening", "closed"):
        found.append(anchors[found[-1]])
    return found


def _anchored(ctx: Context, rule: Escalation, step: Step, now: Progress) -> pl.DataFrame:
    rows = now.cases
    if step.after == "opening":
        rows = rows.with_columns(anchor="open")
    elif step.after == "closed":
        rows = rows.with_columns(anchor="closed")
    elif step.on_failure:
        before = now.steps[step.after].select("ask", anchor="fell", doubt="unsure", doubts="lacks")
        rows = rows.join(before, on="ask", how="left", maintain_order="left")
        last = f"last.{step.after}"
        if last in rows.columns:  # a new round does not take back that the one before it failed
            rows = rows.with_columns(anchor=pl.coalesce(last, "anchor"), doubt=pl.col("doubt") & pl.col(last).is_null())
    else:
        doubt = pl.col("status") == "undetermined"
        done = pl.when(pl.col("status") != "failed").then("done")
        before = now.steps[step.after].select("ask", anchor=done, doubt=doubt, doubts="missing")
        rows = rows.join(before, on="ask", how="left", maintain_order="left")
    again = f"again.{step.id}"
    if again in rows.columns:
        rows = rows.with_columns(anchor=pl.coalesce(again, "anchor"))
        if "doubt" in rows.columns:
            rows = rows.with_columns(doubt=pl.col("doubt") & pl.col(again).is_null())
    # What lies before a failure belongs to the round before it.
    fresh = [f"again.{a}" for a in anchors_of(rule, step) if f"again.{a}" in rows.columns]
    if step.else_back in anchors_of(rule, step) and f"last.{step.id}" in rows.columns:
        rows = rows.with_columns(_past=pl.col(f"last.{step.id}") + 1)  # what failed fails once in that moment
        fresh.append("_past")
    rows = rows.with_columns(since=pl.max_horizontal("open", *fresh)).drop("_past", strict=False)
    if step.when is None:
        rows = rows.with_columns(exists=pl.lit(True), lacks_=pl.lit([], pl.List(pl.String)))
    else:
        rows = with_params(ctx, rows, params_in(step.when), "pday")
        rows = possible(judged(ctx, rows, step.when, "exists"), "exists")
        rows = with_lacks(rows, step.when, sure="exists")
    if "doubt" not in rows.columns:
        return rows
    # A step that comes after an undetermined one is as uncertain as that one.
    doubt = pl.col("doubt").fill_null(False) & pl.col("exists").is_not_null()
    return rows.with_columns(
        exists=pl.when(~doubt).then("exists"), lacks_=pl.when(doubt).then("doubts").otherwise("lacks_")
    ).drop("doubt", "doubts")


# ── expect, without ──────────────────────────────────────────────────────────────────────────────
def _first(
    found: pl.DataFrame, rows: pl.DataFrame, start: str, end: str | None, certain: bool, name: str
) -> pl.DataFrame:
    """The first match from `start` on (and before `end`): certain ones, or merely possible ones with what they lack."""
    some = found.filter(pl.col("certain") == certain).select("ask", "at", *([] if certain else ["lacks_"]))
    if some.is_empty():
        none = some.select("ask", pl.col("at").alias(name))
        return none if certain else none.with_columns(pl.lit([], pl.List(pl.String)).alias(f"{name}_lacks"))
    inside = pl.col("at") >= pl.col("_start")
    if end is not None:
        inside &= pl.col("_end").is_null() | (pl.col("at") < pl.col("_end"))
    bounds = rows.select("ask", _start=start, **({} if end is None else {"_end": end}))
    some = some.join(bounds, on="ask").filter(inside)
    if certain:
        return some.group_by("ask").agg(pl.col("at").min().alias(name))
    lacks = pl.col("lacks_").explode().drop_nulls().unique().sort()
    return some.group_by("ask").agg(pl.col("at").min().alias(name), lacks.alias(f"{name}_lacks"))


def _with(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """The rows with what was found for some of them; nothing is copied for nothing."""
    if found.is_empty():
        return rows.with_columns(
            pl.lit(None, found.schema[name]).alias(name) for name in found.columns if name != "ask"
        )
    return rows.join(found, on="ask", how="left", maintain_order="left")


def _expected(ctx: Context, rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(closed_=pl.col("closed"))
    reached = rows.filter(pl.col("anchor").is_not_null())
    rows = _with(rows, _first(found, rows, "anchor", None, True, "hit"))
    rows = _with(rows, _first(found, rows, "anchor", None, False, "maybe"))
    rows = _with(rows, _first(found, reached, "since", "anchor", True, "before"))
    rows = _with(rows, _first(found, reached, "since", "anchor", False, "perhaps"))
    early = pl.col("hit") < pl.col("soonest")
    in_time = pl.col("due").is_null() | (pl.col("hit") <= pl.col("due"))
    passed = (pl.col("due") < pl.min_horizontal(pl.lit(ctx.as_of), "closed_")).fill_null(False)
    status = (
        pl.when(pl.col("hit").is_not_null() & early.fill_null(False)).then(pl.lit("out-of-order"))
        .when(pl.col("hit").is_not_null() & in_time).then(pl.lit("done"))
        .when(pl.col("hit").is_not_null()).then(pl.lit("late"))
        .when(pl.col("before").is_not_null()).then(pl.lit("out-of-order"))
        .when(passed).then(pl.lit("overdue"))
        .when(pl.col("closed_").is_not_null()).then(pl.lit("dropped"))
        .otherwise(pl.lit("waiting"))
    )  # fmt: skip
    rows = rows.with_columns(status=status)
    sooner = pl.col("maybe").is_not_null() & (pl.col("hit").is_null() | (pl.col("maybe") < pl.col("hit")))
    maybe_in_time = pl.col("due").is_null() | (pl.col("maybe") <= pl.col("due"))
    changes = sooner & (
        pl.col("hit").is_null() | ((pl.col("status") == "late") & maybe_in_time)
        | ((pl.col("status") == "done") & (pl.col("maybe") < pl.col("soonest")).fill_null(False))
        | ((pl.col("status") == "out-of-order") & (pl.col("maybe") >= pl.col("soonest")).fill_null(False))
    )  # fmt: skip
    changes = changes | (pl.col("hit").is_null() & pl.col("before").is_null() & pl.col("perhaps").is_not_null())
    rows = rows.with_columns(status=pl.when(changes).then(pl.lit("undetermined")).otherwise("status"))
    both = pl.concat_list(pl.col("maybe_lacks").fill_null([]), pl.col("perhaps_lacks").fill_null([]))
    doubtful = rows.filter(pl.col("maybe").is_not_null() | pl.col("perhaps").is_not_null())  # few: lists are dear
    lacks = doubtful.select("ask", lacks=both.list.unique().list.sort())
    rows = _with(rows, lacks)
    rows = rows.with_columns(missing=pl.when(pl.col("status") == "undetermined").then("lacks"))
    done = pl.when(pl.col("status").is_in(["done", "late", "out-of-order"])).then(pl.coalesce("hit", "before"))
    # The limit passed undone; what happens later changes nothing of that (E6b).
    undone = pl.col("before").is_null() & ((pl.col("hit") > pl.col("due")) | pl.col("hit").is_null())
    undone = undone & pl.col("due").is_not_null() & (pl.col("closed_").is_null() | (pl.col("closed_") > pl.col("due")))
    perhaps = pl.col("perhaps").is_not_null() | (pl.col("maybe") <= pl.col("due")).fill_null(False)
    fell = pl.when(undone & ~perhaps & (pl.col("due") < ctx.as_of)).then(pl.max_horizontal("due", "anchor"))
    return _failing(rows.with_columns(done=done, fell=fell, unsure=undone & perhaps))


def _survived(ctx: Context, rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(
        end=pl.col("due") + 1, begin=pl.when(pl.col("anchor").is_not_null()).then(pl.max_horizontal("anchor", "since"))
    )
    rows = _with(rows, _first(found, rows, "begin", "end", True, "hit"))
    rows = _with(rows, _first(found, rows, "begin", "end", False, "maybe"))
    over = (pl.col("due") < ctx.as_of).fill_null(False)
    gone = pl.col("closed").is_not_null() & (pl.col("due").is_null() | (pl.col("closed") <= pl.col("due")))
    status = (
        pl.when(pl.col("hit").is_not_null()).then(pl.lit("failed"))
        .when(pl.col("maybe").is_not_null()).then(pl.lit("undetermined"))
        .when(gone | (pl.col("anchor").is_null() & pl.col("closed").is_not_null())).then(pl.lit("dropped"))
        .when(over).then(pl.lit("done")).otherwise(pl.lit("waiting"))
    )  # fmt: skip
    rows = rows.with_columns(status=status)
    done = pl.when(pl.col("status") == "done").then("due").when(pl.col("status") == "failed").then("hit")
    missing = pl.when(pl.col("status") == "undetermined").then("maybe_lacks").otherwise([])
    rows = rows.with_columns(done=done, missing=missing, fell=pl.when(pl.col("status") == "failed").then("hit"))
    return _failing(rows.with_columns(unsure=pl.col("status") == "undetermined", lacks="missing"))


def _failing(rows: pl.DataFrame) -> pl.DataFrame:
    """The state of a step that can fail."""
    unsure = pl.col("exists").is_null()
    rows = rows.with_columns(
        fell=pl.when(~unsure).then("fell"), unsure=unsure | pl.col("unsure"),
        lacks=pl.when(unsure).then("lacks_").otherwise("lacks"),
    )  # fmt: skip
    return _state(rows, "fell", "unsure", "lacks")


def _state(rows: pl.DataFrame, *more: str) -> pl.DataFrame:
    """A step that does not exist is left out; one that may not exist is undetermined and not done."""
    unsure = pl.col("exists").is_null()
    return rows.select(
        "ask", "exists", anchor=pl.when(~unsure).then("anchor"), due=pl.when(~unsure).then("due"),
        done=pl.when(~unsure).then("done"),
        status=pl.when(unsure).then(pl.lit("undetermined")).otherwise("status"),
        missing=pl.when(unsure).then("lacks_").otherwise(pl.col("missing").fill_null([])),
        **{name: pl.col(name) for name in more},
    )  # fmt: skip


# ── tell ─────────────────────────────────────────────────────────────────────────────────────────
def _told(ctx: Context, step: Step, rows: pl.DataFrame, now: Progress, rule: Escalation) -> pl.DataFrame:
    assert step.tell_role is not None
    waits = step.wait is not None
    due = later(ctx, rows, step.wait) if waits else rows.get_column("anchor")
    rows = rows.with_columns(due=due)
    if waits and now.pauses:
        rows = rows.with_columns(due=paused_until(rows, now.pauses))
    rows = rows.select("grid", "subject", *OF_STEP, *(c for c in rows.columns if c.startswith("falls.")))
    alive = pl.col("closed").is_null() | (pl.col("closed") > pl.col("due"))
    if not waits:
        alive = alive | (pl.col("due") <= pl.col("closed"))
    reached = (pl.col("due") < ctx.as_of if waits else pl.col("due") <= ctx.as_of).fill_null(False)
    owed = pl.col("exists").is_not_null()  # what may not be owed tells nobody
    rows = rows.with_columns(fires=(reached & alive & owed).fill_null(False))
    rows = _addressed(ctx, step, rows, now, rule)
    times = pl.Series([None] * len(rows), dtype=pl.Int64) if step.repeat is None else repeats(ctx, step.repeat, rows)
    if step.on_failure and f"falls.{step.after}" in rows.columns:
        times = rows.select(pl.when("fires").then(pl.col(f"falls.{step.after}").cast(pl.Int64))).to_series()
    status = (
        pl.when("fires")
        .then(pl.when(pl.col("persons").list.len() > 0).then(pl.lit("told")).otherwise(pl.lit("unstaffed")))
        .when(~alive.fill_null(True) | (pl.col("anchor").is_null() & pl.col("closed").is_not_null()))
        .then(pl.lit("dropped"))
        .otherwise(pl.lit("waiting"))
    )
    rows = rows.with_columns(
        status=status, done=pl.when("fires").then("due"), missing=pl.lit([], pl.List(pl.String)), low=times
    )
    told = pl.when("fires").then(pl.col("persons").list.join("\n"))
    detail = by_value(
        rows.select(told=told).to_series(), lambda names: as_json(to=[n for n in names.split("\n") if n]), pl.String
    )
    rows = rows.with_columns(detail=detail.fill_null(as_json()))
    return _state(rows, "detail", "low")


def _addressed(ctx: Context, step: Step, rows: pl.DataFrame, now: Progress, rule: Escalation) -> pl.DataFrame:
    """`persons`: who holds the role at the step's place on the day it is due."""
    rows = rows.with_columns(_day=day_of(ctx, rows, "due"))
    if rule.transfers is not None:
        moved = belonging(ctx, rule, rule.transfers, now.cases, now.first)
        moved = moved.filter("certain")
        moved = moved.join(rows.select("ask", "due"), on="ask").filter(pl.col("at") <= pl.col("due")).sort("at")
        moved = moved.unique("ask", keep="last").select("ask", moved="grid")
        rows = rows.join(moved, on="ask", how="left", maintain_order="left").with_columns(
            grid=pl.coalesce("moved", "grid")
        )
    if step.tell_at == "here":
        rows = rows.with_columns(_place="grid")
    else:
        rows = ancestor_at(ctx, rows, step.tell_at, "_day", "_place")
    assert step.tell_role is not None
    found = holders_of_role(ctx, rows, step.tell_role, "_place", "subject" if step.tell_at == "here" else None, "_day")
    rows = rows.with_row_index("_row").join(found, on="_row", how="left", maintain_order="left").drop("_row")
    return rows.with_columns(persons=pl.col("persons").fill_null([]))
