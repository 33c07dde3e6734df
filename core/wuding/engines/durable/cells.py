"""Fields of single facts as whole numbers, the only values that durable-rules is given.

What a field's JSON stands for is `wuding.engines.frames`' to say; this is the same for one value at a time, where a
frame would cost more than the match. The tests hold one against the other.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime

from wuding.domain.fact import Fact
from wuding.domain.instants import local_day, to_us
from wuding.domain.number import SCALE
from wuding.domain.period import to_day
from wuding.engines.frames import UNIT_US, WHOLE_MAX
from wuding.program.model import FieldType

Cell = int | str | bool | None
LIMIT = 2**62  # no value lies beyond; `LIMIT` and `-LIMIT` themselves stand for what is missing
NUMERIC = ("int", "number", "money")
INT64 = 2**63
BUILTIN = {
    "occurred_at": "time", "recorded_at": "time", "actor": "person", "grid": "text", "subject": "text", "seq": "int",
}  # fmt: skip


class Misfit(Exception):
    """Something that durable-rules cannot be trusted with: `count` of `kind` (a word of the catalogue, `term.<kind>`)
    where it bears `limit`."""

    def __init__(self, kind: str, count: int, limit: int) -> None:
        super().__init__(kind, count, limit)
        self.kind, self.count, self.limit = kind, count, limit


def cell_of(value: object, type_: str) -> Cell:
    """A field's value as the cell that a column of its type has: exact numbers in millionths, instants and durations
    in microseconds, dates in days; None where it is missing or does not fit its type."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if type_ in ("number", "money"):
        return _millionths(text)
    if type_ == "int":
        return _whole(text) if re.fullmatch(r"[+-]?[0-9]+", text) else None
    if type_ == "bool":
        return {"true": True, "false": False}.get(text)
    if type_ == "date":
        return _day(text)
    if type_ == "time":
        return _instant(text)
    if type_ == "duration":
        found = re.fullmatch(r"([0-9]+) ?(min|h|d)", text)
        count = _whole(found[1]) if found else None
        fits = found and count is not None and count <= (INT64 - 1) // UNIT_US["d"]
        return count * UNIT_US[found[2]] if fits and count is not None and found else None
    return text


def _whole(digits: str) -> int | None:
    number = int(digits)
    return number if -INT64 <= number < INT64 else None


def _millionths(text: str) -> int | None:
    found = re.fullmatch(r"([+-]?)([0-9]+)(?:\.([0-9]+))?", text)
    if found is None or int(found[2]) > WHOLE_MAX:
        return None
    part = found[3] or ""
    size = int(found[2]) * SCALE + int(part[:6].ljust(6, "0")) + (part[6:7] >= "5")
    return -size if found[1] == "-" else size


def _day(text: str) -> int | None:
    try:
        return to_day(date.fromisoformat(text)) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None


def _instant(text: str) -> int | None:
    try:
        return to_us(datetime.fromisoformat(text)) if text.endswith("Z") else None
    except ValueError:
        return None


def field_of(fact: Fact, name: str, declared: FieldType | None, own: str = "") -> tuple[Cell, str]:
    """A field of a fact and its type: a field that its type declares, else one that every fact has."""
    if declared is not None and name not in BUILTIN:
        return cell_of(fact.fields.get(name), declared.type), declared.type
    if name in BUILTIN:
        value = {"occurred_at": fact.at, "recorded_at": fact.recorded}.get(name)
        return (getattr(fact, name) if value is None else value), BUILTIN[name]
    return None, own


class Codes:
    """Whole numbers for texts, each text its own. A code says in its last two bits what it stands for, so that no
    text is ever equal to a truth value."""

    def __init__(self, known: dict[str, int] | None = None) -> None:
        self.known = dict(known or {})

    def of(self, value: str | bool) -> int:
        if isinstance(value, bool):
            return 4 * value + 2
        return self.known.setdefault(value, 4 * len(self.known) + 1)


def encoded(cell: Cell, type_: str, kind: str, zone: str, codes: Codes) -> int | None:
    """A cell as it is compared in `kind` (see `columnar.conditions.common`). Raises Misfit beyond the limits."""
    if cell is None:
        return None
    if isinstance(cell, (str, bool)):
        return codes.of(cell)
    if kind == "date" and type_ == "time":
        return local_day(cell, zone)
    number = cell * SCALE if kind in ("number", "money") and type_ == "int" else cell
    if not -LIMIT < number < LIMIT:
        raise Misfit("large-number", number, LIMIT - 1)
    return number
