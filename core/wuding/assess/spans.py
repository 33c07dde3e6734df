"""Days as spans: counting what holds on which days, by sweeping over beginnings and ends.

A frame of spans has `ask`, `s`, `e` (days, half-open) and, where things are counted, `certain`.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

GOOD, UNKNOWN, BAD = 1, 0, -1


def merged(spans: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The spans of each key, those that touch or overlap made one. Certain and possible ones stay apart:
    the certain ones once as they are, and once again among the possible."""
    both = [spans.filter("certain"), spans] if "certain" in spans.columns else [spans]
    found = []
    for certain, part in zip((True, False), both, strict=False):
        ordered = part.sort([*key, "s"])
        before = pl.col("e").cum_max().shift(1).over(key)
        fresh = (pl.col("s") > before).fill_null(True)
        grouped = (
            ordered.with_columns(_g=fresh.cum_sum().over(key))
            .group_by([*key, "_g"])
            .agg(s=pl.col("s").min(), e=pl.col("e").max())
        )
        found.append(grouped.drop("_g").with_columns(certain=pl.lit(certain)))
    return pl.concat(found)


def counts_by_day(asked: pl.DataFrame, low: pl.DataFrame, high: pl.DataFrame) -> pl.DataFrame:
    """How many spans of `low` and of `high` cover each day: segments `ask s e low high` that tile `asked` (ask a b)."""
    events = [asked.select("ask", day="a", low=pl.lit(0), high=pl.lit(0))]
    for spans, name in ((low, "low"), (high, "high")):
        inside = (
            spans.join(asked, on="ask")
            .select("ask", s=pl.max_horizontal("s", "a"), e=pl.min_horizontal("e", "b"), b="b")
            .filter(pl.col("s") < pl.col("e"))
        )
        other = "high" if name == "low" else "low"
        for day, change in (("s", 1), ("e", -1)):
            some = inside.filter(pl.col("e") < pl.col("b")) if day == "e" else inside
            events.append(
                some.select("ask", pl.col(day).alias("day"), pl.lit(change).alias(name), pl.lit(0).alias(other))
            )
    changes = pl.concat(
        [
            e.select("ask", pl.col("day").cast(pl.Int32), pl.col("low").cast(pl.Int64), pl.col("high").cast(pl.Int64))
            for e in events
        ]
    )
    steps = changes.group_by("ask", "day").agg(pl.col("low").sum(), pl.col("high").sum()).sort("ask", "day")
    steps = steps.with_columns(
        low=pl.col("low").cum_sum().over("ask"), high=pl.col("high").cum_sum().over("ask"),
        e=pl.col("day").shift(-1).over("ask"),
    ).join(asked.select("ask", "b"), on="ask")  # fmt: skip
    return steps.select("ask", s="day", e=pl.coalesce("e", "b"), low="low", high="high").sort("ask", "s")


def verdicts(asked: pl.DataFrame, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Joins the answers of several questions: segments `ask s e state`, bad when one is bad, unknown when none is bad
    and one is unknown. Each part has `ask s e state` and need not tile."""
    answered = pl.concat([p.select("ask", "s", "e", "state") for p in parts])
    segments = counts_by_day(
        asked, answered.filter(pl.col("state") == BAD), answered.filter(pl.col("state") == UNKNOWN)
    )
    state = pl.when(pl.col("low") > 0).then(BAD).when(pl.col("high") > 0).then(UNKNOWN).otherwise(GOOD)
    return segments.select("ask", "s", "e", state=state.cast(pl.Int8))


def _last_run_start(state: str) -> pl.Expr:
    """The first day of the answer in this column that stands on the last day."""
    changed = pl.col(state) != pl.col(state).shift(1).over("ask")
    return pl.when(changed.fill_null(True)).then("s").forward_fill().last().over("ask")


def spells(segments: pl.DataFrame) -> pl.DataFrame:
    """Runs of the same answer: `ask s e state`. Unknown days end no spell (C1), of bad ones they belong to it; `today`
    keeps what the last day itself says, `since` the day from which it does."""
    carried = pl.when(pl.col("state") != UNKNOWN).then("state").forward_fill().over("ask")
    lasting = segments.sort("ask", "s").with_columns(
        today=pl.col("state").last().over("ask"), steady=carried.fill_null(UNKNOWN)
    )
    unknown = pl.col("today") == UNKNOWN
    since = pl.when(unknown).then(_last_run_start("state")).otherwise(_last_run_start("steady"))
    lasting = lasting.with_columns(since=since)
    state = pl.when((pl.col("state") == UNKNOWN) & (carried != BAD).fill_null(True)).then(UNKNOWN).otherwise(carried)
    lasting = lasting.with_columns(state=state)
    run = (pl.col("state") != pl.col("state").shift(1).over("ask")).fill_null(True).cum_sum().over("ask")
    return (
        lasting.with_columns(_run=run)
        .group_by("ask", "_run", maintain_order=True)
        .agg(
            pl.col("s").min(),
            pl.col("e").max(),
            pl.col("state").first(),
            pl.col("today").first(),
            pl.col("since").first(),
        )
        .drop("_run")
        .sort("ask", "s")
    )
