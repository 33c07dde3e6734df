"""Three-valued conditions and interval arithmetic over fractions (semantics 16, 16c, 19)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from tests.parity.oracle import days

from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term


@dataclass(frozen=True)
class Num:
    """A number known to lie between two ends, both included."""

    lo: Fraction
    hi: Fraction

    @property
    def point(self) -> bool:
        return self.lo == self.hi


@dataclass(frozen=True)
class Day:
    day: int


@dataclass(frozen=True)
class Moment:
    instant: int


Known = Num | Day | Moment | Duration | str | bool | tuple[str, ...]
Truth = bool | None
ZERO = Num(Fraction(0), Fraction(0))


def number(value: int | str | Fraction) -> Num:
    return Num(Fraction(value), Fraction(value))


@dataclass(frozen=True)
class Env:
    """Where names get their values; None is missing or unknown."""

    field: Callable[[str], Known | None]
    holder: Callable[[str], Known | None]
    param: Callable[[str], Known | None]
    zone: str


def all3(parts: Iterable[Truth]) -> Truth:
    """Kleene's and."""
    seen = list(parts)
    return False if False in seen else None if None in seen else True


def any3(parts: Iterable[Truth]) -> Truth:
    """Kleene's or."""
    seen = list(parts)
    return True if True in seen else None if None in seen else False


def not3(part: Truth) -> Truth:
    return None if part is None else not part


# ── terms ────────────────────────────────────────────────────────────────────────────────────────
def literal(value: object, kind: str) -> Known:
    if isinstance(value, bool | str | Duration):
        return value
    if kind == "date":
        return Day(int(value))  # type: ignore[call-overload]
    if kind == "time":
        return Moment(int(value))  # type: ignore[call-overload]
    return number(value)  # type: ignore[arg-type]


def value_of(term: Term, env: Env) -> Known | None:
    if isinstance(term, Lit):
        return literal(term.value, term.type)
    if isinstance(term, Field):
        return env.field(term.name)
    if isinstance(term, Holder):
        return env.holder(term.name)
    if isinstance(term, Param):
        return env.param(term.name)
    assert isinstance(term, Arith)
    numbers = []
    for arg in term.args:
        value = value_of(arg, env)
        if not isinstance(value, Num):
            return None  # 16c: no value is unknown
        numbers.append(value)
    return calculate(term.op, numbers)


def half_away(value: Fraction, places: int) -> Fraction:
    """19: rounded half away from zero."""
    scaled = abs(value) * 10**places
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**places)


