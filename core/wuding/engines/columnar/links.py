"""Who belongs to whom: each thing joined with those of the asked whom it concerns (semantics 14a, 17)."""

from __future__ import annotations

import polars as pl

from wuding.domain.period import Every, period_of
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import by_value
from wuding.engines.columnar.places import holds_on
from wuding.engines.terms import key_fields
from wuding.program.model import Escalation, Selector

BUILTIN_KEYS = ("grid", "subject", "actor")
POPULATIONS = ("grid", "subject", "post")


def linked(
    ctx: Context,
    found: pl.DataFrame,
    sel: Selector,
    asked: pl.DataFrame,
    kind: str,
    every: Every | None,
    subtree: bool,
    slim: bool = False,
) -> pl.DataFrame:
    """Each thing with each of the asked to which it belongs (semantics 14a, 17); `slim`: without the columns of the
    asked that it does not take to find that."""
    population = sel.source in POPULATIONS
    extra = [c for c in ("pday", "mday", "upto", "finish") if c in asked.columns]
    right = asked.select(
        "ask", *extra, *(["pstart"] if "pstart" in asked.columns else []),
        *[c for c in asked.columns if c.startswith("h.")],
        **{"a.grid": "grid", "a.subject": "subject", "a.actor": "actor", "a.holder": "holder"},
    )  # fmt: skip
    left_on: list[str] = []
    right_on: list[str] = []
    if every is not None and "pstart" in asked.columns and not population:
        found = found.with_columns(_p=period_starts(found.get_column("home"), every))
        left_on, right_on = ["_p"], ["pstart"]
    if sel.same is not None:
        pairs = [(thing_column(n), f"a.{n}" if n in BUILTIN_KEYS else f"h.{n}") for n in sel.same]
        mine, theirs = [*left_on, *[a for a, _ in pairs]], [*right_on, *[b for _, b in pairs]]
        if slim:
            right = right.select("ask", *extra, *dict.fromkeys(theirs))
        rows = join(found, right, mine, theirs)
    elif kind == "grid" and subtree:
        rows = _below(ctx, found, right, left_on, right_on, population)
    elif kind == "fact":
        facts = sel.source == "finding" and asked.get_column("holder_kind").eq("fact").all()  # not cases, which ask too
        rows = (_told_of if facts else _of_facts)(ctx, found, right, sel, left_on, right_on)
    elif kind == sel.source == "post":  # itself, not the other posts of its person
        rows = join(found, right, ["id"], ["a.holder"])
    else:
        key = {"grid": "grid", "subject": "subject", "post": "actor"}[kind]
        rows = join(found, right, [*left_on, key], [*right_on, f"a.{key}"])
    if kind == "post" and sel.same is None and not population:
        rows = of_their_days(ctx, rows, "a.holder", "on")
    return in_time(rows, population)


def of_their_days(ctx: Context, rows: pl.DataFrame, post: str, day: str) -> pl.DataFrame:
    """The rows whose day is one of the post's own, in the book or not, and wherever its grid then lay. (Of grids and
    subjects counts also what was before they began.)"""
    days = ctx.snap.posts.select("id", _s="start", _e="end")
    rows = rows.join(days, left_on=post, right_on="id", maintain_order="left")
    return rows.filter(holds_on(pl.col(day), "_s", "_e")).drop("_s", "_e")


def in_time(rows: pl.DataFrame, population: bool) -> pl.DataFrame:
    if population:
        return rows.filter(holds_on(pl.col("mday")) if "mday" in rows.columns else pl.lit(True))
    if "upto" in rows.columns:
        rows = rows.filter(pl.col("upto").is_null() | (pl.col("at") < pl.col("upto")))
    return rows


def join(left: pl.DataFrame, right: pl.DataFrame, left_on: list[str], right_on: list[str]) -> pl.DataFrame:
    # An inner join keeps the left keys alone; the asked ones are read later.
    if not left_on:  # `same: []` of grids, subjects, posts: everything belongs to everyone
        return left.join(right, how="cross", suffix=".asked")
    again = [pl.col(a).alias(b) for a, b in zip(left_on, right_on, strict=True)]
    return left.join(right, left_on=left_on, right_on=right_on, how="inner", suffix=".asked").with_columns(*again)


