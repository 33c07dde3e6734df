"""The statement of an account: what came in, what went out and what is left, year by year, and what is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wuding.domain.number import to_scaled
from wuding.errors import WudingError
from wuding_morality.account import Account, Balance
from wuding_morality.assess import lines
from wuding_morality.before import under_way
from wuding_morality.explain import balance_name, shown
from wuding_morality.held import Held, by_period
from wuding_morality.papers import Desk, Paper, Row, Table, desk, without_amount
from wuding_morality.replay import ISSUED, LAPSED, Entry, Movement, lapse, replay

if TYPE_CHECKING:
    from wuding.app import Moment, Wuding

__all__ = ["statement", "statement_of"]


def statement(w: Wuding, account: str, *, as_of: Moment | None = None, lang: str = "en") -> Paper:
    """The statement of the account of a subject or grid as of a moment (default: now), in Chinese (`zh`) or English
    (`en`).

    Raises WD802 without a book, WD863 when no book has accounts, WD864 when nobody of that name has one."""
    moment, known = w.moment(as_of), w.ledger.head().seq
    names: list[str] = []
    for program, in_force in w.programs(known_seq=known):
        at = desk(program, w.snapshot(program, moment, known, None, in_force), lang)
        for rule in at.rules:
            holders = {str(held.keys["holder"]): held for held in at.accounts(rule)}
            names += holders
            if account in holders:
                return statement_of(at, account)
    if not names:
        raise WudingError("WD863")
    raise WudingError("WD864", name=account, allowed=sorted(set(names)))


def statement_of(at: Desk, holder: str) -> Paper:
    """The statement of whoever is called so, of all accounts that a book gives it."""
    facts = [(at.say("paper.account"), at.name(holder))]
    tables: list[Table] = []
    for rule in at.rules:
        own = [held for held in at.accounts(rule) if held.keys["holder"] == holder]
        for held in own:
            facts += _summary(at, rule, held)
            tables += _tables(at, rule, held)
        if own and rule.before is not None:
            tables.append(_open(at, rule, holder))
    return at.paper("statement", facts, tables)


def _called(at: Desk, rule: Account, held: Held, name: str) -> str:
    parts = [at.variant(rule), held.value, balance_name(at.words, name)]
    return at.words.joined([part for part in parts if part], "paper.of")


def _summary(at: Desk, rule: Account, held: Held) -> Iterator[tuple[str, str]]:
    """What stands on each balance now, under the balance's name."""
    for line in lines(at.ctx, rule):
        if line.held.keys != held.keys or line.held.value != held.value:
            continue
        if line.finish is not None and line.finish <= at.ctx.as_of:
            continue  # a period that is over has a table, and nothing left
        amount = line.told.earned if line.balance.of == "in" else line.told.balance
        value = at.say("words.unknown") if amount is None else shown(amount)
        label = _called(at, rule, held, line.balance.name)
        yield label + (at.say("paper.in-year", year=line.label) if line.label else ""), value


def _tables(at: Desk, rule: Account, held: Held) -> Iterator[Table]:
    for balance in rule.balances:
        if balance.of == "in":
            continue
        floor = None if balance.floor is None else to_scaled(balance.floor)
        if balance.reset is None:
            yield _table(at, rule, held, balance, "", replay("", held.movements, floor).entries, held.movements)
            continue
        for line in lines(at.ctx, rule):
            if line.held.keys == held.keys and line.held.value == held.value and line.balance == balance:
                over = line.finish is not None and line.finish <= at.ctx.as_of
                told = lapse("", line.told, line.finish - 1) if over and line.finish else line.told
                if told.count:
                    own = by_period(held.movements, balance.reset, at.ctx.zone).get(line.label, [])
                    yield _table(at, rule, held, balance, line.label, told.entries, own)


def _table(
    at: Desk,
    rule: Account,
    held: Held,
    balance: Balance,
    label: str,
    entries: tuple[Entry, ...],
    own: Sequence[Movement],
) -> Table:
    about = _called(at, rule, held, balance.name)
    rows = tuple(_rows(at, rule, entries, own))
    return at.table("movements", "day what memo in out left", rows, (3, 4, 5), about=about, year=label)


def _rows(at: Desk, rule: Account, entries: tuple[Entry, ...], own: Sequence[Movement]) -> Iterator[Row]:
    """The entries as lines, and after them the movements of which the amount is not known."""
    by_seq = {one.seq: one for one in own}
    left = 0

    def memo(one: Movement) -> str:
        return at.fields(one.type, without_amount(rule)).get(one.seq, "")

    for entry in entries:
        comes = entry.source == ISSUED
        left += entry.amount if comes else -entry.amount
        into, out = (shown(entry.amount), "") if comes else ("", shown(entry.amount))
        if entry.target == LAPSED:
            yield at.day(entry.at), at.say("paper.lapsed"), "", into, out, shown(left)
            continue
        one = by_seq[entry.seq]
        yield at.day(entry.at), at.words.thing(one.type), memo(one), into, out, shown(left)
    for one in own:
        if not one.known:
            unknown = at.say("words.unknown")
            cells = (unknown, "") if one.incoming else ("", unknown)
            yield at.day(one.at), at.words.thing(one.type), memo(one), *cells, ""


def _open(at: Desk, rule: Account, holder: str) -> Table:
    """The matters under way: how far each has come."""
    assert rule.before is not None
    rows = []
    for keys, case, step, since, due in under_way(at.ctx, rule):
        if keys["holder"] != holder:
            continue
        done = at.words.names(rule.before.steps[step]) if step >= 0 else at.say("words.nothing")
        last = step == len(rule.before.steps) - 1
        follow = at.say("paper.until", due=at.moment(due)) if last else at.words.names(rule.before.steps[step + 1])
        rows.append((case, done, at.day(since) if since else "", follow))
    return at.table("under-way", "case step day next", rows)
