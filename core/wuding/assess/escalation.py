"""Escalation: cases that go up, step by step, until they are closed (E1 to E7, semantics 24, 25)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from wuding.assess.cases import belonging, episode_frame, openings, pauses_of
from wuding.assess.frame import as_json, empty, shaped
from wuding.assess.steps import Progress, after_closing, anchors_of, run_step
from wuding.engines.columnar.context import Context
from wuding.program.model import Escalation, Step

ROUNDS = 64  # of `back`; a case that goes round more often is reported as it then stands
WHO = ("holder_kind", "holder", "grid", "subject", "actor", "case", "episode")


def escalation(ctx: Context, rule: Escalation) -> pl.DataFrame:
    """The findings of an escalation rule: one per case and episode, and one per step of it."""
    return pl.concat(escalated(ctx, rule))


def escalated(ctx: Context, rule: Escalation) -> list[pl.DataFrame]:
    """The same, step by step: what all findings of a step share takes no memory as long as they lie apart."""
    opened = openings(ctx, rule)
    parts = [] if opened.get_column("certain").all() else [shaped(ctx, rule, _unsure(opened))]
    begun = episode_frame(opened, None)
    once = begun.height == opened.get_column("certain").sum()  # nothing opens a second time
    episode = 1
    while not begun.is_empty():
        now = _episode(ctx, rule, opened, begun, episode)
        parts += [shaped(ctx, rule, part) for part in _findings(ctx, rule, now)]
        closed = now.cases.filter(pl.col("closed").is_not_null()).select("case", "closed")
        begun = begun.clear() if once else episode_frame(opened, closed)
        episode += 1
    return parts or [empty()]


def _who(episode: int) -> list[pl.Expr]:
    about = pl.col("subject").is_not_null()
    return [
        pl.when(about).then(pl.lit("subject")).otherwise(pl.lit("grid")).alias("holder_kind"),
        pl.coalesce("subject", "grid").alias("holder"),
        pl.lit(episode, pl.Int32).alias("episode"),
    ]


def _unsure(opened: pl.DataFrame) -> pl.DataFrame:
    """Cases all of whose openings are only possible."""
    unsure = opened.filter(~pl.col("certain")).select("case").unique()
    sure = opened.filter("certain").select("case").join(unsure, on="case", how="semi").unique()
    opened = opened.join(unsure, on="case", how="semi")
    rows = opened.join(sure, on="case", how="anti").sort("at", "seq")
    lacks = rows.group_by("case").agg(missing=pl.col("lacks_").explode().drop_nulls().unique().sort())
    rows = rows.unique("case", keep="first", maintain_order=True).with_columns(*_who(1)).join(lacks, on="case")
    return rows.select(
        *WHO, "missing", "at", status=pl.lit("undetermined"), step=pl.lit(""), start="at", detail=pl.lit(as_json())
    )


def _episode(ctx: Context, rule: Escalation, opened: pl.DataFrame, begun: pl.DataFrame, episode: int) -> Progress:
    """Runs one episode of every case that has one, rounds of `back` included. What pauses or resumes a case from the
    next episode's opening on belongs to that (E1), which is known when the case has been run: then it is run again."""
    cases = begun.with_columns(
        *_who(episode), open="at", pday="home", closed=pl.lit(None, pl.Int64), until=pl.lit(None, pl.Int64)
    )
    cases = cases.with_columns(rounds=pl.lit(1, pl.Int32), **{f"h.{k}": pl.col(f"f.{k}") for k in rule.case})
    cases = cases.drop("ask", strict=False).with_row_index("ask")
    now = _rounds(ctx, rule, cases, episode == 1, opened)
    if rule.pauses is None:
        return now
    ended = _until_reopened(now.cases, opened).select("ask", "until", ended="closed")
    if ended.get_column("until").null_count() == ended.height:
        return now
    cases = cases.drop("until").join(ended, on="ask", maintain_order="left")
    return _rounds(ctx, rule, cases, episode == 1, opened)


def _rounds(ctx: Context, rule: Escalation, cases: pl.DataFrame, first: bool, opened: pl.DataFrame) -> Progress:
    now = _run(ctx, rule, cases, first, opened)
    backs = [s for s in rule.steps if s.kind == "without" and s.else_back]
    for _ in range(ROUNDS):
        again = _sent_back(rule, now, backs)
        if again is None:
            break
        now = _run(ctx, rule, again, first, opened)
    return now


