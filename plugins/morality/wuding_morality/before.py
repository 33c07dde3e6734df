"""What must go before a credit, and when accounts are open: from the engine's frames to the plain data of `replay`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from wuding.assess.obligations import FINDING_KEYS
from wuding.domain.calendar import due, is_workday
from wuding.domain.instants import local_day
from wuding.domain.number import SCALE
from wuding.engines.columnar.context import Context
from wuding.engines.columnar.days import FAR, workday_country
from wuding.engines.columnar.facts import thing_type
from wuding.engines.columnar.match import match
from wuding.lang.nodes import Duration, Param
from wuding.program.model import Selector
from wuding.program.words import value_on
from wuding_morality.account import Account
from wuding_morality.held import Keys, asked_of, in_force
from wuding_morality.replay import Credit, Event, Fault, faults, progress


def checked(ctx: Context, rule: Account) -> Iterator[tuple[Keys, list[Fault], int]]:
    """For each holder the credits that had not what must go before them, and how many credits there are."""
    if rule.before is None or not in_force(ctx, rule):
        return
    asked = asked_of(ctx, rule)
    credits, events = _credits(ctx, rule, asked), _events(ctx, rule, asked)
    wait = waiting(ctx, rule.before.wait)
    for row in asked.iter_rows(named=True):
        mine = credits.get(row["ask"], [])
        cases: Mapping[str, list[Event]] = events.get(row["ask"], {})
        found = faults(mine, lambda case, cases=cases: cases.get(case, []), len(rule.before.steps), wait)  # type: ignore[misc]
        yield {name: row[name] for name in FINDING_KEYS}, found, len(mine)


def waiting(ctx: Context, wait: Any) -> Callable[[int, int], int] | None:
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
