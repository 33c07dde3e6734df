"""The same cases on the way that real ones take: recorded in a ledger on SQLite, read back as columns, checked.

The facts get the sequence numbers that they have in the world; what is missing in between is filled with facts of
another domain. Registry facts come last. When the check knows enough, everything is made void and closed: a check of
what was known before must not see it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from tests.parity.engine import finding_of

from wuding.domain.fact import CORE, Fact
from wuding.domain.finding import Finding
from wuding.domain.world import World
from wuding.engines.base import Snapshot
from wuding.program.model import Program
from wuding.store import registry
from wuding.store.canonical import NewFact
from wuding.store.columns import Columns
from wuding.store.ledger import Ledger, open_ledger
from wuding.store.snapshot import fact_types, snapshot

FAR = 4_102_444_800_000_000  # the year 2100: later than any case


def as_recorded(world: World) -> World:
    """The world with `recorded` as a ledger gives it: never less than the one before."""
    facts = sorted(world.facts, key=lambda fact: fact.seq)
    times = accumulate((fact.recorded for fact in facts), max)
    return replace(world, facts=tuple(replace(f, recorded=at) for f, at in zip(facts, times, strict=True)))


def recorded(world: World, program: Program) -> list[Finding]:
    """What a check concludes from the ledger. `world` must be as `as_recorded` gives it."""
    from wuding.assess import check

    with ledger_of(world, program) as (ledger, columns, known):
        rows = check(program, seen(ledger, columns, program, world, known))
        return [finding_of(row) for row in rows.iter_rows(named=True)]


def seen(ledger: Ledger, columns: Columns, program: Program, world: World, known: int) -> Snapshot:
    return snapshot(ledger, columns, program, world.as_of, known, world.window_from, world.in_force)


@contextmanager
def ledger_of(world: World, program: Program) -> Iterator[tuple[Ledger, Columns, int]]:
    """A ledger that holds the world and more, its columns, and the sequence up to which it is the world."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "one.db")
        shutil.copyfile(Path(empty_ledger(world.zone).name, "empty.db"), path)
        now = [0]
        with open_ledger(f"sqlite:///{path}", zone=world.zone, create=False, clock=lambda: now[0]) as ledger:
            columns = Columns(ledger, Path(folder, "columns"))
            _record(ledger, columns, world, program, now)
            now[0] = FAR
            ledger.append(_registry(world))
            known = ledger.head().seq
            ledger.append(_undone(world))
            yield ledger, columns, known


@lru_cache(maxsize=4)
def empty_ledger(zone: str) -> tempfile.TemporaryDirectory[str]:
    """The folder of a new ledger, `empty.db`, made once: making its tables takes longer than a case."""
    folder = tempfile.TemporaryDirectory(prefix="parity-")
    open_ledger(f"sqlite:///{folder.name}/empty.db", zone=zone).close()
    return folder


def _record(ledger: Ledger, columns: Columns, world: World, program: Program, now: list[int]) -> None:
    """The facts, one time of recording after another; the columns follow once in between."""
    last, half = 0, len(world.facts) // 2
    for n, fact in enumerate(world.facts):
        if n == half:
            columns.sync(fact_types(program.domain))
        now[0] = max(now[0], fact.recorded)
        ledger.append([_filler() for _ in range(last + 1, fact.seq)] + [_new(fact)])
        last = fact.seq


def _filler() -> NewFact:
    return NewFact("other", "visit", 0, "B1", None, "li", {"kind": "a"})


def _new(fact: Fact) -> NewFact:
    return NewFact(fact.domain, fact.type, fact.at, fact.grid, fact.subject, fact.actor, fact.fields)


def _registry(world: World) -> list[NewFact]:
    found = [registry.grid_fact(grid, 0) for grid in world.grids]
    found += [registry.subject_fact(subject, 0) for subject in world.subjects]
    found += [registry.post_fact(post, 0) for post in world.posts]
    return found + [registry.boundary_fact(code, shape, 0) for code, shape in world.boundaries.items()]


def _undone(world: World) -> list[NewFact]:
    """What would change everything, were it known: every fact void, every grid closed, everybody away."""
    voids = [NewFact(CORE, "correction", 0, fields={"fact": fact.seq, "void": True}) for fact in world.facts]
    closed = [registry.close_grid(code, 10_000, 0) for code in sorted({grid.code for grid in world.grids})]
    away: dict[str, object] = {"person": "li", "from": "2000-01-01"}
    return [*voids, *closed, NewFact(CORE, "absence", 0, fields=away)]
