"""One fact, checked value by value: what `record` and `correct` let into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.domain.instants import iso_z, local_day, parse_date, parse_instant
from wuding.domain.number import plain
from wuding.domain.period import to_date
from wuding.errors import Diagnostic, Rejected, Span, WudingError
from wuding.intake.names import hint
from wuding.program.model import FieldType, Thing
from wuding.store.canonical import NewFact
from wuding.store.registry import Frames

TRUE = {"true", "1", "yes", "是", "有"}
FALSE = {"false", "0", "no", "否", "无"}


def checked_fact(
    domain: str, thing: Thing, frames: Frames, zone: str, at: int, grid: str | None, subject: str | None,
    actor: str | None, fields: Mapping[str, Any],
) -> NewFact:  # fmt: skip
    """The fact, ready to be appended. A fact about a subject takes the subject's grid on that day.

    Raises Rejected with everything that is wrong: WD420 unknown field, WD421 a required field is absent, WD422 a
    value that is not of its type, WD423 unknown grid, WD424 unknown subject, WD425 neither grid nor subject."""
    wrong: list[Diagnostic] = []
    where = Span(f"{domain}/{thing.name}")

    def say(code: str, **args: object) -> None:
        wrong.append(Diagnostic(code, where, args))

    day = local_day(at, zone)
    if subject is not None:
        home = _standing(frames.subjects.filter(pl.col("id") == subject), day)
        if home.is_empty():
            say("WD424", name=subject, day=to_date(day).isoformat())
        elif grid is None:
            grid = home["grid"][0]
    if grid is not None and _standing(frames.grids.filter(pl.col("code") == grid), day).is_empty():
        say("WD423", name=grid, day=to_date(day).isoformat())
    if domain != "core" and grid is None and subject is None:
        say("WD425", type=thing.name)
    kept: dict[str, object] = {}
    private: dict[str, object] = {}
    for name, value in fields.items():
        field = thing.fields.get(name)
        if field is None:
            say("WD420", name=name, type=thing.name, hint=hint(name, thing.fields))
        elif value is not None:
            try:
                (private if field.private else kept)[name] = stored(value, field, zone)
            except (ValueError, WudingError):
                say("WD422", name=name, value=value, wanted=_wanted(field))
    for name, field in thing.fields.items():
        if field.required and fields.get(name) is None:
            say("WD421", name=name, type=thing.name)
    if wrong:
        raise Rejected(wrong)
    return NewFact(domain, thing.name, at, grid, subject, actor, kept, private)


def _standing(rows: pl.DataFrame, day: int) -> pl.DataFrame:
    begun = pl.col("start").is_null() | (pl.col("start") <= day)
    return rows.filter(begun & (pl.col("end").is_null() | (pl.col("end") > day)))


def stored(value: Any, field: FieldType, zone: str) -> object:
    """A value as a fact holds it: exact numbers, dates and instants as text. Raises ValueError, WD402, WD403."""
    text = str(value).strip()
    match field.type:
        case "int":
            if isinstance(value, bool) or Fraction(text).denominator != 1:
                raise ValueError(value)
            return int(Fraction(text))
        case "number" | "money":
            if isinstance(value, bool) or (Fraction(text) * 10**6).denominator != 1:
                raise ValueError(value)
            return plain(Fraction(text))
        case "bool":
            if text.lower() not in TRUE | FALSE:
                raise ValueError(value)
            return text.lower() in TRUE
        case "date":
            return to_date(parse_date(text)).isoformat()
        case "time":
            return iso_z(parse_instant(text, zone))
        case "enum":
            if text not in field.values:
                raise ValueError(value)
            return text
    return text


def _wanted(field: FieldType) -> str:
    return " | ".join(field.values) if field.type == "enum" else field.type
