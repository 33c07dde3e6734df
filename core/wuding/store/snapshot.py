"""The snapshot of one check: the ledger's registry and columns, as of a moment and a sequence."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.instants import local_day
from wuding.domain.period import to_date, to_day
from wuding.engines.base import Snapshot
from wuding.engines.frames import posts_of, with_fields
from wuding.program.builtin import FACTS
from wuding.program.model import Domain, FieldType, Program
from wuding.store.columns import Columns
from wuding.store.ledger import Ledger
from wuding.store.registry import Frames, boundaries, registry_frames


def fact_types(domain: Domain) -> dict[tuple[str, str], Mapping[str, FieldType]]:
    """The fact types of a domain, and the built-in ones, with their fields."""
    own = {(domain.name, n): t.fields for n, t in domain.facts.items() if n not in FACTS}
    return own | {(CORE, n): t.fields for n, t in FACTS.items() if n != "correction"}


def snapshot(
    ledger: Ledger,
    columns: Columns,
    program: Program,
    as_of: int,
    known_seq: int,
    start: int | None,
    in_force: tuple[int | None, int | None],
) -> Snapshot:
    """All that a check of one book looks at. The window begins at `start`, else as semantics 2b says."""
    types = fact_types(program.domain)
    columns.sync(types)
    facts = {key: columns.scan(*key, known_seq) for key in types}
    frames = registry_frames(ledger, known_seq)
    shapes = boundaries(ledger, known_seq, local_day(as_of - 1, program.zone))
    return assembled(program, facts, frames, shapes, as_of, start, in_force)


def assembled(
    program: Program,
    facts: Mapping[tuple[str, str], pl.LazyFrame],
    frames: Frames,
    shapes: Mapping[str, bytes],
    as_of: int,
    start: int | None,
    in_force: tuple[int | None, int | None],
    kept_by: pl.DataFrame | None = None,
) -> Snapshot:
    """The snapshot of these facts, this registry and the boundaries of the day. The window begins at `start`, else
    as semantics 2b says."""
    return Snapshot(
        grids=frames.grids.drop("seq"),
        subjects=_subjects(frames.subjects, program.domain),
        posts=posts_of(frames.posts.drop("seq"), program.domain),
        facts=facts,
        as_of=as_of,
        zone=program.zone,
        window_from=start if start is not None else _window(facts, program, as_of),
        boundaries=shapes,
        in_force=in_force,
        kept_by=kept_by,
    )


def _subjects(frame: pl.DataFrame, domain: Domain) -> dict[str, pl.DataFrame]:
    found = {}
    for name, thing in domain.subjects.items():
        some = frame.filter(pl.col("type") == name)
        told = '{"fields":' + some.get_column("fields").fill_null("{}") + "}"
        found[name] = with_fields(some.drop("fields", "seq"), told, thing.fields)
    return found


def _window(facts: Mapping[tuple[str, str], pl.LazyFrame], program: Program, as_of: int) -> int:
    """The first of January of the year of the earliest fact, else of the moment just before `as_of` (2b)."""
    own = [
        lazy.filter(pl.col("at") <= as_of).select(pl.col("at").min()) for key, lazy in facts.items() if key[0] != CORE
    ]
    earliest = [f.item() for f in pl.collect_all(own) if f.item() is not None]
    moment = min(earliest, default=as_of - 1)
    return to_day(to_date(local_day(moment, program.zone)).replace(month=1, day=1))
