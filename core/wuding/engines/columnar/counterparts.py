"""Things judged by themselves and by their counterparts, before it is asked for whom they count (`with`, `without`;
semantics 13, 14a)."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from wuding.domain.period import Every
from wuding.engines.columnar.context import PLACES, Context
from wuding.engines.columnar.days import day_of, due_after
from wuding.engines.columnar.facts import fact_scan, in_one_piece, narrowed
from wuding.engines.columnar.holding import acted_for
from wuding.engines.columnar.links import (
    POPULATIONS,
    case_named,
    case_of,
    matter_keys,
    of_their_days,
    period_starts,
    thing_column,
)
from wuding.engines.columnar.params import params_in, with_params
from wuding.engines.columnar.places import about, holds_on
from wuding.engines.columnar.things import (
    judged,
    judged_lazily,
    own,
    possible,
    reads_holder,
    shared,
    things,
    written_out,
)
from wuding.lang.nodes import Duration
from wuding.program.model import NOWHERE, Selector


def candidates(ctx: Context, sel: Selector) -> pl.DataFrame:
    """The things that may meet the selector, their own condition and counterparts judged; holders not yet."""
    if sel.source in POPULATIONS or not (sel.having or sel.lacking):
        return alone(ctx, sel)  # the counterparts of what stands depend on the moment asked: see `_accompanied`

    def make() -> pl.DataFrame:
        return with_counterparts(ctx, alone(ctx, sel), sel)

    # Findings of other rules do not change once assessed, so the selector itself is the key.
    found: pl.DataFrame = ctx.memo(("candidates", sel, ctx.narrow), make) if not asks_holder(sel) else make()
    return found


def alone(ctx: Context, sel: Selector) -> pl.DataFrame:
    """The things that may meet the selector's own condition; counterparts and holders not yet."""
    if sel.source == "fact" and len(sel.names) == 1 and sel.names[0] in ctx.once:
        return _read_once(ctx, sel)
    key = replace(sel, having=(), lacking=(), by=(), same=None, within=None, distinct=None, span=NOWHERE)
    found: pl.DataFrame = ctx.memo(
        ("alone", key, ctx.narrow), lambda: written_out(possible(judged(ctx, things(ctx, sel), own(sel))))
    )
    return found


def _read_once(ctx: Context, sel: Selector) -> pl.DataFrame:
    """The same of facts that nobody asks for again: what cannot meet the condition is left out while they are read."""
    found = judged_lazily(ctx, fact_scan(ctx, sel.names[0]), own(sel)).filter(pl.col("ok").fill_null(True)).collect()
    day = day_of(ctx, found, "at").alias("day").rechunk()
    return written_out(in_one_piece(found)).with_columns(day, home=day, on=day)


def asks_holder(sel: Selector) -> bool:
    """Does a counterpart's condition read the holder?"""
    others = (*sel.having, *sel.lacking)
    return any(reads_holder(o.when) or asks_holder(o) for o in others)


def with_counterparts(ctx: Context, rows: pl.DataFrame, sel: Selector) -> pl.DataFrame:
    """The rows judged by all counterparts of the selector. Windows start at the thing itself; what waits for several
    stands at the end of the last (13)."""
    timed = "at" in rows.columns and sum(isinstance(o.within, Duration) for o in (*sel.having, *sel.lacking)) > 1
    if timed:
        rows = rows.with_columns(_since="at")
    for other, wanted in [*((o, True) for o in sel.having), *((o, False) for o in sel.lacking)]:
        rows = possible(correlated(ctx, rows, sel, other, wanted=wanted))
    return rows.drop("_since") if timed else rows


def correlated(
    ctx: Context,
    rows: pl.DataFrame,
    sel: Selector,
    other: Selector,
    *,
    wanted: bool,
    every: Every | None = None,
    bounded: bool = False,
) -> pl.DataFrame:
    """`ok` of the rows joined with: is there (`wanted`) or is there not a counterpart `other`?

    A window (`within`) starts at the thing; a thing that waits for one to end is left out until it has, and
    then stands at its end (semantics 13). `bounded`: counterparts count within the
    period (`every`) or up to the moment that is asked of."""
    if bounded and every is None and "upto" in rows.columns:
        rows = rows.with_columns(_until="upto")
    if every is None and _gathered(rows, sel, other):
        found = _places_with(ctx, rows, sel, other)
        rows = rows.join(found, on=sel.source, how="left", maintain_order="left")
        rows = rows.with_columns(ok=pl.col("ok") & _exists(wanted))
        return rows.drop("_yes", *(["_until"] if bounded and "_until" in rows.columns else []))
    rows = rows.with_row_index("_row")
    window = other.within if isinstance(other.within, Duration) and "at" in rows.columns else None
    since = "_since" if "_since" in rows.columns else "at"
    if window is not None:
        rows = rows.with_columns(_end=due_after(ctx, rows, since, window))
    pairs = _pairs(ctx, rows, sel, other)
    if sel.source == other.source == "fact":
        pairs = pairs.filter(pl.col("seq") != pl.col("seq.o"))
    if window is not None:
        inside = pl.col("at.o").is_between(pl.col(since), pl.col("_end")) if "at.o" in pairs.columns else pl.lit(False)
        pairs = pairs.filter(inside)
    if bounded and every is not None and "at.o" in pairs.columns:
        pairs = pairs.filter(period_starts(pairs.get_column("home.o"), every) == pl.col("pstart"))
    if "_until" in pairs.columns and "at.o" in pairs.columns:
        pairs = pairs.filter((pl.col("at.o") < pl.col("_until")).fill_null(True))
    pairs = _mates_judged(ctx, pairs, sel, other)
    found = pairs.group_by("_row").agg(_yes=pl.col("ok.o").fill_null(False).any())
    rows = rows.join(found, on="_row", how="left", maintain_order="left")
    rows = rows.with_columns(ok=pl.col("ok") & _exists(wanted))
    if window is not None:
        waiting = pl.col("_end") >= ctx.as_of
        if wanted:
            rows = rows.filter(~(waiting & pl.col("_yes").is_null()))
        else:
            rows = rows.filter(~waiting).with_columns(at=pl.max_horizontal("at", "_end"))
            rows = rows.with_columns(home=day_of(ctx, rows, "at"))
        rows = rows.drop("_end")
    return rows.drop("_row", "_yes", *(["_until"] if bounded and "_until" in rows.columns else []))


