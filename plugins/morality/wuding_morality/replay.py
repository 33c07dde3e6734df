"""Accounts as plain data: movements replayed into balances and into entries of double entry. No I/O, no frames.

Amounts are integers of millionths (`wuding.domain.number`), instants microseconds UTC. Movements are replayed in the
order of their sequence in the ledger, a corrected fact in its old place: semantics 30.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

ISSUED, SPENT, LAPSED = "issued", "spent", "lapsed"  # the other side of every entry


@dataclass(frozen=True)
class Movement:
    """One fact that moves an account. `amount` None: not filled in. `certain`: it counts for sure; `lacks` names what
    leaves that open. `incoming` amounts may be negative: they are taken away again."""

    seq: int
    at: int
    type: str
    incoming: bool
    amount: int | None
    certain: bool = True
    lacks: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return self.certain and self.amount is not None


@dataclass(frozen=True)
class Entry:
    """`amount` (never negative) goes from one account to another: what the one loses the other gains, so that the
    books balance after every entry. `seq` 0: the account starting again at the end of a period."""

    seq: int
    at: int
    source: str
    target: str
    amount: int


@dataclass(frozen=True)
class Told:
    """An account replayed. `balance` is what is there, `earned` all that ever came in; both are None when something is
    not known; `reckoned` is the balance by what is known. `uncovered`: sequences of what went out without being
    covered; `since`: when the first of them was. `short`: what a deduction could not take, because no more was there.
    `lacks`: the fields that are not filled in."""

    balance: int | None
    earned: int | None
    reckoned: int
    taken: int
    spent: int
    short: int
    uncovered: tuple[int, ...]
    since: int | None
    lacks: tuple[str, ...]
    entries: tuple[Entry, ...]
    count: int

    @property
    def certain(self) -> bool:
        return self.balance is not None


def replay(account: str, movements: Iterable[Movement], floor: int | None) -> Told:
    """What becomes of `account`. What goes out is uncovered when less than `floor` would stay; a negative amount cannot
    go out: it moves nothing, and counts as uncovered. What is taken away (a negative amount that comes in) takes what
    there is above the floor and no more. Where something is not known, the balance is not; but what goes out is
    uncovered all the same unless something unknown may have come in before."""
    balance = earned = taken = spent = short = count = 0
    uncovered: list[int] = []
    since: int | None = None
    lacks: dict[str, None] = {}
    entries: list[Entry] = []
    known, perhaps_more = True, False
    for one in sorted(movements, key=lambda movement: movement.seq):
        count += 1
        if not one.known:
            known, perhaps_more = False, perhaps_more or one.incoming
            lacks |= dict.fromkeys(one.lacks)
            continue
        amount = one.amount or 0
        if one.incoming and amount >= 0:
            earned += amount
            balance += amount
            entries.append(Entry(one.seq, one.at, ISSUED, account, amount))
        elif one.incoming:
            there = -amount if floor is None else max(min(-amount, balance - floor), 0)
            short += -amount - there
            taken += there
            balance -= there
            entries.append(Entry(one.seq, one.at, account, ISSUED, there))
        else:
            out = max(amount, 0)
            balance -= out
            spent += out
            entries.append(Entry(one.seq, one.at, account, SPENT, out))
            bare = floor is not None and balance < floor and not perhaps_more and out > 0
            if bare or amount < 0:
                uncovered.append(one.seq)
                since = one.at if since is None else since
    return Told(
        balance if known else None, earned if known else None, balance, taken, spent, short, tuple(uncovered), since,
        tuple(lacks), tuple(entries), count,
    )  # fmt: skip


def lapse(account: str, told: Told, at: int) -> Told:
    """The account at the end of its period: what is left lapses, and the next period starts with nothing."""
    if not told.balance or told.balance < 0:
        return told
    end = Entry(0, at, account, LAPSED, told.balance)
    return replace(told, balance=0, reckoned=0, entries=(*told.entries, end))


def trial_balance(entries: Iterable[Entry]) -> dict[str, int]:
    """What stands on each account after the entries; all together is always nothing."""
    found: dict[str, int] = {}
    for one in entries:
        found[one.source] = found.get(one.source, 0) - one.amount
        found[one.target] = found.get(one.target, 0) + one.amount
    return found


# ── what must go before a credit ─────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Event:
    """A fact of a case: `step` is its number, None for an objection; `good`: it meets the step's condition. `agreed`:
    the amount that it names."""

    seq: int
    at: int
    step: int | None
    good: bool = True
    agreed: int | None = None


@dataclass(frozen=True)
class Credit:
    """A credit of a case; `case` None: it names none."""

    seq: int
    at: int
    case: str | None
    amount: int | None


@dataclass(frozen=True)
class Fault:
    """Why a credit had not what must go before it. `why`: `no-case`, `step` (number `step` was not there), `early`
    (before the instant `due`), `amount` (another was agreed), `twice` (the case was credited already)."""

    credit: Credit
    why: str
    step: int = 0
    due: int = 0
    agreed: int = 0


@dataclass
class _Walk:
    """How far a case has come: the number of its last step (-1: none), when, and what was agreed."""

    step: int = -1
    at: int = 0
    first: int = 0
    agreed: dict[int, int] = field(default_factory=dict)


def faults(
    credits: Sequence[Credit],
    events: Callable[[str], Sequence[Event]],
    steps: int,
    due: Callable[[int, int], int] | None,
) -> list[Fault]:
    """The credits that had not what must go before them: the steps 0 to `steps` - 1 in order, and a time after the last
    of them, `due(since, opened)`. Only what had happened by the credit's own moment counts."""
    found: list[Fault] = []
    paid: set[str] = set()
    for credit in sorted(credits, key=lambda one: one.seq):
        if credit.case is None:
            found.append(Fault(credit, "no-case"))
            continue
        fault = _fault(credit, events(credit.case), steps, due)
        if fault is None and credit.case in paid:
            fault = Fault(credit, "twice")
        if fault is not None:
            found.append(fault)
        paid.add(credit.case)
    return found


