"""Grids and subjects that a file makes by naming them: the first good row with a new id makes the thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from wuding.domain.grid import Grid
from wuding.domain.period import to_day
from wuding.domain.subject import Subject
from wuding.intake.cells import passing, pick
from wuding.intake.columns import Read, Reading, code, convert, first
from wuding.intake.known import Known, known
from wuding.intake.mapping import Cell, GridMap, Mapping, SubjectMap
from wuding.program.model import Domain, FieldType, Label

START = FieldType("from", "date", Label("起", "from"))


@dataclass(frozen=True)
class Made:
    """Candidates of one part of a mapping: row number `i`, `id`, `home` (a grid's parent, a subject's grid),
    `name`, `kinds`, `start`, fields, and `wrong`, the code and column of the first thing that is wrong."""

    part: GridMap | SubjectMap
    frame: pl.DataFrame
    codes: pl.DataFrame  # i, id, column, code, value of every cell that is wrong

    def firsts(self, good: pl.Series) -> pl.DataFrame:
        """The rows that make a thing each, among the good ones."""
        broken = self.codes["i"].unique()
        fit = self.frame.filter(good.gather(self.frame["i"]) & ~self.frame["i"].is_in(broken.implode()))
        return fit.unique("id", keep="first", maintain_order=True)

    def rejects(self, good: pl.Series) -> list[pl.DataFrame]:
        """What is wrong in rows whose thing no earlier row makes; later rows need not repeat it in full."""
        made = self.firsts(good).select("id", made="i")
        late = self.codes.join(made, on="id", how="left", maintain_order="left")
        return [
            late.filter(pl.col("made").is_null() | (pl.col("i") < pl.col("made"))).select(
                "i", "column", "code", "value"
            )
        ]

    def misplaced(self, places: Known, good: pl.Series) -> list[pl.DataFrame]:
        """Things whose grid, or parent, is not known."""
        firsts = self.firsts(good)
        lost = firsts.filter(pl.col("home").is_not_null() & ~pl.col("home").is_in(places.grids["key"].implode()))
        cell = self.part.parent if isinstance(self.part, GridMap) else self.part.grid
        column = cell.column if cell and cell.column else "grid"
        return [
            lost.select(
                "i", pl.lit(column).alias("column"), pl.lit("WD440").alias("code"), pl.col("home").alias("value")
            )
        ]


def read_things(frame: pl.DataFrame, mapping: Mapping, domain: Domain, reading: Reading, before: Known) -> list[Made]:
    """Read what the file says of grids and subjects, in all rows. Of those that are known already it says nothing."""
    index = pl.Series("i", range(frame.height), dtype=pl.UInt32)
    parts: list[GridMap | SubjectMap] = [*mapping.grids, *mapping.subjects]
    return [_new(_read(frame, index, part, domain, reading), before) for part in parts]


def _new(made: Made, before: Known) -> Made:
    had = (before.grids if isinstance(made.part, GridMap) else before.subjects)["key"].implode()
    unknown = ~pl.col("id").is_in(had).fill_null(False)
    return Made(made.part, made.frame.filter(unknown), made.codes.filter(unknown))


def _read(frame: pl.DataFrame, index: pl.Series, part: GridMap | SubjectMap, domain: Domain, reading: Reading) -> Made:
    if part.when:
        chosen = passing(frame, part.when, reading)
        frame, index = frame.filter(chosen), index.filter(chosen)
    is_grid = isinstance(part, GridMap)
    sources: dict[str, Cell | None] = {
        "id": part.code if isinstance(part, GridMap) else part.id,
        "home": part.parent if isinstance(part, GridMap) else part.grid,
        "name": part.name,
        "kinds": part.kinds if isinstance(part, GridMap) else None,
    }
    read = {name: pick(frame, cell, reading) for name, cell in sources.items()}
    for name in ("id",) if is_grid else ("id", "home"):
        read[name] = _needed(read[name])
    start = pick(frame, part.start, reading)
    read["start"] = convert(start, START, _own(part.start, reading))
    if isinstance(part, SubjectMap):
        fields = domain.subjects[part.subject].fields
        for name, own in part.fields.items():
            sources[f"f:{name}"] = own
            read[f"f:{name}"] = convert(pick(frame, own, reading), fields[name], _own(own, reading))
    sources["start"] = part.start
    values = pl.DataFrame([index, *(one.value.alias(name) for name, one in read.items())])
    codes = []
    for name, one in read.items():
        cell = sources[name]
        column = cell.column if cell and cell.column else name.removeprefix("f:")
        cells = pl.DataFrame([index, read["id"].value.alias("id"), one.code.alias("code"), one.text.alias("value")])
        codes.append(
            cells.filter(pl.col("code").is_not_null()).select(
                "i", "id", pl.lit(column).alias("column"), "code", "value"
            )
        )
    return Made(part, values, pl.concat(codes))


def _own(cell: Cell | None, reading: Reading) -> Reading:
    return Reading(reading.zone, cell.times, reading.ambiguous) if cell and cell.times else reading


def _needed(read: Read) -> Read:
    return Read(read.value, first(read.code, code(read.value.is_null(), "WD430")), read.text)


def made_known(
    made: Sequence[Made], before: Known, good: pl.Series
) -> tuple[Known, tuple[Grid, ...], tuple[Subject, ...]]:
    """The places that are known with what the good rows make, and the new grids and subjects alone."""
    grids: dict[str, Grid] = {}
    subjects: dict[str, Subject] = {}
    for one in made:
        for row in one.firsts(good).iter_rows(named=True):
            if isinstance(one.part, GridMap):
                grids.setdefault(row["id"], _grid(one.part, row))
            else:
                subjects.setdefault(row["id"], _subject(one.part, row))
    new = known(grids.values(), subjects.values())
    both = Known(pl.concat([before.grids, new.grids]), pl.concat([before.subjects, new.subjects]))
    return both, tuple(grids.values()), tuple(subjects.values())


def _grid(part: GridMap, row: dict[str, object]) -> Grid:
    kinds = tuple(kind.strip() for kind in str(row["kinds"] or "").split(";") if kind.strip())
    code, home = str(row["id"]), row["home"]
    return Grid(code, str(row["name"] or code), str(home) if home is not None else None, part.grid, kinds, _start(row))


def _subject(part: SubjectMap, row: dict[str, object]) -> Subject:
    fields = {name: row[f"f:{name}"] for name in part.fields if row[f"f:{name}"] is not None}
    return Subject(str(row["id"]), part.subject, str(row["home"]), str(row["name"] or ""), fields, _start(row))


def _start(row: dict[str, object]) -> int | None:
    from datetime import date

    return to_day(date.fromisoformat(str(row["start"]))) if row["start"] is not None else None
