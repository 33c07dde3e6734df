"""The public notice of a period: what every account gained and gave, what is being published, money and goods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wuding.domain.instants import day_start_us, parse_date
from wuding.errors import WudingError
from wuding_morality.account import Account
from wuding_morality.assess import lines
from wuding_morality.before import under_way
from wuding_morality.explain import balance_name, shown
from wuding_morality.held import Held
from wuding_morality.papers import Desk, Paper, Row, Table, desk, without_amount
from wuding_morality.replay import Movement, replay

if TYPE_CHECKING:
    from wuding.app import Wuding


def notice(w: Wuding, start: str, to: str, *, grid: str | None = None, lang: str = "en") -> Paper:
    """What is made public of the days `start` to `to` (both inclusive, `2024-03-31`), as it stood at the end of the
    last: of one grid, or of all that the book governs. In Chinese (`zh`) or English (`en`).

    Raises WD402 for what is no day, WD802 without a book, WD863 when no book has accounts, WD865 when the days are
    written backwards, WD864 for a grid without accounts."""
    first, last = parse_date(start), parse_date(to)
    if last < first:
        raise WudingError("WD865", start=start, to=to)
    known = w.ledger.head().seq
    for program, in_force in w.programs(known_seq=known):
        if not any(isinstance(rule, Account) for rule in program.rules):
            continue
        begin, finish = day_start_us(first, program.zone), day_start_us(last + 1, program.zone)
        at = desk(program, w.snapshot(program, finish - 1, known, None, in_force), lang)
        places = {str(held.keys["grid"]) for rule in at.rules for held in at.accounts(rule)}
        if grid is not None and grid not in places:
            raise WudingError("WD864", name=grid, allowed=sorted(places))
        return notice_of(at, start, to, begin, finish, grid)
    raise WudingError("WD863")


def notice_of(at: Desk, start: str, to: str, begin: int, finish: int, grid: str | None) -> Paper:
    """The notice of the instants from `begin` up to `finish`."""
    where = at.name(grid) if grid is not None else at.words.label(at.program.title)
    facts = [(at.say("paper.where"), where), (at.say("paper.days"), at.say("paper.from-to", start=start, to=to))]
    tables: list[Table] = []
    held = {rule.head.key: _here(at, rule, grid) for rule in at.rules}
    for rule in at.rules:
        if rule.holders.source == "subject":
            tables += _of_subjects(at, rule, held[rule.head.key], begin, finish, grid)
    for title, rules in _grouped(at):
        sums = [row for rule in rules for row in _sums(at, rule, held[rule.head.key], begin, finish)]
        tables.append(at.table("sums", "account begin in out end", sums, (1, 2, 3, 4), about=title))
    return at.paper("notice", facts, tables)


def _here(at: Desk, rule: Account, grid: str | None) -> list[Held]:
    return [held for held in at.accounts(rule) if grid is None or held.keys["grid"] == grid]


def _grouped(at: Desk) -> Iterator[tuple[str, list[Account]]]:
    """The rules about grids, variants of one rule together."""
    rules = [rule for rule in at.rules if rule.holders.source == "grid"]
    for id_ in dict.fromkeys(rule.head.id for rule in rules):
        own = [rule for rule in rules if rule.head.id == id_]
        yield at.words.label(own[0].head.title), own


# ── accounts of subjects ─────────────────────────────────────────────────────────────────────────
def _of_subjects(
    at: Desk, rule: Account, accounts: list[Held], begin: int, finish: int, grid: str | None
) -> Iterator[Table]:
    title = at.words.label(rule.head.title)
    for incoming, kind in ((True, "credits"), (False, "redemptions")):
        moved = [
            (one, held)
            for held in accounts
            for one in held.movements
            if one.incoming == incoming and begin <= one.at < finish
        ]
        moved.sort(key=lambda pair: (pair[0].at, pair[0].seq))
        rows = tuple(_moved(at, rule, one, held) for one, held in moved)
        yield at.table(kind, "day account what memo amount", rows, (4,), about=title)
    if rule.before is not None:
        yield at.table("in-publicity", "account case until", tuple(_published(at, rule, grid)))
    yield _standing(at, rule, accounts)


def _moved(at: Desk, rule: Account, one: Movement, held: Held) -> Row:
    memo = at.fields(one.type, without_amount(rule)).get(one.seq, "")
    amount = at.say("words.unknown") if one.amount is None else shown(one.amount)
    return at.day(one.at), at.name(str(held.keys["holder"])), at.words.thing(one.type), memo, amount


def _published(at: Desk, rule: Account, grid: str | None) -> Iterator[Row]:
    """The matters that anybody may still object to."""
    assert rule.before is not None
    last = len(rule.before.steps) - 1
    for keys, case, step, _, due in under_way(at.ctx, rule):
        if step == last and due >= at.ctx.as_of and (grid is None or keys["grid"] == grid):
            yield at.name(str(keys["holder"])), case, at.moment(due)


def _standing(at: Desk, rule: Account, accounts: list[Held]) -> Table:
    """What stands on every account at the end, each balance in a column."""
    found: dict[str, dict[str, str]] = {str(held.keys["holder"]): {} for held in accounts}
    for line in lines(at.ctx, rule):
        holder = str(line.held.keys["holder"])
        running = line.finish is None or line.finish > at.ctx.as_of
        if holder in found and running:
            amount = line.told.earned if line.balance.of == "in" else line.told.balance
            found[holder][line.balance.name] = at.say("words.unknown") if amount is None else shown(amount)
    names = [balance.name for balance in rule.balances]
    rows = tuple((at.name(holder), *(own.get(name, "") for name in names)) for holder, own in found.items())
    table = at.table("standing", "account", rows, tuple(range(1, len(names) + 1)))
    heads = (*table.heads, *(balance_name(at.words, name) for name in names))
    return Table(table.title, heads, rows, table.numbers, table.empty)


# ── money and goods ──────────────────────────────────────────────────────────────────────────────
def _sums(at: Desk, rule: Account, accounts: list[Held], begin: int, finish: int) -> Iterator[Row]:
    """For each account what was there, what came in, what went out, what is there."""
    for held in accounts:
        before = replay("", [one for one in held.movements if one.at < begin], None)
        whole = replay("", [one for one in held.movements if one.at < finish], None)
        into = whole.reckoned - before.reckoned + whole.spent - before.spent
        told = [before.reckoned, into, whole.spent - before.spent, whole.reckoned]
        doubt = "" if whole.certain else " ?"
        parts = [at.variant(rule), held.value, at.name(str(held.keys["holder"]))]
        yield at.words.joined([part for part in parts if part], "list"), *(shown(n) + doubt for n in told)
