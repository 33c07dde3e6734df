"""A snapshot of plain records in memory, as tests of books and guards have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl

from wuding.domain.corrections import CORRECTION, corrected, rulings
from wuding.domain.fact import CORE, Fact
from wuding.domain.instants import local_day
from wuding.domain.period import to_date, to_day
from wuding.engines.base import Snapshot
from wuding.engines.frames import frame_of, grid_frame, post_frame, posts_of, subject_frame
from wuding.program.builtin import FACTS
from wuding.program.model import Domain, Program


def window_start(as_of: int, zone: str, earliest: int | None) -> int:
    """The first day asked about when nobody says (semantics 2b): the New Year of the earliest fact's year."""
    moment = earliest if earliest is not None and earliest <= as_of else as_of - 1
    return to_day(date(to_date(local_day(moment, zone)).year, 1, 1))


def snapshot_of_world(world: Any, program: Program) -> Snapshot:
    """A snapshot of plain records (`wuding.domain.world.World`): corrections applied, columns made."""
    domain = program.domain
    corrected = list(corrections_applied(world.facts))
    earliest = min((f.at for f in corrected if f.domain == domain.name), default=None)
    start = world.window_from if world.window_from is not None else window_start(world.as_of, program.zone, earliest)
    return Snapshot(
        grids=grid_frame(world.grids),
        subjects={
            n: subject_frame([s for s in world.subjects if s.type == n], t.fields) for n, t in domain.subjects.items()
        },
        posts=posts_of(post_frame(world.posts), domain),
        facts=fact_frames(corrected, domain),
        as_of=world.as_of,
        zone=program.zone,
        window_from=start,
        boundaries=world.boundaries,
        in_force=world.in_force,
    )


def fact_frames(facts: Iterable[Fact], domain: Domain) -> dict[tuple[str, str], pl.LazyFrame]:
    by_type: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        by_type.setdefault((fact.domain, fact.type), []).append(fact)
    types = {(CORE if n in FACTS else domain.name, n): t for n, t in {**FACTS, **domain.facts}.items()}
    return {key: frame_of(by_type.get(key, []), thing.fields).lazy() for key, thing in types.items()}


def corrections_applied(facts: Iterable[Fact]) -> Iterable[Fact]:
    """The facts with each correction in place of what it corrects (semantics 4)."""
    facts = list(facts)
    found = rulings(f for f in facts if f.domain == CORE and f.type == CORRECTION)
    for fact in facts:
        if fact.domain == CORE and fact.type == CORRECTION:
            continue
        standing = corrected(fact, found.get(fact.seq))
        if standing is not None:
            yield standing
