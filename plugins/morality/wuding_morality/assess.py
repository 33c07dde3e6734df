"""Findings of the section `accounts`: from the engine's frames to accounts, and from accounts to findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.assess.frame import as_json, shaped
from wuding.assess.obligations import FINDING_KEYS, period_table
from wuding.domain.number import SCALE, plain, to_scaled
from wuding.domain.period import Every
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import valid_days
from wuding_morality.account import BEFORE, Account, Balance
from wuding_morality.before import checked
from wuding_morality.held import Held, Keys, asked_of, by_period, held_by, in_force
from wuding_morality.replay import Fault, Told, replay


@dataclass(frozen=True)
class Line:
    """A balance of an account in one period (`label` empty: for good), replayed. `begin`, `finish` are instants."""

    held: Held
    balance: Balance
    label: str
    begin: int | None
    finish: int | None
    told: Told


def accounts(ctx: Context, rule: Account) -> pl.DataFrame:
    """The findings of a rule: a line for each holder, balance and period, and one for what must go before credits."""
    rows = [_finding(ctx, line) for line in lines(ctx, rule)]
    rows += [_before(ctx, rule, keys, found, count) for keys, found, count in checked(ctx, rule)]
    schema: dict[str, Any] = {
        **dict.fromkeys((*FINDING_KEYS, "step", "status", "period", "case", "needed", "detail"), pl.String),
        **dict.fromkeys(("at", "start", "end", "low", "value_low", "value_high"), pl.Int64),
        "missing": pl.List(pl.String),
    }
    return shaped(ctx, rule, pl.DataFrame(rows, schema=schema, orient="row"))


def _finding(ctx: Context, line: Line) -> dict[str, Any]:
    told, balance = line.told, line.balance
    value = told.earned if balance.of == "in" else told.balance
    status = "overdrawn" if told.uncovered else "covered" if told.certain else "undetermined"
    last = min(line.finish if line.finish is not None else ctx.as_of, ctx.as_of) - 1
    amounts = {"in": told.earned, "taken": told.taken, "out": told.spent, "short": told.short}
    detail = {name: plain(Fraction(n, SCALE)) for name, n in amounts.items() if n is not None}
    seqs = list(told.uncovered)
    return {
        **line.held.keys,
        "step": balance.name,
        "status": status,
        "period": line.label,
        "case": line.held.value,
        "start": line.begin,
        "end": line.finish,
        "at": told.since if told.since is not None else last,
        "low": told.count,
        "value_low": value,
        "value_high": value,
        "needed": "" if balance.floor is None else f">= {plain(balance.floor)}",
        "missing": list(told.lacks) if status == "undetermined" else [],
        "detail": as_json(**detail, **({"uncovered": seqs} if seqs else {})),
    }


def _before(ctx: Context, rule: Account, keys: Keys, found: list[Fault], count: int) -> dict[str, Any]:
    return {
        **keys,
        "step": BEFORE,
        "status": "unfounded" if found else "founded",
        "period": "",
        "case": "",
        "at": min((fault.credit.at for fault in found), default=ctx.as_of - 1),
        "low": count - len(found),
        "needed": "",
        "missing": [],
        "detail": as_json(credits=count, **({"unfounded": [f.credit.seq for f in found]} if found else {})),
    }


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────
def lines(ctx: Context, rule: Account) -> Iterator[Line]:
    """Every balance of every account: for each period that has begun, or as it stands."""
    asked = asked_of(ctx, rule)
    for held, versions in held_by(ctx, rule, asked):
        for balance in rule.balances:
            floor = None if balance.floor is None else to_scaled(balance.floor)
            if balance.reset is None:
                if in_force(ctx, rule):
                    told = replay(_name(held), held.movements, floor)
                    yield Line(held, balance, "", None, None, told)
                continue
            own = by_period(held.movements, balance.reset, ctx.zone)
            for label, begin, finish in _periods(ctx, rule, balance.reset, versions):
                told = replay(_name(held), own.get(label, ()), floor)
                yield Line(held, balance, label, begin, finish, told)


def _name(held: Held) -> str:
    return f"{held.keys['holder']}:{held.value}" if held.value else str(held.keys["holder"])


def _periods(ctx: Context, rule: Account, every: Every, days: tuple[int, int]) -> Iterator[tuple[str, int, int]]:
    """The periods that the rule governs for at least half of their days (semantics 8, 10) and in which the holder
    exists at all: an account of a single day is one too."""
    start, end = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    table = ctx.memo(("accounts", every), lambda: period_table(ctx, every).rows(named=True))
    for period in table:
        first, last = period["pstart"], period["pend"]
        if 2 * (min(last, end) - max(first, start)) >= last - first and days[0] < last and first < days[1]:
            yield period["label"], period["begin"], period["finish"]