def _below(
    ctx: Context, found: pl.DataFrame, right: pl.DataFrame, left_on: list[str], right_on: list[str], population: bool
) -> pl.DataFrame:
    wanted = right.select("a.grid").unique()
    up = ctx.ancestors.join(wanted, left_on="ancestor", right_on="a.grid", how="semi").select(
        "grid", "ancestor", _s="start", _e="end"
    )
    if not population:  # what happened in a grid belongs to it, also where it was recorded before the grid began
        own = wanted.select(grid="a.grid", ancestor="a.grid", _s=None, _e=None)
        up = pl.concat([up.filter(pl.col("grid") != pl.col("ancestor")), own.cast(up.schema)])
    rows = found.join(up, on="grid")
    if population:
        rows = rows.with_columns(start=pl.max_horizontal("start", "_s"), end=pl.min_horizontal("end", "_e"))
    else:
        rows = rows.filter(holds_on(pl.col("on"), "_s", "_e"))
    rows = join(rows, right, [*left_on, "ancestor"], [*right_on, "a.grid"])
    return rows.drop("ancestor", "_s", "_e")


def _of_facts(
    ctx: Context, found: pl.DataFrame, right: pl.DataFrame, sel: Selector, left_on: list[str], right_on: list[str]
) -> pl.DataFrame:
    matter = {f"h.{name}" for name in matter_keys(ctx, sel) if f"f.{name}" in found.columns}
    keys = [column for column in right.columns if column in matter]
    if keys:
        return join(found, right, [*left_on, *[f"f.{k[2:]}" for k in keys]], [*right_on, *keys])
    about = join(
        found, right.filter(pl.col("a.subject").is_not_null()), [*left_on, "subject"], [*right_on, "a.subject"]
    )
    place = join(found, right.filter(pl.col("a.subject").is_null()), [*left_on, "grid"], [*right_on, "a.grid"])
    return pl.concat([about, place], how="diagonal_relaxed")


def _told_of(
    ctx: Context, found: pl.DataFrame, right: pl.DataFrame, sel: Selector, left_on: list[str], right_on: list[str]
) -> pl.DataFrame:
    """Findings with the facts to which they belong: one about a fact to that, one of a keyed case to those that name
    the case."""
    about = pl.col("holder_kind") == "fact"
    own = join(found.filter(about), right, [*left_on, "holder"], [*right_on, "a.holder"])
    rest, keys = found.filter(~about), case_of(ctx, sel)
    if not keys:
        return pl.concat([own, _of_facts(ctx, rest, right, sel, left_on, right_on)], how="diagonal_relaxed")
    right = right.with_columns(_case=case_named(right, keys, "h"))
    return pl.concat([own, join(rest, right, [*left_on, "case"], [*right_on, "_case"])], how="diagonal_relaxed")


def case_of(ctx: Context, sel: Selector) -> tuple[str, ...]:
    """The key fields of the cases whose findings the selector names; none where it names others too."""
    if sel.source != "finding":
        return ()
    wanted = {name.partition(".")[0] for name in sel.names}
    cases = {r.case if isinstance(r, Escalation) else () for r in ctx.program.rules if r.head.id in wanted}
    return cases.pop() if len(cases) == 1 else ()


def case_named(rows: pl.DataFrame, keys: tuple[str, ...], prefix: str) -> pl.Expr:
    """The name of the case that the rows name in their columns `prefix.key`; null where one is missing."""
    names = [pl.col(c).cast(pl.String) if c in rows.columns else pl.lit(None) for c in (f"{prefix}.{k}" for k in keys)]
    return pl.concat_str(names, separator="/")


def matter_keys(ctx: Context, sel: Selector) -> set[str]:
    """The key fields of the selector's fact types: those that identify the matter, and references."""
    if sel.source != "fact":
        return set()
    return set.intersection(*[set(key_fields(ctx.program.domain.facts[n])) for n in sel.names])


def thing_column(name: str) -> str:
    return name if name in BUILTIN_KEYS else f"f.{name}"


def period_starts(days: pl.Series, every: Every) -> pl.Series:
    """The first day of the period in which each day falls."""
    return by_value(days, lambda day: period_of(day, every).start, pl.Int32)
