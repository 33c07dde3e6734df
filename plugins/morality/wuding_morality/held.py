"""Accounts with their movements, from the engine's frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from wuding.assess.obligations import FINDING_KEYS, holders
from wuding.domain.instants import local_day
from wuding.domain.number import SCALE
from wuding.domain.period import Every, period_of
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import FAR, valid_days
from wuding.engines.columnar.facts import thing_type
from wuding.engines.columnar.match import match
from wuding.engines.columnar.things import with_lacks
from wuding.program.model import Selector
from wuding_morality.account import Account
from wuding_morality.replay import Movement

Keys = dict[str, Any]  # a holder: the columns `FINDING_KEYS`


@dataclass(frozen=True)
class Held:
    """A holder's account (with `by`: for one value), with all its movements, whatever the period."""

    keys: Keys
    value: str
    movements: tuple[Movement, ...]


def asked_of(ctx: Context, rule: Account) -> pl.DataFrame:
    """The holders, each once, as the engine asks of them, with the days `a` to `b` on which they exist."""
    versions = holders(ctx, rule.holders).sort("start", nulls_last=False)
    days = versions.group_by("holder").agg(
        a=pl.col("start").fill_null(-FAR).min(), b=pl.col("end").fill_null(FAR).max()
    )
    last = versions.unique("holder", keep="last", maintain_order=True).join(days, on="holder", maintain_order="left")
    begun = (pl.col("a") < ctx.today_end) & (pl.col("b") > ctx.snap.window_from)
    return last.filter(begun).drop("start", "end").with_columns(
        pday=pl.lit(ctx.today_end - 1, pl.Int32), upto=pl.lit(ctx.as_of + 1, pl.Int64)
    ).with_row_index("ask")  # fmt: skip


def held_by(ctx: Context, rule: Account, asked: pl.DataFrame) -> Iterator[tuple[Held, tuple[int, int]]]:
    """Every account with its movements, and the days on which its holder exists. Where the field `by` is not filled in,
    it may be any of the holder's accounts."""
    found: dict[int, list[tuple[str | None, Movement]]] = {}
    for sel, field, incoming in ((rule.into, rule.in_amount, True), (rule.out, rule.out_amount, False)):
        for ask, value, one in _movements(ctx, rule, sel, field, incoming, asked):
            found.setdefault(ask, []).append((value, one))
    for row in asked.iter_rows(named=True):
        keys = {name: row[name] for name in FINDING_KEYS}
        mine = found.get(row["ask"], [])
        if rule.by is None:
            yield Held(keys, "", tuple(one for _, one in mine)), (row["a"], row["b"])
            continue
        for value in sorted({value for value, _ in mine if value is not None}):
            own = tuple(_anyones(one, rule.by) if of is None else one for of, one in mine if of in (value, None))
            yield Held(keys, value, own), (row["a"], row["b"])


def _anyones(one: Movement, by: str) -> Movement:
    return replace(one, certain=False, lacks=(*one.lacks, by))


def _movements(
    ctx: Context, rule: Account, sel: Selector, field: str, incoming: bool, asked: pl.DataFrame
) -> Iterator[tuple[int, str | None, Movement]]:
    for name in sel.names:
        rows = match(ctx, replace(sel, names=(name,)), asked, rule.holders.source)
        rows = with_lacks(rows, sel.when)
        unit = SCALE if thing_type(ctx, name)[1].fields[field].type == "int" else 1
        by = pl.col(f"f.{rule.by}").cast(pl.String) if rule.by else pl.lit(None, pl.String)
        told = rows.select("ask", "seq", "at", "certain", "lacks_", amount=f"f.{field}", by=by)
        for ask, seq, at, certain, lacks, amount, value in told.iter_rows():
            scaled = None if amount is None else amount * unit
            empty = (*lacks, *([field] if amount is None else []))
            yield ask, value, Movement(seq, at, name, incoming, scaled, certain, empty)


def in_force(ctx: Context, rule: Account) -> bool:
    """Does the rule hold today?"""
    start, end = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    return start <= ctx.today_end - 1 < end


def by_period(movements: tuple[Movement, ...], every: Every, zone: str) -> dict[str, list[Movement]]:
    """The movements by the label of the period in which they happened."""
    found: dict[str, list[Movement]] = {}
    for one in movements:
        found.setdefault(period_of(local_day(one.at, zone), every).label, []).append(one)
    return found
