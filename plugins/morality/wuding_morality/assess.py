"""Findings of the section `accounts`: from the engine's frames to accounts, and from accounts to findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.assess.frame import as_json, shaped
from wuding.assess.obligations import FINDING_KEYS, holders, period_table
from wuding.domain.calendar import due, is_workday
from wuding.domain.instants import local_day
from wuding.domain.number import SCALE, plain, to_scaled
from wuding.domain.period import Every, period_of
from wuding.engines.columnar.context import FAR, Context, thing_type, valid_days, workday_country
from wuding.engines.columnar.match import match
from wuding.engines.columnar.things import with_lacks
from wuding.lang.nodes import Duration, Param
from wuding.program.model import Selector
from wuding.program.words import value_on
from wuding_morality.account import BEFORE, Account, Balance
from wuding_morality.replay import Credit, Event, Fault, Movement, Told, faults, progress, replay

Keys = dict[str, Any]  # a holder: the columns `FINDING_KEYS`


@dataclass(frozen=True)
class Held:
    """A holder's account (with `by`: for one value), with all its movements, whatever the period."""

    keys: Keys
    value: str
    movements: tuple[Movement, ...]


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
    schema = {
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
                if _in_force(ctx, rule):
                    told = replay(_name(held), held.movements, floor)
                    yield Line(held, balance, "", None, None, told)
                continue
            own = by_period(held.movements, balance.reset, ctx.zone)
            for label, begin, finish in _periods(ctx, rule, balance.reset, versions):
                told = replay(_name(held), own.get(label, ()), floor)
                yield Line(held, balance, label, begin, finish, told)


def _name(held: Held) -> str:
    return f"{held.keys['holder']}:{held.value}" if held.value else str(held.keys["holder"])


def by_period(movements: tuple[Movement, ...], every: Every, zone: str) -> dict[str, list[Movement]]:
    """The movements by the label of the period in which they happened."""
    found: dict[str, list[Movement]] = {}
    for one in movements:
        found.setdefault(period_of(local_day(one.at, zone), every).label, []).append(one)
    return found


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


def _in_force(ctx: Context, rule: Account) -> bool:
    start, end = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    return start <= ctx.today_end - 1 < end


def _periods(ctx: Context, rule: Account, every: Every, days: tuple[int, int]) -> Iterator[tuple[str, int, int]]:
    """The periods that the rule governs for at least half of their days (semantics 8, 10) and in which the holder
    exists at all: an account of a single day is one too."""
    start, end = valid_days(ctx, rule.head.valid_from, rule.head.valid_to)
    table = ctx.memo(("accounts", every), lambda: period_table(ctx, every).rows(named=True))
    for period in table:
        first, last = period["pstart"], period["pend"]
        if 2 * (min(last, end) - max(first, start)) >= last - first and days[0] < last and first < days[1]:
            yield period["label"], period["begin"], period["finish"]


# ── what must go before credits ──────────────────────────────────────────────────────────────────
def checked(ctx: Context, rule: Account) -> Iterator[tuple[Keys, list[Fault], int]]:
    """For each holder the credits that had not what must go before them, and how many credits there are."""
    if rule.before is None or not _in_force(ctx, rule):
        return
    asked = asked_of(ctx, rule)
    credits, events = _credits(ctx, rule, asked), _events(ctx, rule, asked)
    wait = waiting(ctx, rule.before.wait)
    for row in asked.iter_rows(named=True):
        mine = credits.get(row["ask"], [])
        cases: Mapping[str, list[Event]] = events.get(row["ask"], {})
        found = faults(mine, lambda case, cases=cases: cases.get(case, []), len(rule.before.steps), wait)  # type: ignore[misc]
        yield {name: row[name] for name in FINDING_KEYS}, found, len(mine)


def waiting(ctx: Context, wait: Any) -> Any:
    """When the time after the last step is over, from the instants of that step and of the case's first; None: none."""
    if wait is None:
        return None
    country = workday_country(ctx)

    def end(since: int, opened: int) -> int:
        limit = wait
        if isinstance(wait, Param):
            limit = value_on(ctx.program.parameters[wait.name], local_day(opened, ctx.zone))
        if not isinstance(limit, Duration):  # before the parameter's first value nothing is asked
            return since
        return due(since, limit.n, limit.unit, ctx.zone, lambda day: is_workday(country, day))

    return end


def _credits(ctx: Context, rule: Account, asked: pl.DataFrame) -> dict[int, list[Credit]]:
    assert rule.before is not None
    found: dict[int, list[Credit]] = {}
    for name in rule.before.credit.names:
        unit = SCALE if thing_type(ctx, name)[1].fields[rule.in_amount].type == "int" else 1
        rows = match(ctx, replace(rule.before.credit, names=(name,)), asked, rule.holders.source).filter("certain")
        for ask, seq, at, case, amount in rows.select(
            "ask", "seq", "at", f"f.{rule.before.case}", f"f.{rule.in_amount}"
        ).iter_rows():
            scaled = None if amount is None else amount * unit
            found.setdefault(ask, []).append(Credit(seq, at, case, scaled))
    return found


def _events(ctx: Context, rule: Account, asked: pl.DataFrame) -> dict[int, dict[str, list[Event]]]:
    assert rule.before is not None
    found: dict[int, dict[str, list[Event]]] = {}
    steps: list[tuple[int | None, Selector]] = list(enumerate(rule.before.steps))
    if rule.before.unless is not None:
        steps.append((None, rule.before.unless))
    for number, sel in steps:
        for name in sel.names:
            kind, case = rule.holders.source, f"f.{rule.before.case}"
            rows = match(ctx, Selector("fact", (name,)), asked, kind)
            good = set(match(ctx, replace(sel, names=(name,)), asked, kind).filter("certain").get_column("seq"))
            if number is None:  # what is no objection says nothing
                rows = rows.filter(pl.col("seq").is_in(list(good)))
            column = f"f.{rule.before.agreed}"
            told = pl.col(column) if column in rows.columns else pl.lit(None, pl.Int64)
            unit = 1
            if column in rows.columns:
                unit = SCALE if thing_type(ctx, name)[1].fields[str(rule.before.agreed)].type == "int" else 1
            for ask, seq, at, of, agreed in rows.select("ask", "seq", "at", case, told.alias("told")).iter_rows():
                scaled = None if agreed is None else agreed * unit
                if of is not None:
                    event = Event(seq, at, number, seq in good, scaled)
                    found.setdefault(ask, {}).setdefault(of, []).append(event)
    return found


def opened_by(ctx: Context, rule: Account, asked: pl.DataFrame) -> dict[str, list[tuple[int, int, int]]]:
    """For each holder when its accounts are open: sequence, first day, and the day after the last, in their order."""
    assert rule.opened is not None
    found: dict[str, list[tuple[int, int, int]]] = {}
    for name in rule.opened.names:
        first, last = thing_type(ctx, name)[1].holds or ("", "")
        rows = match(ctx, replace(rule.opened, names=(name,)), asked, rule.holders.source).filter("certain").sort("seq")
        start = pl.coalesce(*([f"f.{first}"] if first else []), "home")
        end = pl.col(f"f.{last}") + 1 if last else pl.lit(None, pl.Int32)
        told = rows.select(pl.col("a.holder"), "seq", start.alias("a"), end.fill_null(FAR).alias("b"))
        for holder, seq, a, b in told.iter_rows():
            found.setdefault(holder, []).append((seq, a, b))
    return found


def under_way(ctx: Context, rule: Account) -> Iterator[tuple[Keys, str, int, int, int]]:
    """The cases that have not been credited: holder, case, its last step (-1: none stands), when that was, and when the
    time after it is over."""
    if rule.before is None:
        return
    asked = asked_of(ctx, rule)
    credits, events = _credits(ctx, rule, asked), _events(ctx, rule, asked)
    wait = waiting(ctx, rule.before.wait)
    for row in asked.iter_rows(named=True):
        paid = {credit.case for credit in credits.get(row["ask"], [])}
        for case, own in sorted(events.get(row["ask"], {}).items()):
            if case not in paid:
                step, since, opened = progress(own, len(rule.before.steps))
                end = wait(since, opened) if wait is not None and step >= 0 else since
                yield {name: row[name] for name in FINDING_KEYS}, case, step, since, end
