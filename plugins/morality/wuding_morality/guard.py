"""What is decided while it is written: nothing is spent that is not there, nothing credited that was not reviewed and
published, nobody has two accounts.

The guard asks what a check asks, by the same code, of the accounts concerned alone: as they would be, and where
something is wrong then, as they were, so that an old fault keeps nobody from recording.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from wuding.domain.number import SCALE, plain
from wuding.errors import WudingError
from wuding.program.model import Program
from wuding_morality.account import Account
from wuding_morality.replay import Fault

if TYPE_CHECKING:
    from wuding.domain.fact import Fact
    from wuding.domain.world import World
    from wuding.engines.columnar.context import Context
    from wuding.store.standing import Standing


@dataclass(frozen=True)
class Refusal:
    """Why something may not be recorded. Two are the same when they say the same of the same fact."""

    code: str
    holder: str
    seq: int
    args: tuple[tuple[str, str], ...]

    @property
    def same(self) -> tuple[str, str, int]:
        return (self.code, self.holder, self.seq)


def rules(program: Program) -> list[Account]:
    """The account rules of a book that are in force and not on trial."""
    return [rule for rule in program.rules if isinstance(rule, Account) and not rule.head.trial]


def concerned(program: Program) -> Iterable[str]:
    """The fact types of which accounts are made."""
    return dict.fromkeys(name for rule in rules(program) for name in rule.kinds)


def decide(program: Program, ledger: Standing, facts: Sequence[Fact]) -> None:
    """Refuse what leaves an account worse than it was: WD854 more goes out than is there, WD855 to WD859 a credit
    without what must go before it, WD860 a movement of an account that is not open, WD861 a second account, WD862 a
    negative amount that goes out."""
    for rule in rules(program):
        kinds = [(program.domain.name, name) for name in rule.kinds]
        mine = [fact for fact in facts if (fact.domain, fact.type) in kinds]
        holders = {name for fact in mine if (name := _holder(rule, fact)) is not None}
        if not holders:
            continue
        about = {"subjects" if rule.holders.source == "subject" else "grids": holders}
        types = {fact.type for fact in mine}
        found = list(refusals(program, rule, ledger.world(kinds, **about), types))
        if not found:
            continue
        before = {one.same for one in refusals(program, rule, ledger.before.world(kinds, **about), types)}
        new = [one for one in found if one.same not in before]
        if new:
            first = min(new, key=lambda one: (one.code, one.seq))
            raise WudingError(first.code, **dict(first.args))


def _holder(rule: Account, fact: Fact) -> str | None:
    return fact.subject if rule.holders.source == "subject" else fact.grid


def refusals(program: Program, rule: Account, world: World, types: Collection[str]) -> Iterator[Refusal]:
    """What is wrong with the accounts of a world, as far as facts of these types can make it so."""
    from wuding.assess.records import snapshot_of_world
    from wuding.engines.columnar.context import open_context
    from wuding_morality.assess import lines
    from wuding_morality.before import checked

    # Every year from the first on is looked at, whatever was asked of late; and the rule alone is needed.
    first = min((fact.at for fact in world.facts), default=world.as_of)
    domain = replace(program.domain, facts={name: program.domain.facts[name] for name in rule.kinds})
    alone = replace(program, domain=domain, rules=(rule,), uses={}, retroactive=True)
    ctx = open_context(alone, snapshot_of_world(replace(world, window_from=_day(first, program.zone)), alone))
    moves = not {*rule.into.names, *rule.out.names}.isdisjoint(types)
    for line in lines(ctx, rule) if moves else ():
        for seq in line.told.uncovered:
            yield _uncovered(rule, line, seq)
    for keys, faults, _ in checked(ctx, rule) if not set(rule.kinds_before).isdisjoint(types) else ():
        for fault in faults:
            yield _unfounded(program, rule, str(keys["holder"]), fault)
    if rule.opened is not None and (moves or not set(rule.opened.names).isdisjoint(types)):
        yield from _openings(ctx, rule)


def _day(at: int, zone: str) -> int:
    from wuding.domain.instants import local_day

    return local_day(at, zone)


def _uncovered(rule: Account, line: Any, seq: int) -> Refusal:
    from wuding_morality.replay import replay

    held, floor = line.held, line.balance.floor
    one = next(movement for movement in held.movements if movement.seq == seq)
    if one.amount is not None and one.amount < 0:
        return Refusal("WD862", str(held.keys["holder"]), seq, (("account", str(held.keys["holder"])),))
    own = [m for m in held.movements if m.seq < seq and _same_period(line, m)]
    there = replay("", own, None if floor is None else int(floor * SCALE)).reckoned
    account = f"{held.keys['holder']} {held.value}".strip()
    args = {"account": account, "asked": _plain(one.amount), "there": _plain(there), "period": line.label}
    return Refusal("WD854", account, seq, tuple(args.items()))


def _same_period(line: Any, movement: Any) -> bool:
    return line.begin is None or line.begin <= movement.at < line.finish


def _plain(amount: int | None) -> str:
    return "?" if amount is None else plain(Fraction(amount, SCALE))


CODES = {"no-case": "WD855", "step": "WD856", "early": "WD857", "amount": "WD858", "twice": "WD859"}


def _unfounded(program: Program, rule: Account, holder: str, fault: Fault) -> Refusal:
    from wuding.domain.instants import show_instant

    assert rule.before is not None
    step = rule.before.steps[fault.step].names[0]
    args = {
        "account": holder,
        "case": fault.credit.case or "",
        "type": step,
        "field": rule.before.case,
        "due": show_instant(fault.due, program.zone)[:16].replace("T", " "),
        "agreed": _plain(fault.agreed),
        "amount": _plain(fault.credit.amount),
    }
    return Refusal(CODES[fault.why], holder, fault.credit.seq, tuple(args.items()))


# ── one account each ─────────────────────────────────────────────────────────────────────────────
def _openings(ctx: Context, rule: Account) -> Iterator[Refusal]:
    from wuding.domain.period import to_date
    from wuding_morality.before import opened_by
    from wuding_morality.held import asked_of, held_by

    asked = asked_of(ctx, rule)
    opened = opened_by(ctx, rule, asked)
    for held, _ in held_by(ctx, rule, asked):
        holder = str(held.keys["holder"])
        spans = opened.get(holder, [])
        for n, (seq, start, end) in enumerate(spans):
            if any(start < other_end and other_start < end for _, other_start, other_end in spans[:n]):
                yield Refusal("WD861", holder, seq, (("account", holder),))
        for one in held.movements:
            day = _day(one.at, ctx.zone)
            if not any(start <= day < end for _, start, end in spans):
                args = (("account", holder), ("day", to_date(day).isoformat()))
                yield Refusal("WD860", holder, one.seq, args)
