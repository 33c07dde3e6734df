"""Fields as typed values, and parameters (semantics 9, 9a)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from tests.parity.oracle import days
from tests.parity.oracle.conditions import Day, Known, Moment, Num, literal, number
from tests.parity.oracle.world import Item, View, ancestors

from wuding.domain.fact import Fact
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.lang.nodes import Duration
from wuding.program.model import FieldType


# ── fields ───────────────────────────────────────────────────────────────────────────────────────
def typed(value: object, kind: FieldType | None, zone: str) -> Known | None:
    """A field's value as JSON holds it, by its declared type."""
    if value is None:
        return None
    name = kind.type if kind else ""
    if name in ("int", "number", "money"):
        return number(Fraction(str(value)))
    if name == "date":
        return Day(days.read_day(value))
    if name == "time":
        return Moment(days.instant_of(str(value), zone))
    if name == "duration":
        count, unit = re.fullmatch(r"([0-9]+) ?(min|h|d)", str(value)).groups()  # type: ignore[union-attr]
        return Duration(int(count), unit)
    if isinstance(value, bool):
        return value
    return str(value)


def between(low: Fraction | int | None, high: Fraction | int | None) -> Num | None:
    return None if low is None or high is None else Num(Fraction(low), Fraction(high))


def field_of(view: View, item: Item, name: str) -> Known | None:
    """A field of a thing; None when it is missing."""
    record = item.record
    zone = view.world.zone
    if isinstance(record, Fact):
        fields = view.program.domain.facts[record.type].fields
        if name in fields:
            return typed(record.fields.get(name), fields[name], zone)
        own: dict[str, Known | None] = {
            "grid": record.grid, "subject": record.subject, "actor": record.actor, "type": record.type,
            "occurred_at": Moment(record.at), "recorded_at": Moment(record.recorded),
        }  # fmt: skip
        return own.get(name)
    if isinstance(record, Subject):
        fields = view.program.domain.subjects[record.type].fields
        if name in fields:
            return typed(record.fields.get(name), fields[name], zone)
        return {
            "id": record.id,
            "subject": record.id,
            "grid": record.grid,
            "type": record.type,
            "name": record.name,
        }.get(name)
    if isinstance(record, Grid):
        return {
            "code": record.code, "grid": record.code, "name": record.name, "parent": record.parent,
            "level": record.level, "kinds": record.kinds, "kind": record.kinds,
        }.get(name)  # fmt: skip
    if isinstance(record, Post):
        return {
            "id": record.id, "person": record.person, "actor": record.person, "role": record.role, "grid": record.grid,
            "subject": record.subject, "capacity": record.capacity,
        }.get(name)  # fmt: skip
    return _finding_field(item, record, name)


def _finding_field(item: Item, f: Finding, name: str) -> Known | None:
    gap_days = item.days if item.days is not None else f.detail.get("days")
    value: dict[str, Known | None] = {
        "rule": f.rule, "variant": f.variant, "step": f.step, "status": f.status, "holder": f.holder, "grid": f.grid,
        "subject": f.subject, "actor": f.actor, "period": f.period, "case": f.case, "band": f.band,
        "rank": between(f.rank, f.rank), "days": number(str(gap_days)) if gap_days is not None else None,
        "count": between(f.low, f.high), "low": between(f.low, f.low), "high": between(f.high, f.high),
        "value": between(f.value_low, f.value_high), "total": between(f.value_low, f.value_high),
        "at": None if f.at is None else Moment(f.at), "due": None if f.due is None else Moment(f.due),
    }  # fmt: skip
    return value.get(name)


def text_of(value: Known | None) -> str | None:
    """A value as it stands in the name of a case."""
    if isinstance(value, Num):
        return str(value.lo)
    if isinstance(value, Day):
        return days.label(value.day)
    if isinstance(value, Moment):
        return str(value.instant)
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


# ── parameters ───────────────────────────────────────────────────────────────────────────────────
def parameter(view: View, name: str, day: int, item: Item | None, holder: Item | None) -> Known | None:
    """9, 9a: the value that holds on the day, from the thing counted, or the holder where it has none."""
    given = view.program.parameters[name]
    value: object = None
    for since, from_then in given.values:
        if since <= day:
            value = from_then
    place = next((thing for thing in (item, holder) if thing and thing.grid), None)
    for by in given.by if value is not None else ():
        assert isinstance(value, Mapping)
        if by == "grid":  # ancestors at the fact's time
            when = view.day(place.at) if place and place.at is not None else day
            keys = ancestors(view, place.grid if place else None, when)
        else:
            keys = [_key(view, item, by) or _key(view, holder, by) or ""]
        value = next((value[key] for key in keys if key in value), None)
        if value is None:
            return None
    if given.by_finding and isinstance(value, Mapping):
        value = value.get(_latest_band(view, given.by_finding, day, holder))
    return None if value is None else literal(value, given.type)


def _key(view: View, item: Item | None, name: str) -> str | None:
    value = field_of(view, item, name) if item else None
    if isinstance(value, Num):
        return str(value.lo)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else None


def _latest_band(view: View, rule: str, day: int, holder: Item | None) -> str | None:
    """The latest band that the rule gave the holder before the day."""
    banded = [
        f for f in view.findings
        if f.rule == rule and holder and f.holder == holder.id and f.band
        and f.at is not None and f.at < view.midnight(day)
    ]  # fmt: skip
    return max(banded, key=lambda f: f.at or 0).band if banded else None
