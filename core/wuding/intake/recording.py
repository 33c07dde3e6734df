"""One fact, checked value by value: what `record` and `correct` let into the ledger, read as imports read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.instants import local_day
from wuding.domain.number import plain
from wuding.errors import Diagnostic, Rejected, Span
from wuding.intake.columns import Read, Reading, convert, nothing
from wuding.intake.known import Known, place
from wuding.intake.names import near_first
from wuding.intake.read import as_text
from wuding.program.model import FieldType, Thing
from wuding.store.canonical import NewFact

REMEMBERED = 4_096  # texts


def checked_fact(
    domain: str,
    thing: Thing,
    known: Known,
    zone: str,
    at: int,
    grid: str | None,
    subject: str | None,
    actor: str | None,
    fields: Mapping[str, object],
    read: dict[tuple[str, str, str | None], tuple[object, str | None]] | None = None,
) -> NewFact:
    """The fact, ready to be appended. A fact about a subject takes the subject's grid on that day.

    `read` remembers the texts that were read before, by type and field.

    Raises Rejected with everything that is wrong: WD414 (no such field), and for values and places what an
    import says of a cell (`columns.convert`, `facts.prepare`).
    """
    wrong: list[Diagnostic] = []
    where = Span(f"{domain}/{thing.name}")
    day = local_day(at, zone)
    grid, mistakes = _place(domain, thing, known, day, grid, subject)
    wrong += [Diagnostic(code, where, {"column": column, "value": value}) for code, column, value in mistakes]
    kept: dict[str, object] = {}
    private: dict[str, object] = {}
    for name in fields:
        if name not in thing.fields:
            args = {"name": name, "thing": thing.name, "allowed": near_first(name, thing.fields)}
            wrong.append(Diagnostic("WD414", where, args))
    for name, field in thing.fields.items():
        text = _spelled(fields.get(name))
        value, code = _remembered(read, thing.name, text, field, zone)
        if code:
            wrong.append(Diagnostic(code, where, {"column": name, "value": text or ""}))
        elif value is not None:
            (private if field.private else kept)[name] = value
    if wrong:
        raise Rejected(wrong)
    return NewFact(domain, thing.name, at, grid, subject, actor, kept, private)


def _place(
    domain: str, thing: Thing, known: Known, day: int, grid: str | None, subject: str | None
) -> tuple[str | None, list[tuple[str, str, str]]]:
    """The fact's grid, and what is wrong with grid and subject (code, which of them, its name)."""
    wrong: list[tuple[str, str, str]] = []
    if subject is not None:
        ever, stands, home = place(subject, day, known.subject_days)
        if not stands:
            wrong.append(("WD446" if ever else "WD444", "subject", subject))
        elif grid is not None and grid != home:
            wrong.append(("WD442", "grid", grid))
        grid = grid or home
    elif domain != CORE and thing.about == "subject":
        wrong.append(("WD430", "subject", ""))
    if grid is not None:
        ever, stands, _ = place(grid, day, known.grid_days)
        if not stands:
            wrong.append(("WD441" if ever else "WD440", "grid", grid))
    elif domain != CORE and thing.about == "grid" and subject is None:
        wrong.append(("WD430", "grid", ""))
    return grid, wrong


def _spelled(value: object) -> str | None:
    """A value from Python as a file would say it; blank text is nothing."""
    if isinstance(value, Fraction):
        return plain(value)
    text = value.isoformat() if isinstance(value, date) else as_text(value)  # a datetime is a date too
    return (text or "").strip() or None


def _remembered(
    read: dict[tuple[str, str, str | None], tuple[object, str | None]] | None,
    type_: str,
    text: str | None,
    field: FieldType,
    zone: str,
) -> tuple[object, str | None]:
    if read is None:
        return _read(text, field, zone)
    key = (type_, field.name, text)
    if key not in read:
        if len(read) >= REMEMBERED:
            read.clear()
        read[key] = _read(text, field, zone)
    return read[key]


def _read(text: str | None, field: FieldType, zone: str) -> tuple[object, str | None]:
    given = pl.Series([text], dtype=pl.String)
    read = convert(Read(given, nothing(1), given), field, Reading(zone))
    return read.value[0], read.code[0]