def progress(events: Iterable[Event], steps: int) -> tuple[int, int, int]:
    """How far a case has come: the number of its last step that stands (-1: none), when that was, and the first."""
    walk = _Walk()
    for event in sorted(events, key=lambda one: (one.at, one.seq)):
        _walked(walk, event, steps)
    return walk.step, walk.at, walk.first


def _fault(credit: Credit, events: Sequence[Event], steps: int, due: Callable[[int, int], int] | None) -> Fault | None:
    walk = _Walk()
    for event in sorted(events, key=lambda one: (one.at, one.seq)):
        if event.at <= credit.at:
            _walked(walk, event, steps)
    if walk.step < steps - 1:
        return Fault(credit, "step", step=walk.step + 1)
    if due is not None and (end := due(walk.at, walk.first)) > credit.at:
        return Fault(credit, "early", due=end)
    last = max(walk.agreed, default=None)
    if last is not None and credit.amount is not None and walk.agreed[last] != credit.amount:
        return Fault(credit, "amount", agreed=walk.agreed[last])
    return None


def _walked(walk: _Walk, event: Event, steps: int) -> None:
    if event.step is None:
        if walk.step == steps - 1:  # back to what follows the first step
            walk.step = 0
            walk.agreed = {step: told for step, told in walk.agreed.items() if step == 0}
        return
    if not event.good:
        walk.step = min(walk.step, event.step - 1)
        return
    if event.step > walk.step + 1:
        return  # out of order: it stands for nothing
    walk.step, walk.at = event.step, event.at
    walk.first = event.at if event.step == 0 else walk.first
    walk.agreed = {step: told for step, told in walk.agreed.items() if step < event.step}
    if event.agreed is not None:
        walk.agreed[event.step] = event.agreed
