"""Who is asked, and for which periods (semantics 2b, 8, 8a).

The frames have the columns that `wuding.engines.columnar.match` wants of `asked`, and besides: `holder_kind`,
`sure` (certainly a holder), `lacks` (the fields whose absence makes it unsure), `label`, `pend` (the period's
end day), `owed` (enough days), `begin` and `finish` (instants of the period), `over` (it has ended).
"""

from __future__ import annotations

import polars as pl

from wuding.domain.period import Every, home_day, periods_between
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counterparts import with_counterparts
from wuding.engines.columnar.days import FAR, days_of_season, start_of, valid_days, workday_country
from wuding.engines.columnar.facts import named_in
from wuding.engines.columnar.holding import in_role
from wuding.engines.columnar.links import POPULATIONS
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import in_book
from wuding.engines.columnar.scope import asked_in
from wuding.engines.columnar.things import judged, own, possible, shared, things, with_lacks
from wuding.program.model import Head, Selector


def holder_kind(sel: Selector) -> str:
    return sel.source


def holders(ctx: Context, sel: Selector) -> pl.DataFrame:
    """The versions of those that the selector names: `holder holder_kind grid subject actor start end sure lacks
    h.*`."""
    rows = judged(ctx, things(ctx, sel, _known(ctx, sel)), own(sel))
    if sel.source == "fact":
        rows = in_book(ctx, rows, "on")
    cond = shared(sel)
    if cond is not None:
        day = pl.col("on") if sel.source == "fact" else pl.lit(ctx.today_end - 1, pl.Int32)
        rows = with_params(ctx, rows.with_columns(pday=day), params_in(cond), "pday")
        rows = judged(ctx, rows, cond, "ok2").with_columns(ok=pl.col("ok") & pl.col("ok2")).drop("ok2", "pday")
    if sel.having or sel.lacking:  # a holder is asked for its own moment, whatever it waited for (17a)
        own_at = {"_at": "at"} if "at" in rows.columns else {}
        rows = with_counterparts(ctx, rows.with_columns(**own_at), sel)
        rows = rows.with_columns(at="_at") if own_at else rows
    if sel.by and sel.source not in POPULATIONS:
        rows = rows.with_columns(ok=pl.col("ok") & in_role(ctx, rows, sel.by, "grid", "subject", "on"))
    rows = possible(rows)
    if sel.source not in POPULATIONS:
        rows = rows.with_columns(start="day", end=pl.lit(None, pl.Int32), id=pl.col("seq").cast(pl.String))
    rows = with_lacks(rows.with_columns(sure=pl.col("ok").fill_null(False)), sel.when, sel.by, sure="sure")
    fields = [c for c in rows.columns if c.startswith("f.") and not c.startswith("f.__")]
    if sel.source in POPULATIONS:  # a field that no rule names need not be carried along
        fields = [c for c in fields if c[2:] in named_in(ctx)]
    return rows.select(
        pl.lit(sel.source).alias("holder_kind"),
        pl.col("id").alias("holder"),
        "grid",
        "subject",
        "actor",
        "start",
        "end",
        "sure",
        pl.col("lacks_").alias("lacks"),
        *[pl.col(c).alias(f"h.{c[2:]}") for c in fields],
        *(["at", "seq"] if "seq" in rows.columns else []),
    )


def _known(ctx: Context, sel: Selector) -> frozenset[str] | None:
    """Who of a population is asked at all; None: everybody."""
    return ctx.scope.known if ctx.scope is not None and sel.source in POPULATIONS else None


def period_table(ctx: Context, every: Every, during: str | None = None, excluded: str | None = None) -> pl.DataFrame:
    """The periods that share a day with the window and have begun: `label pstart pend phome begin finish over`."""
    key = ("periods", ctx.as_of, every, during, excluded)
    found: pl.DataFrame = ctx.memo(key, lambda: _period_table(ctx, every, during, excluded))
    return found


def _period_table(ctx: Context, every: Every, during: str | None, excluded: str | None) -> pl.DataFrame:
    periods = periods_between(ctx.snap.window_from, ctx.today_end, every)
    if every.unit == "workday":
        from wuding.domain.calendar import is_workday

        country = workday_country(ctx)
        periods = [p for p in periods if is_workday(country, p.start)]
    for season, wanted in ((during, True), (excluded, False)):
        if season is not None and periods:
            days = days_of_season(ctx, season, periods[0].start, periods[-1].end)
            inside = [2 * sum(d in days for d in range(p.start, p.end)) >= p.days for p in periods]
            periods = [p for p, yes in zip(periods, inside, strict=True) if yes == wanted]
    frame = pl.DataFrame(
        [(p.label, p.start, p.end, home_day(p, every)) for p in periods],
        schema={"label": pl.String, "pstart": pl.Int32, "pend": pl.Int32, "phome": pl.Int32},
        orient="row",
    )
    frame = frame.with_columns(
        begin=start_of(ctx, frame.get_column("pstart")), finish=start_of(ctx, frame.get_column("pend"))
    )
    return frame.with_columns(over=pl.col("finish") <= ctx.as_of)


def asked_by_period(
    ctx: Context,
    head: Head,
    sel: Selector,
    every: Every,
    during: str | None = None,
    excluded: str | None = None,
    partial: str = "half",
) -> pl.DataFrame:
    """One row per holder and period that shares a day with holder and rule; `owed` when enough days do."""
    versions = holders(ctx, sel)
    periods = period_table(ctx, every, during, excluded)
    rule_from, rule_to = valid_days(ctx, head.valid_from, head.valid_to)
    pairs = asked_in(ctx.scope, versions, periods)
    first = pl.max_horizontal(pl.col("start").fill_null(-FAR), "pstart", pl.lit(rule_from))
    last = pl.min_horizontal(pl.col("end").fill_null(FAR), "pend", pl.lit(rule_to))
    pairs = pairs.with_columns(first=first, days=last - first).filter(pl.col("days") > 0)
    if versions.get_column("holder").is_duplicated().any():
        pairs = _one_row_each(pairs)
    owed = _enough("days", partial)
    return (
        pairs.with_columns(owed=owed, pday="pstart", mday=pl.col("pend") - 1)
        .drop("days", "first", "start", "end")
        .with_row_index("ask")
    )


def _enough(days: str, partial: str) -> pl.Expr:
    """Do the days in this column make the period owed (semantics 8)?"""
    whole = pl.col("pend") - pl.col("pstart")
    if partial == "half":
        return pl.col(days) * 2 >= whole
    return pl.col(days) > 0 if partial == "any" else pl.col(days) == whole


def _one_row_each(pairs: pl.DataFrame) -> pl.DataFrame:
    """Adds up the days of a holder's versions; the fields are those of the earliest version in the period. What is
    unsure of one of them is unsure of the holder (8a)."""
    key = ["holder", "pstart"]
    total = pairs.group_by(key).agg(
        days=pl.col("days").sum(), sure=pl.col("sure").all(),
        lacks=pl.col("lacks").explode().drop_nulls().unique().sort(),
        start=_open_min("start"), end=_open_max("end"),
    )  # fmt: skip
    earliest = pairs.sort("first").unique(key, keep="first", maintain_order=True)
    return earliest.drop("days", "sure", "lacks", "start", "end").join(total, on=key, maintain_order="left")


def _open_min(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).min())


def _open_max(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).max())


FINDING_KEYS = ("holder_kind", "holder", "grid", "subject", "actor")
