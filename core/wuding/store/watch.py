"""What is decided while it is written: watches over kinds of facts, inside the transaction that appends them.

A watch is asked after the new facts are in their tables and before anything is final, while nobody else can write:
it sees the ledger as it would be, and refuses by raising. A batch in which no watch's facts occur costs one query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from wuding.domain.corrections import CORRECTION
from wuding.domain.fact import CORE, Fact
from wuding.store.standing import Kind, Standing, between, forms


@dataclass(frozen=True)
class Watch:
    """`sees`: the kinds of facts (domain, type) that it decides about. `decide` is given the ledger as it would be,
    and every fact of these kinds that comes, or that a correction changes: in its form before and its form after."""

    sees: frozenset[Kind]
    decide: Callable[[Standing, Sequence[Fact]], None]


def decided(conn: Connection, watches: Sequence[Watch], first: int, last: int, zone: str) -> None:
    """Ask the watches about the facts `first` to `last`, just written on `conn`. Raises what a watch raises."""
    sees = frozenset[Kind]().union(*(watch.sees for watch in watches))
    if not sees:
        return
    new = between(conn, first, last, {CORRECTION, *(type_ for _, type_ in sees)})
    rulings = [fact for fact in new if (fact.domain, fact.type) == (CORE, CORRECTION)]
    seen = [fact for fact in (*new, *forms(conn, rulings, first - 1)) if (fact.domain, fact.type) in sees]
    for watch in watches:
        mine = [fact for fact in seen if (fact.domain, fact.type) in watch.sees]
        if mine:
            watch.decide(Standing(conn, zone, first - 1), mine)
