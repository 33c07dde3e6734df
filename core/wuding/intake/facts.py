"""Rows to facts: every value read and checked, every place known, and what is wrong with the rest.

A row is good or bad as a whole, also when it makes several facts: a bad row that was mended and imported
again adds nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.grid import Grid
from wuding.domain.instants import zone_info
from wuding.domain.subject import Subject
from wuding.intake.cells import passing, pick
from wuding.intake.columns import Read, Reading, code, convert, first, instants, local_days
from wuding.intake.known import Known, placed
from wuding.intake.mapping import Cell, FactMap, Mapping
from wuding.intake.names import fact_name, owner_of
from wuding.intake.read import Table
from wuding.intake.registering import Made, made_known, read_things
from wuding.program.model import Domain, FieldType, Label, Thing
from wuding.store.blocks import FactColumns

SLICE = 65_536  # rows read at a time; progress is told after each
Progress = Callable[[int, int], None]  # done, total
WHO = FieldType("actor", "person", Label("行为人", "actor"))
REJECTS = {"i": pl.UInt32, "column": pl.String, "code": pl.String, "value": pl.String}


@dataclass(frozen=True)
class Prepared:
    """What a file makes. `rejects`: the row's number in the file, the column (or what it was read for), the
    code of the reason, the value. `good` tells for each row of the table whether it is kept; with rejects the
    rest is what remains without the bad rows."""

    facts: tuple[FactColumns, ...]
    grids: tuple[Grid, ...]
    subjects: tuple[Subject, ...]
    rejects: pl.DataFrame
    good: pl.Series


@dataclass(frozen=True)
class Values:
    """The facts that one part of a mapping makes, recorded in the domain `owner`: in columns the row number `i`,
    at, grid, subject, actor, and the fields."""

    part: FactMap
    owner: str
    thing: Thing
    frame: pl.DataFrame


def prepare(
    table: Table, mapping: Mapping, domain: Domain, known: Known, zone: str, progress: Progress | None = None
) -> Prepared:
    """Read and check all rows. The mapping's names must have been checked (`names.check_names`).

    Reasons: those of `columns.convert`, WD440 (no such grid), WD441 (a grid that did not stand then), WD442
    (a subject that lay elsewhere then), WD444 (no such subject), WD446 (a subject that did not stand then).
    Raises WD401 for an unknown zone.
    """
    reading = Reading(mapping.zone or zone, mapping.times, mapping.ambiguous, mapping.missing)
    zone_info(reading.zone)
    height, parts = table.frame.height, mapping.facts
    rejects: list[pl.DataFrame] = []
    values: list[Values] = []
    done = 0
    for part in parts:
        thing = domain.facts[fact_name(part.fact, domain)]
        frames = []
        for start in range(0, max(height, 1), SLICE):
            rows = table.frame.slice(start, SLICE)
            frame, wrong = _read_slice(rows, start, part, thing, reading)
            frames.append(frame)
            rejects += wrong
            done += rows.height
            if progress:
                progress(done, height * len(parts))
        values.append(Values(part, owner_of(thing.name, domain), thing, pl.concat(frames)))
    made = read_things(table.frame, mapping, domain, reading, known)
    bad = _settle(values, made, known, reading, rejects, height)
    good = ~bad
    grids, subjects = made_known(made, known, good)[1:]
    facts = tuple(_columns(one, good) for one in values)
    return Prepared(facts, grids, subjects, _told(rejects, table), good)


def _read_slice(
    rows: pl.DataFrame, start: int, part: FactMap, thing: Thing, reading: Reading
) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    index = pl.Series("i", range(start, start + rows.height), dtype=pl.UInt32)
    if part.when:
        chosen = passing(rows, part.when, reading)
        rows, index = rows.filter(chosen), index.filter(chosen)
    at = _moment(rows, part.at, reading)
    read: dict[str, tuple[Cell | None, Read]] = {"at": (part.at, at)}
    for name, cell in (("grid", part.grid), ("subject", part.subject)):
        read[name] = (cell, pick(rows, cell, reading))
    read["actor"] = (part.actor, convert(pick(rows, part.actor, reading), WHO, reading))
    for name, cell in part.fields.items():
        own = Reading(reading.zone, cell.times, reading.ambiguous) if cell.times else reading
        read[f"f:{name}"] = (cell, convert(pick(rows, cell, reading), thing.fields[name], own))
    wrong = [
        rejected(index, cell.column if cell and cell.column else name.removeprefix("f:"), one.code, one.text)
        for name, (cell, one) in read.items()
        if one.code.null_count() < len(one.code)
    ]
    return pl.DataFrame([index, *(one.value.alias(name) for name, (_, one) in read.items())]), wrong


def _moment(rows: pl.DataFrame, cell: Cell, reading: Reading) -> Read:
    own = Reading(reading.zone, cell.times, reading.ambiguous) if cell.times else reading
    text = pick(rows, cell, reading)
    us, wrong = instants(text.value, own)
    return Read(us, first(first(text.code, wrong), code(text.value.is_null(), "WD430")), text.text)


def rejected(index: pl.Series, column: str, codes: pl.Series, texts: pl.Series) -> pl.DataFrame:
    """The cells that have a code."""
    frame = pl.DataFrame([index.alias("i"), codes.alias("code"), texts.cast(pl.String).alias("value")])
    return frame.filter(pl.col("code").is_not_null()).select("i", pl.lit(column).alias("column"), "code", "value")


def _settle(
    values: list[Values],
    made: Sequence[Made],
    known: Known,
    reading: Reading,
    rejects: list[pl.DataFrame],
    height: int,
) -> pl.Series:
    """Which rows are bad. A row that is bad makes no subject, which may make other rows bad: until none is left."""
    bad = _marked(rejects, height)
    rejects += [reject for one in made for reject in one.rejects(~bad)]
    bad = _marked(rejects, height)
    told: set[tuple[int, str]] = set()
    while True:
        places = made_known(made, known, ~bad)[0]
        new: list[pl.DataFrame] = []
        for one in made:
            new += one.misplaced(places, ~bad)
        for n, value in enumerate(values):
            values[n], wrong = _place(value, places, reading.zone)
            new += wrong
        fresh = [
            frame.filter(
                pl.Series([(i, c) not in told for i, c in frame.select("i", "column").rows()], dtype=pl.Boolean)
            )
            for frame in new
        ]
        told |= {pair for frame in fresh for pair in frame.select("i", "column").rows()}
        rejects += [frame for frame in fresh if frame.height]
        before, bad = bad, _marked(rejects, height)
        if bad.equals(before) or not made:
            return bad


def _marked(rejects: Sequence[pl.DataFrame], height: int) -> pl.Series:
    bad = pl.Series([False], dtype=pl.Boolean).new_from_index(0, height)
    rows = [frame["i"] for frame in rejects if frame.height]
    return bad.scatter(pl.concat(rows).unique(), True) if rows else bad


def _place(one: Values, known: Known, zone: str) -> tuple[Values, list[pl.DataFrame]]:
    """Check grid and subject against the day; a fact about a subject gets the grid where that lay then.
    Only facts of the core need no place."""
    frame, part = one.frame, one.part
    needed = one.owner != CORE
    index, days = frame["i"], local_days(frame["at"], zone)
    dated = days.is_not_null()
    wrong = []
    grid, subject = frame["grid"], frame["subject"]
    ever, stands, _ = placed(grid, days, known.grids)
    reason = first(code(grid.is_not_null() & ~ever, "WD440"), code(grid.is_not_null() & dated & ~stands, "WD441"))
    if subject.null_count() < len(subject):
        ever, stands, home = placed(subject, days, known.subjects)
        lost = first(
            code(subject.is_not_null() & ~ever, "WD444"), code(subject.is_not_null() & dated & ~stands, "WD446")
        )
        wrong.append(rejected(index, _source(part.subject, "subject"), lost, subject))
        reason = first(reason, code((grid != home).fill_null(False), "WD442"))
        frame = frame.with_columns(grid.fill_null(home).alias("grid"))
        if needed and one.thing.about == "grid":
            reason = first(reason, code(grid.is_null() & subject.is_null(), "WD430"))
    elif needed and one.thing.about == "grid":
        reason = first(reason, code(grid.is_null(), "WD430"))
    if needed and one.thing.about == "subject":
        wrong.append(rejected(index, _source(part.subject, "subject"), code(subject.is_null(), "WD430"), subject))
    wrong.append(rejected(index, _source(part.grid, "grid"), reason, grid))
    return Values(part, one.owner, one.thing, frame), [frame for frame in wrong if frame.height]


def _source(cell: Cell | None, name: str) -> str:
    return cell.column if cell and cell.column else name


def _columns(one: Values, good: pl.Series) -> FactColumns:
    frame = one.frame if good.all() else one.frame.filter(good.gather(one.frame["i"]))
    sealed = tuple(f for f in one.part.fields if one.thing.fields[f].private)
    return FactColumns(one.owner, one.thing.name, frame, tuple(f for f in one.part.fields if f not in sealed), sealed)


def _told(rejects: Sequence[pl.DataFrame], table: Table) -> pl.DataFrame:
    """All rejects in the order of the file, one for each cell."""
    frame = pl.concat([pl.DataFrame(schema=REJECTS), *rejects])
    frame = frame.unique(["i", "column", "code"], keep="first", maintain_order=True).sort("i", maintain_order=True)
    return frame.with_columns(table.rows.gather(frame["i"]).alias("row")).select("row", "column", "code", "value")
