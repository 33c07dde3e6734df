"""Facts matched with one another by frames: the columnar engine as a `Matcher` (semantics 28)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from wuding.domain.fact import Fact
from wuding.domain.number import SCALE
from wuding.engines.base import Match, Snapshot, involving
from wuding.engines.columnar.conditions import BUILTIN, column, leaves
from wuding.engines.columnar.context import Context, open_context
from wuding.engines.columnar.days import day_of, due_after
from wuding.engines.columnar.exact import reads
from wuding.engines.columnar.links import BUILTIN_KEYS
from wuding.engines.columnar.things import judged, possible
from wuding.engines.frames import DTYPES, frame_of, grid_frame, post_frame
from wuding.engines.terms import FactTerm, by_type, fact_terms, link, may_touch, thing_of, types_of, with_counterparts
from wuding.lang.nodes import Cond, Duration, Field
from wuding.program.model import Program

OPEN_COLUMN = pl.lit(None, pl.Boolean).alias("f.__open")


class Columnar:
    """The columnar engine as a `wuding.engines.base.Matcher`."""

    def matches(self, program: Program, facts: Sequence[Fact]) -> list[Match]:
        terms = fact_terms(program)
        return matched(program, terms, range(len(terms)), facts)

    def touched(self, program: Program, new_facts: Sequence[Fact], around: Sequence[Fact]) -> list[Match]:
        terms = fact_terms(program)
        wanted = may_touch(program, terms, new_facts)
        return involving(matched(program, terms, wanted, [*new_facts, *around]), new_facts)

    def close(self) -> None:
        """There is nothing to end."""


@dataclass(frozen=True)
class _Found:
    """`rows`: by type, the facts that are possible, `ok` true or null. `tuples`: `s0 s1 ... certain`."""

    rows: dict[str, pl.DataFrame]
    tuples: pl.DataFrame


def matched(program: Program, terms: Sequence[FactTerm], wanted: Sequence[int], facts: Sequence[Fact]) -> list[Match]:
    """The matches of the terms at the places wanted, sorted."""
    ctx = _context(program, facts)
    frames = {
        name: _with_day(ctx, frame_of(some, thing_of(program, name).fields))
        for name, some in by_type(program, facts).items()
    }
    found: dict[int, _Found] = {}
    for n in with_counterparts(terms, wanted):
        found[n] = _match(ctx, frames, terms, n, found)
    asked = set(wanted)
    return sorted(
        Match(terms[n].rule, terms[n].term, row[:-1], row[-1])
        for n, one in found.items()
        if n in asked
        for row in one.tuples.iter_rows()
    )


def _context(program: Program, facts: Sequence[Fact]) -> Context:
    """A context in which there is nothing but facts."""
    until = max((fact.at for fact in facts), default=0)
    nowhere = Snapshot(grid_frame(()), {}, post_frame(()), {}, until, program.zone, 0)
    return open_context(program, nowhere)


def _with_day(ctx: Context, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(day_of(ctx, frame, "at").alias("day"), OPEN_COLUMN)


def _match(
    ctx: Context, frames: dict[str, pl.DataFrame], terms: Sequence[FactTerm], n: int, found: dict[int, _Found]
) -> _Found:
    term = terms[n]
    rows = {
        name: possible(judged(ctx, _with_absent(frames[name], term.own), term.own))
        for name in types_of(ctx.program, term.sel)
        if name in frames
    }
    if not rows:
        return _Found({}, pl.DataFrame(schema={"s0": pl.Int64, "certain": pl.Boolean}))
    tuples = pl.concat(r.select(s0="seq", certain=pl.col("ok").fill_null(False)) for r in rows.values())
    for k, place in enumerate(term.having, 1):
        pairs = _pairs(ctx, rows, terms[place], found[place]).rename({"other": f"s{k}"})
        tuples = tuples.join(pairs, on="s0").with_columns(certain=pl.col("certain") & pl.col("sure")).drop("sure")
    for place in term.lacking:
        met = _pairs(ctx, rows, terms[place], found[place]).group_by("s0").agg(sure=pl.col("sure").any())
        tuples = tuples.join(met, on="s0", how="left").filter(~pl.col("sure").fill_null(False))
        tuples = tuples.with_columns(certain=pl.col("certain") & pl.col("sure").is_null()).drop("sure")
    tuples = tuples.select(*sorted(c for c in tuples.columns if c != "certain"), "certain")
    truth = tuples.group_by("s0").agg(pl.col("certain").any())
    best = pl.when("certain").then(True).alias("ok")
    rows = {
        name: r.drop("ok").join(truth, left_on="seq", right_on="s0").with_columns(best).drop("certain")
        for name, r in rows.items()
    }
    return _Found(rows, tuples)


def _with_absent(frame: pl.DataFrame, cond: Cond) -> pl.DataFrame:
    """The frame with an empty column for each field that its facts do not have."""
    asked = {t for t in reads(cond) if isinstance(t, Field)} | {
        t for leaf in leaves(cond) for t in vars(leaf).values() if isinstance(t, Field)
    }
    absent = {column(t): DTYPES[t.type] for t in asked if column(t) not in frame.columns}
    return frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in absent.items())


def _pairs(ctx: Context, rows: dict[str, pl.DataFrame], term: FactTerm, mates: _Found) -> pl.DataFrame:
    """`s0 other sure`: each fact with each counterpart that belongs to it and lies in its window."""
    window = term.sel.within if isinstance(term.sel.within, Duration) else None
    found = [pl.DataFrame(schema={"s0": pl.Int64, "other": pl.Int64, "sure": pl.Boolean})]
    for name, mine in rows.items():
        if window is not None:
            mine = mine.with_columns(_end=due_after(ctx, mine, "at", window))
        for other, theirs in mates.rows.items():
            joined = _linked(ctx, term, name, other, mine, theirs).filter(pl.col("s0") != pl.col("other"))
            if window is not None:
                joined = joined.filter(pl.col("at").is_between("from", "until"))
            found.append(joined.select("s0", "other", sure=pl.col("ok").fill_null(False)))
    return pl.concat(found)


def _linked(
    ctx: Context, term: FactTerm, name: str, other: str, mine: pl.DataFrame, theirs: pl.DataFrame
) -> pl.DataFrame:
    window = {"from": "at", "until": "_end"} if "_end" in mine.columns else {}
    names = link(ctx.program, term.sel, name, other)

    def joined(keys: Sequence[str], mine: pl.DataFrame) -> pl.DataFrame:
        left = mine.select(s0="seq", **window, **{f"k{k}": _key(ctx, n, name) for k, n in enumerate(keys)})
        right = theirs.select("at", "ok", other="seq", **{f"k{k}": _key(ctx, n, other) for k, n in enumerate(keys)})
        if not keys:
            return left.join(right, how="cross")
        return left.join(right, on=[f"k{k}" for k in range(len(keys))])

    if names is not None:
        return joined(names, mine)
    about = pl.col("subject").is_not_null()
    return pl.concat([joined(["subject"], mine.filter(about)), joined(["grid"], mine.filter(~about))])


def _key(ctx: Context, name: str, type_: str) -> pl.Expr:
    """A field by which facts belong together; numbers in millionths, as what is whole here may be exact there."""
    if name in BUILTIN_KEYS:
        return pl.col(name)
    declared = thing_of(ctx.program, type_).fields.get(name)
    if declared is None:
        return pl.col(BUILTIN[name]) if name in BUILTIN else pl.lit(None, pl.String)
    return pl.col(f"f.{name}") * SCALE if declared.type == "int" else pl.col(f"f.{name}")