def _sent_back(rule: Escalation, now: Progress, backs: list[Step]) -> pl.DataFrame | None:
    """The cases with the anchors of those that their first failure sends back; None when none does (E6).

    `again.STEP`: the anchor of a step that starts again; `last.STEP`, `falls.STEP`: the step's last failure, and how
    many there were."""
    first = _first_failures(now, backs)
    if first is None:
        return None
    cases = now.cases.join(first, on="ask", how="left", maintain_order="left")
    for place, step in enumerate(backs):
        hit = (pl.col("_place") == place).fill_null(False)
        target, last, falls = f"again.{step.else_back}", f"last.{step.id}", f"falls.{step.id}"
        for column, kind in ((target, pl.Int64), (last, pl.Int64), (falls, pl.Int32)):
            if column not in cases.columns:
                cases = cases.with_columns(pl.lit(None, kind).alias(column))
        begun = [f"again.{s.id}" for s in rule.steps if step.else_back in anchors_of(rule, s)]
        cases = cases.with_columns(
            pl.when(~hit).then(c).alias(c) for c in begun if c in cases.columns and c != target
        ).with_columns(
            pl.when(hit).then("_failed").otherwise(target).alias(target),
            pl.when(hit).then("_failed").otherwise(last).alias(last),
            pl.when(hit).then(pl.col(falls).fill_null(0) + 1).otherwise(falls).alias(falls),
        )
    rounds = pl.col("rounds") + pl.col("_failed").is_not_null().cast(pl.Int32)
    until = pl.lit(None, pl.Int64) if "ended" not in cases.columns else pl.col("until")
    return cases.with_columns(rounds=rounds, closed=pl.lit(None, pl.Int64), until=until).drop("_failed", "_place")


def _first_failures(now: Progress, backs: list[Step]) -> pl.DataFrame | None:
    """`ask _failed _place`: the first failure of each case that was not followed yet, and which step's it is."""
    parts = []
    for place, step in enumerate(backs):
        failed = now.steps[step.id].filter(pl.col("status") == "failed").select("ask", _failed="done")
        last = f"last.{step.id}"
        if last in now.cases.columns:
            failed = failed.join(now.cases.select("ask", last), on="ask")
            failed = failed.filter(pl.col(last).is_null() | (pl.col("_failed") > pl.col(last))).drop(last)
        parts.append(failed.with_columns(_place=pl.lit(place, pl.Int32)))
    found = pl.concat(parts) if parts else pl.DataFrame()
    if found.is_empty():
        return None
    return found.sort("_failed", "_place").unique("ask", keep="first", maintain_order=True)


def _run(ctx: Context, rule: Escalation, cases: pl.DataFrame, first: bool, opened: pl.DataFrame) -> Progress:
    """Runs all steps once. `ended` of the cases, if they have it: when they closed, as it is known already."""
    now = Progress(cases, first)
    now.pauses = pauses_of(ctx, rule, cases, first, now.early)
    if rule.transfers is not None:
        moved = belonging(ctx, rule, rule.transfers, cases, first)
        now.early.append(moved.filter("early").select("ask").unique())
    if rule.closes is not None:
        now.cases = _closed_by(ctx, rule, now)
    if "ended" in cases.columns:
        now.cases = now.cases.with_columns(closed="ended")
    before = [s for s in rule.steps if not after_closing(rule, s)]
    for step in before:
        now.steps[step.id] = run_step(ctx, rule, step, now)
    if rule.closes is None and "ended" not in cases.columns:
        now.cases = _closed_by_default(before, now)
        # Notices, and what comes after them, need to know whether the case was still open.
        kinds = {s.id: s.kind for s in rule.steps}
        for step in before:
            if any(kinds[id] == "tell" for id in anchors_of(rule, step)):
                now.steps[step.id] = run_step(ctx, rule, step, now)
    following = [s for s in rule.steps if after_closing(rule, s)]
    if following and "ended" not in cases.columns:
        now.cases = _until_reopened(now.cases, opened)
    for step in following:
        now.steps[step.id] = run_step(ctx, rule, step, now)
    return now