def calculate(op: str, args: list[Num]) -> Num | None:
    a = args[0]
    if op == "+":
        return Num(sum((n.lo for n in args), Fraction(0)), sum((n.hi for n in args), Fraction(0)))
    if op == "-":
        return Num(a.lo - args[1].hi, a.hi - args[1].lo)
    if op == "neg":
        return Num(-a.hi, -a.lo)
    if op == "*":
        ends = [x * y for x in (a.lo, a.hi) for y in (args[1].lo, args[1].hi)]
        return Num(min(ends), max(ends))
    if op == "/":
        b = args[1]
        if b.lo <= 0 <= b.hi:
            return None  # 16c: dividing by an interval that holds zero
        ends = [x / y for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
        return Num(min(ends), max(ends))
    if op == "min":
        return Num(min(n.lo for n in args), min(n.hi for n in args))
    if op == "max":
        return Num(max(n.lo for n in args), max(n.hi for n in args))
    if op == "floor":
        return Num(Fraction(math.floor(a.lo)), Fraction(math.floor(a.hi)))
    if op == "round":
        places = int(args[1].lo) if len(args) > 1 else 0
        return Num(half_away(a.lo, places), half_away(a.hi, places))
    if op == "abs":
        if a.lo <= 0 <= a.hi:
            return Num(Fraction(0), max(-a.lo, a.hi))
        return Num(min(abs(a.lo), abs(a.hi)), max(abs(a.lo), abs(a.hi)))
    raise ValueError(op)


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
_MINUTES = {"min": 1, "h": 60, "d": 1440, "workday": 1440, "week": 10080, "month": 43200, "year": 525600}


def _line(value: Known, other: Known, zone: str) -> tuple[Fraction, Fraction] | None:
    """Where a value lies on the line that it shares with the other one; None for what has no order."""
    if isinstance(value, Num):
        return (value.lo, value.hi)
    if isinstance(value, Duration):
        minutes = Fraction(value.n * _MINUTES[value.unit])
        return (minutes, minutes)
    if isinstance(value, Day):
        return (Fraction(value.day), Fraction(value.day))
    if isinstance(value, Moment):  # against a date: the local day of the moment
        at = days.day_of(value.instant, zone) if isinstance(other, Day) else value.instant
        return (Fraction(at), Fraction(at))
    return None


def equal(a: Known | None, b: Known | None, zone: str) -> Truth:
    if a is None or b is None:
        return None
    if isinstance(a, tuple) or isinstance(b, tuple):  # a list-valued field: they share a member
        return bool(set(a if isinstance(a, tuple) else (a,)) & set(b if isinstance(b, tuple) else (b,)))
    one, two = _line(a, b, zone), _line(b, a, zone)
    if one is None or two is None:
        return type(a) is type(b) and a == b
    if one[0] == one[1] == two[0] == two[1]:
        return True
    return False if one[1] < two[0] or two[1] < one[0] else None


def compare(op: str, a: Known | None, b: Known | None, zone: str) -> Truth:
    """16c: true or false when it is so at every point, else unknown."""
    if op == "=":
        return equal(a, b, zone)
    if op == "!=":
        return not3(equal(a, b, zone))
    if a is None or b is None:
        return None
    one, two = _line(a, b, zone), _line(b, a, zone)
    if one is None or two is None:
        return None
    if op in (">", ">="):
        one, two, op = two, one, {">": "<", ">=": "<="}[op]
    if op == "<":
        return True if one[1] < two[0] else False if one[0] >= two[1] else None
    return True if one[1] <= two[0] else False if one[0] > two[1] else None


def truth_of(cond: Cond | None, env: Env) -> Truth:
    if cond is None:
        return True
    if isinstance(cond, Cmp):
        return compare(cond.op, value_of(cond.left, env), value_of(cond.right, env), env.zone)
    if isinstance(cond, OneOf):
        left = value_of(cond.left, env)
        return any3(equal(left, value_of(option, env), env.zone) for option in cond.options)
    if isinstance(cond, Has):  # 16: never unknown
        return (env.field if isinstance(cond.field, Field) else env.holder)(cond.field.name) is not None
    if isinstance(cond, Not):
        return not3(truth_of(cond.arg, env))
    if isinstance(cond, And):
        return all3(truth_of(arg, env) for arg in cond.args)
    assert isinstance(cond, Or)
    return any3(truth_of(arg, env) for arg in cond.args)


def reads(node: Cond | Term | None) -> set[Field | Holder]:
    """16a: the fields that a condition compares, or a term reads; not those only asked whether they are present."""
    if isinstance(node, Field | Holder):
        return {node}
    if isinstance(node, Cmp):
        return reads(node.left) | reads(node.right)
    if isinstance(node, OneOf):
        return reads(node.left).union(*(reads(option) for option in node.options))
    if isinstance(node, Not):
        return reads(node.arg)
    if isinstance(node, And | Or | Arith):
        return set().union(*(reads(arg) for arg in node.args))
    return set()


def absent(node: Cond | Term | None, env: Env) -> set[str]:
    """16a: the names of those that are not there."""
    names = set()
    for leaf in reads(node):
        if (env.field if isinstance(leaf, Field) else env.holder)(leaf.name) is None:
            names.add(leaf.name)
    return names
