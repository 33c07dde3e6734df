"""Values of fields: drawn by their type, and chosen so that a condition holds, or does not."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from wuding.domain.instants import iso_z
from wuding.domain.period import to_date
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.program.model import FieldType, Program, Test

Fields = dict[str, object]
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
EXACT = {"int": Fraction(1), "number": Fraction(1, 10), "money": Fraction(1, 10)}


@dataclass(frozen=True)
class Scene:
    """In what a value is drawn: the book, chance, the moment, and the fields of the holder."""

    program: Program
    rng: random.Random
    at: datetime
    holder: Mapping[str, object]


def drawn(kind: FieldType, scene: Scene) -> object:
    """A plausible value, as JSON holds it. Dates lie within a year to come; truth is likely."""
    rng = scene.rng
    if kind.type == "enum":
        return rng.choice(kind.values)
    if kind.type == "bool":
        return rng.random() < 0.9
    if kind.type == "int":
        return rng.randint(1, 100)
    if kind.type in ("number", "money"):
        return str(rng.randint(10, 1000) / 10)
    if kind.type == "date":
        return (scene.at.date() + timedelta(days=rng.randint(0, 400))).isoformat()
    if kind.type == "time":
        return (scene.at + timedelta(hours=rng.randint(1, 72))).isoformat(timespec="minutes")
    if kind.type == "duration":
        return f"{rng.randint(1, 48)}h"
    if kind.type in ("id", "ref"):
        return f"{kind.name}-{rng.randrange(10**8):08}"
    return kind.label.zh


def shown(value: object) -> object:
    """A literal as facts hold it."""
    if isinstance(value, bool) or not isinstance(value, Fraction):
        return str(value) if isinstance(value, Duration) else value
    return int(value) if value.denominator == 1 else str(float(value))


def worth(term: Term, fields: Mapping[str, object], scene: Scene) -> object:
    """What a term is, as a Fraction where it is a number; None where that cannot be told."""
    if isinstance(term, Lit):
        if term.type == "date" and isinstance(term.value, int):
            return to_date(term.value).isoformat()
        return iso_z(term.value) if term.type == "time" and isinstance(term.value, int) else term.value
    if isinstance(term, Field):
        return _number(scene.at.date().isoformat() if term.name == "occurred_at" else fields.get(term.name))
    if isinstance(term, Holder):
        return _number(scene.holder.get(term.name))
    if isinstance(term, Param):
        return parameter(term.name, fields, scene)
    parts = [worth(arg, fields, scene) for arg in term.args]
    return _computed(term, [part for part in parts if isinstance(part, Fraction)], len(parts))


def _computed(term: Arith, parts: list[Fraction], asked: int) -> object:
    if len(parts) != asked or (term.op == "/" and not parts[1]):
        return None
    two = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}
    if term.op in two:
        return two[term.op](*parts)
    if term.op == "neg":
        return -parts[0]
    return max(parts) if term.op == "max" else min(parts) if term.op == "min" else parts[0]


def parameter(name: str, fields: Mapping[str, object], scene: Scene) -> object:
    """The latest value of a parameter; of a table what the fields lead to, else its first."""
    found = scene.program.parameters[name]
    value: object = found.values[-1][1]
    for key in found.by or ("",):
        if not isinstance(value, Mapping):
            break
        chosen = str(fields.get(key, scene.holder.get(key)))
        value = value[chosen] if chosen in value else next(iter(value.values()))
    return value


def _number(value: object) -> object:
    if isinstance(value, bool) or value is None or isinstance(value, Fraction):
        return value
    try:
        return Fraction(str(value))
    except ValueError:
        return value


def fits(test: Test, scene: Scene, most: int = 1500) -> int | None:
    """The least count from 1 on that passes the test; None when there is none."""
    return next((n for n in range(1, most) if holds(test.cond, {"it": n}, scene)), None)


def holds(cond: Cond, fields: Mapping[str, object], scene: Scene) -> bool | None:
    """Does the condition hold? None where a field is missing. Good enough to draw by; checks are made by Wuding."""
    if isinstance(cond, And | Or):
        found = [holds(arg, fields, scene) for arg in cond.args]
        decided = isinstance(cond, Or)
        return decided if decided in found else None if None in found else not decided
    if isinstance(cond, Not):
        inner = holds(cond.arg, fields, scene)
        return None if inner is None else not inner
    if isinstance(cond, Has):
        of = fields if isinstance(cond.field, Field) else scene.holder
        return of.get(cond.field.name) is not None
    left = worth(cond.left, fields, scene)
    rights = cond.options if isinstance(cond, OneOf) else (cond.right,)
    values = [worth(right, fields, scene) for right in rights]
    if left is None or None in values:
        return None
    if isinstance(cond, OneOf) or cond.op in ("=", "!="):
        return (left in values or str(left) in map(str, values)) != (isinstance(cond, Cmp) and cond.op == "!=")
    try:
        order = (left > values[0]) - (left < values[0])  # type: ignore[operator]
    except TypeError:
        return None
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[cond.op]


def made(cond: Cond | None, kinds: Mapping[str, FieldType], fields: Fields, scene: Scene, want: bool = True) -> None:
    """Sets fields so that the condition holds, or does not: as a person fills in a form."""
    if cond is None:
        return
    if isinstance(cond, Not):
        made(cond.arg, kinds, fields, scene, not want)
    elif isinstance(cond, And | Or):
        every = isinstance(cond, And) == want
        for arg in cond.args if every else cond.args[:1] and [scene.rng.choice(cond.args)]:
            made(arg, kinds, fields, scene, want)
    elif isinstance(cond, Has):
        name = cond.field.name
        if isinstance(cond.field, Field) and name in kinds:
            fields[name] = (fields.get(name) or drawn(kinds[name], scene)) if want else None
    elif isinstance(cond.left, Field) and cond.left.name in kinds:
        _set(cond, kinds[cond.left.name], fields, scene, want)


def _set(cond: Cmp | OneOf, kind: FieldType, fields: Fields, scene: Scene, want: bool) -> None:
    rights = cond.options if isinstance(cond, OneOf) else (cond.right,)
    values = [value for right in rights if (value := worth(right, fields, scene)) is not None]
    op = "=" if isinstance(cond, OneOf) else cond.op
    op = op if want else OPPOSITE[op]
    if not values:
        return
    value = scene.rng.choice(values)
    if op == "!=":
        others = [one for one in kind.values if one not in values]
        if kind.type == "bool":
            fields[kind.name] = not value
        elif others:
            fields[kind.name] = scene.rng.choice(others)
        elif isinstance(value, Fraction):
            fields[kind.name] = shown(value + EXACT.get(kind.type, Fraction(1)))
        return
    by = {"<": -1, ">": 1}.get(op, 0)
    if isinstance(value, Fraction):
        fields[kind.name] = shown(value + by * EXACT.get(kind.type, Fraction(1)))
    elif kind.type == "date" and op != "=":
        fields[kind.name] = (date.fromisoformat(str(value)[:10]) + timedelta(days=by)).isoformat()
    else:
        fields[kind.name] = shown(value)
