"""Facts as a rule reads them: of their types only the columns that some rule names, of a rule that is assessed for a
scope only what can count there."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.instants import day_start_us
from wuding.engines.columnar.context import SHORT, Context
from wuding.engines.columnar.days import day_of
from wuding.engines.columnar.index import case_key, when
from wuding.engines.columnar.scope import Narrow, listed
from wuding.engines.frames import schema_of
from wuding.program.model import Thing


def thing_type(ctx: Context, name: str) -> tuple[tuple[str, str], Thing]:
    """Where facts of a type are kept, and what they look like. The built-in types are the core's."""
    from wuding.program.builtin import FACTS

    domain = CORE if name in FACTS else ctx.program.domain.name
    return (domain, name), ctx.program.domain.facts.get(name) or FACTS[name]


def facts_of(ctx: Context, name: str) -> pl.DataFrame:
    """The facts of one type that happened by `as_of`, with their local `day`; of those that the rule being assessed
    need not read, none."""

    def read() -> pl.DataFrame:
        frame = fact_scan(ctx, name).collect()
        day = day_of(ctx, frame, "at").alias("day").rechunk()
        return in_one_piece(frame).with_columns(day)

    found: pl.DataFrame = ctx.memo(("facts", name, narrowed(ctx, name)), read)
    return found


def fact_scan(ctx: Context, name: str) -> pl.LazyFrame:
    """The same, not read yet, and without the day: for who looks at few columns of them, once."""
    narrow = narrowed(ctx, name)
    known = ctx.cache.get(("facts", name, narrow))
    if known is not None:
        return known.lazy().drop("day")  # type: ignore[no-any-return]
    key, thing = thing_type(ctx, name)
    lazy = ctx.snap.facts.get(key)
    if lazy is None:
        lazy = pl.LazyFrame(schema=schema_of(thing.fields))
    named = named_in(ctx)
    holds = thing.holds or ()
    names = lazy.collect_schema().names()
    keys = {*holds, *thing.key, *(f.name for f in thing.fields.values() if f.type in ("id", "ref"))}
    unread = set() if key[0] == CORE or "recorded_at" in named else {"recorded"}
    keep = [c for c in names if not c.startswith("f.") or c[2:] in named | keys or key[0] == CORE]
    lazy = lazy.filter(pl.col("at") <= ctx.as_of)
    if narrow is not None:
        lazy = lazy.filter(_wanted(ctx, name, narrow))
    return lazy.select(c for c in keep if c not in unread)


def narrowed(ctx: Context, name: str) -> Narrow | None:
    """What need be read of a fact type, or of a rule's findings; None: everything."""
    return ctx.narrow if ctx.narrow is not None and name in ctx.narrow.names else None


def _wanted(ctx: Context, name: str, narrow: Narrow) -> pl.Expr:
    wanted = [at_grids(narrow)]
    if narrow.days is not None:
        first, last = (day_start_us(day, ctx.zone) for day in narrow.days)
        wanted.append((pl.col("at") >= first) & (pl.col("at") < last))
    if narrow.cases is not None:
        index = ctx.cache.get(("index", name, narrow.key))
        if index is not None:
            wanted.append(when(index, narrow.cases))
        wanted.append(case_key(narrow.key).is_in(listed(narrow.cases).implode()).fill_null(True))
    return pl.all_horizontal(wanted)


def at_grids(narrow: Narrow) -> pl.Expr:
    """Which rows lie in the grids that are looked at."""
    return pl.lit(True) if narrow.grids is None else pl.col("grid").is_in(narrow.grids.implode())


def named_in(ctx: Context) -> set[str]:
    """Every text in the rules and parameters."""
    found: set[str] = ctx.memo(
        "named", lambda: words_of(ctx.program.rules) | words_of(tuple(ctx.program.parameters.values()))
    )
    return found


def in_one_piece(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with each column in one piece. A file comes in pieces, and where two columns are cut differently,
    Polars joins the pieces of all of them anew at every step (forty times the cost of a comparison, measured). One
    column at a time, so that never more than one is held twice; the frame given is used up."""
    if frame.height < SHORT:
        return frame.rechunk()
    names, nothing = frame.columns, dict[str, pl.Expr]()
    for name in names:
        if frame.height and frame.get_column(name).null_count() == frame.height:  # one null stands for all
            nothing[name] = pl.lit(None, frame.drop_in_place(name).dtype)
    whole = pl.DataFrame([frame.drop_in_place(name).rechunk() for name in frame.columns])
    return whole.with_columns(**nothing).select(names) if nothing else whole


def words_of(node: object) -> set[str]:
    """Every text inside a rule: a field that none of them names need not be read."""
    if isinstance(node, str):
        return {node}
    if is_dataclass(node) and not isinstance(node, type):
        return set().union(*(words_of(getattr(node, f.name)) for f in fields(node)))
    if isinstance(node, (tuple, list, set, frozenset)):
        return set().union(*(words_of(part) for part in node))
    if isinstance(node, dict):
        return words_of(tuple(node)) | words_of(tuple(node.values()))
    return set()
