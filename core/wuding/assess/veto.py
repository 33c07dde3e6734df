"""Veto: one cause disqualifies its holder (semantics 22, V1 to V3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from wuding.assess.frame import as_json, oldest_names, shaped, with_ids
from wuding.domain.number import plain
from wuding.domain.period import Every, period_of, to_date, to_day
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.counterparts import candidates
from wuding.engines.columnar.days import by_value, day_of, due_after, start_of, valid_days
from wuding.engines.columnar.exact import prepare, reads
from wuding.engines.columnar.holding import in_role
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import ancestor_at, holds_on, in_book
from wuding.engines.columnar.scope import asked_of, inside, listed
from wuding.engines.columnar.things import conjuncts, judged, possible, shared, with_lacks
from wuding.lang.nodes import And, Cond, Duration, Field
from wuding.program.model import Selector, Veto

YEAR = Every("year")


def veto(ctx: Context, rule: Veto) -> pl.DataFrame:
    """The findings of a veto rule."""
    struck = strikes(ctx, rule)
    rows = _counted(ctx, rule, struck) if rule.every is not None else _each(ctx, rule, struck)
    return shaped(ctx, rule, rows)


def strikes(ctx: Context, rule: Veto) -> pl.DataFrame:
    """The causes of a veto (see `caused`), each with the `holder` that it strikes."""
    causes = caused(ctx, rule.cause)
    if rule.lasts == "year":
        causes = _each_year(ctx, causes)
    valid_from, valid_to = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    # It strikes on the day of its moment; the day that decides its period may be another (17: a week's Thursday).
    causes = causes.with_columns(on=day_of(ctx, causes, "at"))
    causes = causes.filter(pl.col("on").is_between(valid_from, valid_to, closed="left"))
    if ctx.scope is not None and rule.every is None:
        causes = causes.filter(pl.col("cause").is_in(listed(ctx.scope.cases).implode()))
    rows = _struck(ctx, rule, in_book(ctx, causes, "on")).drop("on")
    return asked_of(ctx.scope, rows) if rule.every is not None else rows


def caused(ctx: Context, sel: Selector) -> pl.DataFrame:
    """The causes: `cause grid subject actor at home certain lacks_ until gap`, `at` being the moment each struck."""
    growing = [c for c in conjuncts(sel.when) if any(isinstance(t, Field) and t.name == "days" for t in reads(c))]
    rest = tuple(c for c in conjuncts(sel.when) if c not in growing)
    plain_sel = Selector(
        sel.source, sel.names, And(rest) if rest else None, sel.by, sel.same, sel.within, sel.having, sel.lacking
    )
    rows = candidates(ctx, plain_sel).with_columns(pday="on", **{"a.grid": "grid"})
    cond = shared(plain_sel)
    if cond is not None:
        rows = with_params(ctx, rows, params_in(cond), "pday")
        rows = judged(ctx, rows, cond, "ok2").with_columns(ok=pl.col("ok") & pl.col("ok2"))
    if sel.by:
        rows = rows.with_columns(ok=pl.col("ok") & in_role(ctx, rows, sel.by, "grid", "subject", "on"))
    rows = possible(rows)
    if sel.source == "finding":
        named = with_ids(_as_findings(rows), ctx.program.book, oldest_names(ctx.program))
        rows = rows.with_columns(
            cause=named.get_column("id"), gap=(pl.col("section") == "charter") & pl.col("f.days").is_not_null()
        )
        rows = _grown(ctx, rows, growing)
    else:
        rows = rows.with_columns(cause=pl.col("seq").cast(pl.String), gap=pl.lit(False), end=pl.lit(None, pl.Int64))
    rows = with_lacks(rows.with_columns(certain=pl.col("ok").fill_null(False)), sel.when, sel.by)
    return rows.select(
        "cause",
        "grid",
        "subject",
        "actor",
        "at",
        "home",
        "gap",
        until=pl.when("gap").then("end"),
        certain="certain",
        lacks_="lacks_",
    )


def _as_findings(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "holder", "episode",
        **{n: pl.col(f"f.{n}") for n in ("rule", "variant", "step", "case", "period")},
    )  # fmt: skip


def _grown(ctx: Context, rows: pl.DataFrame, growing: list[Cond]) -> pl.DataFrame:
    """A gap strikes on the first day on which the condition on its `days` held; that day is its moment (V1)."""
    gaps = rows.filter("gap")
    longest = gaps.get_column("f.days").max()
    if gaps.is_empty() or longest is None:
        return rows
    first = 1
    table = pl.DataFrame({"f.days": range(1, int(str(longest)) + 1)}, schema={"f.days": pl.Int32})
    for cond in growing:
        table = with_params(ctx, table.with_columns(pday=pl.lit(ctx.today_end - 1)), params_in(cond), "pday")
        ready, judged_cond = prepare(table, cond)
        table = judged(ctx, ready, judged_cond, "_ok").filter(pl.col("_ok").fill_null(False)).drop("_ok")
    starts = table.get_column("f.days").sort()
    if starts.is_empty():
        return rows.filter(~pl.col("gap"))
    first = int(starts[0])
    gaps = gaps.filter(pl.col("f.days") >= first)
    begun = day_of(ctx, gaps, "start")
    moment = begun + first - 1
    gaps = gaps.with_columns(home=moment.cast(pl.Int32), at=start_of(ctx, moment.cast(pl.Int32)))
    others = rows.filter(~pl.col("gap").fill_null(False))
    return pl.concat([others, gaps.select(others.columns)])


# ── whom it strikes ──────────────────────────────────────────────────────────────────────────────
def _struck(ctx: Context, rule: Veto, causes: pl.DataFrame) -> pl.DataFrame:
    """The causes with the `holder` each strikes."""
    if rule.strikes == "subject":
        frames = [f.select("id", "start", "end", _grid="grid") for f in ctx.snap.subjects.values()]
        if not frames:
            return causes.clear().with_columns(holder="subject", holder_kind=pl.lit("subject"))
        there = causes.join(pl.concat(frames), left_on="subject", right_on="id").filter(holds_on(pl.col("on")))
        rows = there.with_columns(grid="_grid").drop("start", "end", "_grid")
        return rows.with_columns(holder="subject", holder_kind=pl.lit("subject"), actor=pl.lit(None, pl.String))
    if rule.strikes == "post":
        posts = ctx.snap.posts.select("person", "start", "end", holder="id", _grid="grid", _about="subject")
        rows = causes.join(posts, left_on="actor", right_on="person").filter(holds_on(pl.col("on")))
        rows = rows.with_columns(holder_kind=pl.lit("post"), grid="_grid", subject="_about")
        return rows.drop("start", "end", "_grid", "_about")
    rows = ancestor_at(ctx, causes, rule.strikes, "on", "holder").filter(pl.col("holder").is_not_null())
    return rows.with_columns(
        holder_kind=pl.lit("grid"), grid="holder", subject=pl.lit(None, pl.String), actor=pl.lit(None, pl.String)
    )


def _each(ctx: Context, rule: Veto, rows: pl.DataFrame) -> pl.DataFrame:
    """One finding for each cause and each time that it strikes (V1)."""
    nth = pl.int_range(1, pl.len() + 1, dtype=pl.Int32)
    rows = rows.sort("at").with_columns(episode=nth.over("holder_kind", "holder", "cause"))
    status = pl.when("certain").then(pl.lit("struck")).otherwise(pl.lit("undetermined"))
    rows = rows.with_columns(home=day_of(ctx, rows, "at"))
    rows = rows.with_columns(status=status, end=_until(ctx, rule, rows))
    return rows.select(
        "holder_kind",
        "holder",
        "grid",
        "subject",
        "actor",
        "status",
        "episode",
        "home",
        "at",
        "end",
        case="cause",
        start="at",
        missing=pl.when("certain").then([]).otherwise("lacks_"),
        detail=pl.lit(_effects(rule)),
    )


def _each_year(ctx: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """The causes, those that are gaps once more at each New Year that they last to see (V2)."""
    again = rows.filter("gap")
    last = again.select(pl.coalesce(pl.col("until") - 1, pl.lit(ctx.as_of - 1)).alias("last"))
    years = _years(ctx, again.get_column("home"), day_of(ctx, last, "last"))
    again = again.with_columns(_year=years).explode("_year").drop_nulls("_year")
    home = by_value(again.get_column("_year"), lambda year: to_day(date(year, 1, 1)), pl.Int32)
    again = again.with_columns(home=home, at=start_of(ctx, home))
    return pl.concat([rows, again.select(rows.columns)])


def _years(ctx: Context, first: pl.Series, last: pl.Series) -> pl.Series:
    spans = [
        list(range(to_date(a).year + 1, to_date(b).year + 1))
        for a, b in zip(first.to_list(), last.to_list(), strict=True)
    ]
    return pl.Series("_year", spans, dtype=pl.List(pl.Int32))


def _counted(ctx: Context, rule: Veto, rows: pl.DataFrame) -> pl.DataFrame:
    """The `times`-th cause of a period strikes; the finding is named by the period."""
    assert rule.every is not None
    every = rule.every
    labels = by_value(rows.get_column("home"), lambda day: period_of(day, every).label, pl.String)
    rows = rows.with_columns(period=labels).sort("at", "cause")
    if ctx.scope is not None:
        rows = rows.filter(inside(replace(ctx.scope, cases=frozenset())))
    key = ["holder_kind", "holder", "period"]

    def nth(column: str, among: pl.Expr) -> pl.Expr:
        return pl.col(column).filter(among).get(rule.times - 1, null_on_oob=True)

    sure, every_one = pl.col("certain"), pl.lit(True)
    grouped = rows.group_by(key, maintain_order=True).agg(
        pl.col("grid").first(), pl.col("subject").first(), pl.col("actor").first(),
        low=pl.col("certain").sum().cast(pl.Int64), high=pl.len().cast(pl.Int64),
        sure_at=nth("at", sure), any_at=nth("at", every_one),
        sure_until=nth("until", sure), any_until=nth("until", every_one),
        lacks_=pl.col("lacks_").filter(~pl.col("certain")).explode().drop_nulls().unique().sort(),
    ).filter(pl.col("high") >= rule.times)  # fmt: skip
    certain = pl.col("low") >= rule.times
    grouped = grouped.with_columns(
        status=pl.when(certain).then(pl.lit("struck")).otherwise(pl.lit("undetermined")),
        at=pl.when(certain).then("sure_at").otherwise("any_at"),
        until=pl.when(certain).then("sure_until").otherwise("any_until"),
        missing=pl.when(certain).then([]).otherwise("lacks_"),
    )  # fmt: skip
    grouped = grouped.with_columns(home=day_of(ctx, grouped, "at"))
    grouped = grouped.with_columns(end=_until(ctx, rule, grouped))
    return grouped.select(
        *key, "grid", "subject", "actor", "status", "low", "high", "at", "home", "end", "missing", start="at",
        detail=pl.lit(_effects(rule)),
    )  # fmt: skip


def _until(ctx: Context, rule: Veto, rows: pl.DataFrame) -> pl.Series:
    """The instant until which each strike stands; null: for ever (V2)."""
    if isinstance(rule.lasts, Duration):
        return due_after(ctx, rows, "at", rule.lasts)
    if rule.lasts == "until-fixed":
        return rows.get_column("until")
    return start_of(ctx, by_value(rows.get_column("home"), lambda day: period_of(day, YEAR).end, pl.Int32))


def _effects(rule: Veto) -> str:
    return as_json(
        effects={
            "score": None if rule.score is None else plain(rule.score),
            "cap": None if rule.cap is None else plain(rule.cap),
            "bars": list(rule.bars),
            "lists": list(rule.lists),
        }
    )