def _until_reopened(cases: pl.DataFrame, opened: pl.DataFrame) -> pl.DataFrame:
    """The cases with `until`, the next episode's opening: what happens from then on belongs to that (E1)."""
    later = opened.filter("certain").select("case", _next="at").join(cases.select("case", "closed"), on="case")
    later = later.filter(pl.col("_next") > pl.col("closed")).group_by("case").agg(pl.col("_next").min())
    rows = cases.join(later, on="case", how="left", maintain_order="left")
    return rows.with_columns(until="_next").drop("_next")


def _closed_by(ctx: Context, rule: Escalation, now: Progress) -> pl.DataFrame:
    assert rule.closes is not None
    found = [belonging(ctx, rule, sel, now.cases, now.first) for sel in rule.closes]
    if not found:
        return now.cases
    now.early += [f.filter("early").select("ask").unique() for f in found]
    first = (
        pl.concat([f.filter("certain").select("ask", "at") for f in found])
        .group_by("ask")
        .agg(closed=pl.col("at").min())
    )
    return now.cases.drop("closed").join(first, on="ask", how="left", maintain_order="left")


def _of_cases(state: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """The state of a step in each case, with what the case is; nothing is copied where every case has the step."""
    if state.get_column("ask").equals(cases.get_column("ask")):
        return state.hstack(cases.drop("ask").get_columns())
    return state.join(cases, on="ask", how="inner", maintain_order="left")


def _closed_by_default(steps: list[Step], now: Progress) -> pl.DataFrame:
    """Closed when every expected step was done (E5)."""
    awaited = [now.steps[s.id].select("ask", "done", ok=done_well) for s in steps if s.kind != "tell"] if steps else []
    if not awaited:
        return now.cases
    every = pl.concat(awaited).group_by("ask").agg(all=pl.col("ok").all(), last=pl.col("done").max())
    rows = now.cases.drop("closed").join(every, on="ask", how="left", maintain_order="left")
    # A limit that a field sets may lie before the opening: such a case is closed at zero (E5).
    return rows.with_columns(closed=pl.when("all").then(pl.max_horizontal("last", "open"))).drop("all", "last")


done_well = pl.col("done").is_not_null() & (pl.col("status") != "failed") & pl.col("exists").fill_null(False)


def _findings(ctx: Context, rule: Escalation, now: Progress) -> Iterator[pl.DataFrame]:
    """One part after the other, so that none is held in two forms."""
    cases = now.cases
    troubled = []
    for step in rule.steps:
        state = now.steps[step.id]
        if step.kind != "tell":
            troubled.append(state.filter(pl.col("status").is_in(["late", "overdue"])).select("ask"))
        rows = _of_cases(state, cases.select("ask", "open", *WHO))
        at = pl.coalesce("done", "due", "open")
        low = pl.col("low") if "low" in rows.columns else pl.lit(None, pl.Int64)
        yield rows.select(
            *WHO, "status", "missing", "due", "detail", step=pl.lit(step.id), start="anchor", at=at, low=low
        )
    late = pl.concat(troubled).unique().with_columns(late=pl.lit(True)) if troubled else None
    rows = (
        cases.join(late, on="ask", how="left", maintain_order="left")
        if late is not None
        else cases.with_columns(late=pl.lit(None, pl.Boolean))
    )
    early = pl.concat(now.early).unique().with_columns(early=pl.lit(True)) if now.early else None
    rows = (
        rows.join(early, on="ask", how="left", maintain_order="left")
        if early is not None
        else rows.with_columns(early=pl.lit(None, pl.Boolean))
    )
    status = (
        pl.when("late")
        .then(pl.lit("late"))
        .when(pl.col("closed").is_not_null())
        .then(pl.lit("closed"))
        .otherwise(pl.lit("open"))
    )
    details = {
        (e, r): as_json(**({"early": True} if e else {}), **({"rounds": r} if r > 1 else {}))
        for e, r in rows.select(pl.col("early").fill_null(False), "rounds").unique().iter_rows()
    }
    told = [(e, r, text) for (e, r), text in details.items()]
    table = pl.DataFrame(told, schema={"early": pl.Boolean, "rounds": pl.Int32, "detail": pl.String}, orient="row")
    rows = rows.with_columns(pl.col("early").fill_null(False)).join(
        table, on=["early", "rounds"], how="left", maintain_order="left"
    )
    yield rows.select(
        *WHO, "detail", status=status, step=pl.lit(""), start="open", end="closed", at=pl.coalesce("closed", "open"),
        missing=pl.lit([], pl.List(pl.String)),
    )  # fmt: skip
