"""Records to columns: how a fact, a grid, a subject or a post looks as a row of a frame.

The one place where the JSON form of a field (`wuding.domain.fact`) becomes a typed cell, for facts held in
memory. The store's Parquet mirror has the same columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.domain.fact import Fact
from wuding.domain.grid import Grid
from wuding.domain.number import to_scaled
from wuding.domain.period import to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.program.model import FieldType

DTYPES: dict[str, Any] = {
    "text": pl.String, "id": pl.String, "enum": pl.String, "ref": pl.String, "person": pl.String,
    "int": pl.Int64, "number": pl.Int64, "money": pl.Int64, "bool": pl.Boolean,
    "date": pl.Int32, "time": pl.Int64, "duration": pl.Int64,
}  # fmt: skip
UNIT_US = {"min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
FACT_COLUMNS = {
    "seq": pl.Int64, "grid": pl.String, "subject": pl.String, "actor": pl.String, "at": pl.Int64, "recorded": pl.Int64,
}  # fmt: skip


def cell(value: object, type_: str) -> object:
    """The cell of a JSON value: number as millionths, date as a day, time and duration as microseconds."""
    if value is None:
        return None
    if type_ in ("number", "money"):
        return to_scaled(Fraction(str(value)))
    if type_ == "int":
        return int(str(value))
    if type_ == "date":
        return to_day(date.fromisoformat(str(value)[:10]))
    if type_ == "time":
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
        return int(moment.timestamp()) * 1_000_000 + moment.microsecond
    if type_ == "duration":
        text = str(value)
        unit = text.lstrip("0123456789").strip()
        return int(text[: len(text) - len(unit)].strip()) * UNIT_US[unit]
    if type_ == "bool":
        return bool(value)
    return str(value)


def typed(rows: Sequence[Mapping[str, object]], fields: Mapping[str, FieldType]) -> dict[str, pl.Series]:
    """The `f.` columns of rows of JSON fields."""
    return {
        f"f.{name}": pl.Series(f"f.{name}", [cell(r.get(name), f.type) for r in rows], dtype=DTYPES[f.type])
        for name, f in fields.items()
    }


def fact_frame(facts: Sequence[Fact], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The columns of facts of one type."""
    base = pl.DataFrame({n: pl.Series(n, [getattr(f, n) for f in facts], dtype=t) for n, t in FACT_COLUMNS.items()})
    return base.with_columns(**typed([f.fields for f in facts], fields))


def grid_frame(grids: Iterable[Grid]) -> pl.DataFrame:
    return pl.DataFrame(
        [(g.code, g.name, g.parent, g.level, list(g.kinds), g.start, g.end) for g in grids],
        schema={
            "code": pl.String, "name": pl.String, "parent": pl.String, "level": pl.String,
            "kinds": pl.List(pl.String), "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip


def subject_frame(subjects: Sequence[Subject], fields: Mapping[str, FieldType]) -> pl.DataFrame:
    """The columns of the subjects of one type."""
    base = pl.DataFrame(
        [(s.id, s.type, s.grid, s.name, s.start, s.end) for s in subjects],
        schema={
            "id": pl.String, "type": pl.String, "grid": pl.String, "name": pl.String,
            "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
    return base.with_columns(**typed([s.fields for s in subjects], fields))


def post_frame(posts: Iterable[Post]) -> pl.DataFrame:
    return pl.DataFrame(
        [(p.id, p.person, p.role, p.grid, p.subject, p.capacity, p.start, p.end) for p in posts],
        schema={
            "id": pl.String, "person": pl.String, "role": pl.String, "grid": pl.String, "subject": pl.String,
            "capacity": pl.String, "start": pl.Int32, "end": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