def _exists(wanted: bool) -> pl.Expr:
    """Is there a counterpart (or none, as wanted), by `_yes`: one for certain, one perhaps (false), none (null)?"""
    found = pl.when(pl.col("_yes").is_null()).then(False).when(pl.col("_yes")).then(True).otherwise(None)
    return found if wanted else ~found


def _gathered(rows: pl.DataFrame, sel: Selector, other: Selector) -> bool:
    """Is a counterpart of a grid or subject whatever fact lies there, up to one moment for all?"""
    if sel.source not in ("grid", "subject") or other.source != "fact" or len(other.names) != 1:
        return False
    plain = not (other.having or other.lacking or other.by) and other.same is None and other.within is None
    return plain and shared(other) is None and ("_until" not in rows.columns or rows["_until"].n_unique() < 2)


def _places_with(ctx: Context, rows: pl.DataFrame, sel: Selector, other: Selector) -> pl.DataFrame:
    """The grids or subjects of the rows that have counterparts, and whether one of them is certain (`_yes`). A rule
    that is assessed for a scope alone asks what the last check found, where that was kept."""
    if rows.is_empty():
        return pl.DataFrame(schema={sel.source: pl.String, "_yes": pl.Boolean})
    until = rows["_until"][0] if "_until" in rows.columns else None
    key = (PLACES, sel.source, other, until)
    known = ctx.cache.get(key) if ctx.scope is not None else None
    if known is not None:
        return about(known, sel.source, rows)
    found = places_with(ctx, sel.source, other, until)
    if narrowed(ctx, other.names[0]) is None:
        ctx.cache[key] = found
    return found


def places_with(ctx: Context, source: str, other: Selector, until: int | None) -> pl.DataFrame:
    """The same of all grids or subjects: facts are gathered by place while they are read, so that neither they nor
    their pairs with the rows need be held."""
    facts = judged_lazily(ctx, fact_scan(ctx, other.names[0]), own(other)).filter(pl.col("ok").fill_null(True))
    if until is not None:
        facts = facts.filter(pl.col("at") < until)
    found = facts.group_by(source).agg(_yes=pl.col("ok").fill_null(False).any())
    return found.drop_nulls(source).collect(engine="streaming")


def with_more(found: pl.DataFrame, more: pl.DataFrame, source: str) -> tuple[pl.DataFrame, pl.Series]:
    """What was found of some facts and of `more` of them together; and of which places that is something else."""
    again = pl.col(source).is_in(more.get_column(source).implode())
    before = found.filter(again)
    both = pl.concat([before, more]).group_by(source).agg(pl.col("_yes").any())
    moved = both.join(before, on=[source, "_yes"], how="anti").get_column(source)
    return pl.concat([found.filter(~again), both]), moved


def _pairs(ctx: Context, rows: pl.DataFrame, sel: Selector, other: Selector) -> pl.DataFrame:
    """Each row with each counterpart that belongs to it; the counterpart's columns end in `.o`."""
    mates = alone(ctx, other) if _nested(rows, other) else candidates(ctx, other)
    return joined(ctx, rows, mates, sel, other)


def joined(ctx: Context, rows: pl.DataFrame, mates: pl.DataFrame, sel: Selector, other: Selector) -> pl.DataFrame:
    """Each thing of `sel` with each of the `mates`, things of `other`, that belongs to it (14a)."""
    mates = mates.rename({c: f"{c}.o" for c in mates.columns})
    if other.same is not None:
        keys = [thing_column(n) for n in other.same]
        return _matched(rows, mates, keys)
    if sel.source in POPULATIONS:
        pairs = _matched(rows, mates, [{"grid": "grid", "subject": "subject", "post": "actor"}[sel.source]])
        return of_their_days(ctx, pairs, "id", "on.o") if sel.source == "post" and "on.o" in pairs.columns else pairs
    keys = _shared_keys(ctx, sel, other)
    if keys:
        return _matched(rows, mates, keys)
    if sel.source == "fact" and other.source == "finding":
        return _told_of(ctx, rows, mates, other)
    return _of_matter(rows, mates)


def _of_matter(rows: pl.DataFrame, mates: pl.DataFrame) -> pl.DataFrame:
    """Each row with those of the mates that name its subject, or its grid where it names none."""
    about = _matched(rows.filter(pl.col("subject").is_not_null()), mates, ["subject"])
    place = _matched(rows.filter(pl.col("subject").is_null()), mates, ["grid"])
    return pl.concat([about, place], how="diagonal_relaxed")


def _told_of(ctx: Context, facts: pl.DataFrame, mates: pl.DataFrame, other: Selector) -> pl.DataFrame:
    """Each fact with the findings that belong to it: those about itself, those of the keyed case that it names."""
    about = pl.col("holder_kind.o") == "fact"
    named = facts.with_columns(_id=pl.col("seq").cast(pl.String))
    own = _matched(named, mates.filter(about), ["_id"], ["holder.o"]).drop("_id")
    rest, keys = mates.filter(~about), case_of(ctx, other)
    if not keys:
        return pl.concat([own, _of_matter(facts, rest)], how="diagonal_relaxed")
    named = facts.with_columns(_case=case_named(facts, keys, "f"))
    return pl.concat([own, _matched(named, rest, ["_case"], ["case.o"]).drop("_case")], how="diagonal_relaxed")


def _matched(rows: pl.DataFrame, mates: pl.DataFrame, keys: list[str], theirs: list[str] | None = None) -> pl.DataFrame:
    """Each row with each of the mates whose columns (`.o`) equal its keys; all columns of both."""
    if not keys:
        return rows.join(mates, how="cross")
    theirs = theirs or [f"{k}.o" for k in keys]
    pairs = rows.join(mates, left_on=keys, right_on=theirs, how="inner", coalesce=True)
    return pairs.with_columns(pl.col(mine).alias(name) for mine, name in zip(keys, theirs, strict=True))


def _nested(rows: pl.DataFrame, other: Selector) -> bool:
    """Must the counterpart's own counterparts be judged pair by pair?"""
    if not (other.having or other.lacking):
        return False
    return other.source in POPULATIONS or "_until" in rows.columns or asks_holder(other)


def _mates_judged(ctx: Context, pairs: pl.DataFrame, sel: Selector, other: Selector) -> pl.DataFrame:
    """The pairs less those whose counterpart falls to what it takes the thing or the holder to know: the day on which
    grids, subjects and posts are looked at, roles, parameters (of its own day, 9), the holder, its own counterparts."""
    if other.source in POPULATIONS:
        day = "on" if "on" in pairs.columns else "mday" if "mday" in pairs.columns else None
        if day is not None:
            pairs = pairs.filter(holds_on(pl.col(day), "start.o", "end.o"))
    elif other.by:
        concerned = {"own": "grid", "about": "subject", "person": "actor"}
        deeds = pairs.select(actor="actor.o", on="on.o", grid="grid.o", subject="subject.o", **concerned)
        acted = acted_for(ctx, deeds, other.by, sel.source)
        pairs = possible(pairs.with_columns(_by=acted).with_columns(pl.col("ok.o") & pl.col("_by")), "ok.o")
    cond = shared(other)
    nested = _nested(pairs, other)
    if cond is None and not nested:
        return pairs
    pair = "_pair"
    while pair in pairs.columns:  # one of a pair may itself be asked for counterparts
        pair += "'"
    mates = sorted(c[:-2] for c in pairs.columns if c.endswith(".o"))
    kept = [c for c in pairs.columns if c.startswith(("h.", "a.")) or c in ("pstart", "_until", "mday")]
    day = next((d for d in ("on.o", "on", "mday") if d in pairs.columns), None)  # 9: its own, or that of the thing
    today = pl.lit(ctx.today_end - 1, pl.Int32)
    seen = pairs.with_row_index(pair).select(
        pair, *kept, *[pl.col(f"{m}.o").alias(m) for m in mates], pday=today if day is None else day
    )
    if cond is not None:
        seen = judged(ctx, with_params(ctx, seen, params_in(cond), "pday"), cond, "ok2")
        seen = possible(seen.with_columns(ok=pl.col("ok") & pl.col("ok2")).drop("ok2"))
    if nested:
        seen = with_counterparts(ctx, seen, other)
    pairs = pairs.with_row_index(pair).join(seen.select(pair, _seen="ok"), on=pair, how="inner")
    return pairs.with_columns(pl.col("_seen").alias("ok.o")).drop(pair, "_seen")


def _shared_keys(ctx: Context, sel: Selector, other: Selector) -> list[str]:
    if sel.source != "fact" or other.source != "fact":
        return []
    return [f"f.{k}" for k in sorted(matter_keys(ctx, sel) & matter_keys(ctx, other))]
