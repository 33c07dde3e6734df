"""Conditions on one fact, as conjunctions of comparisons of whole numbers.

A condition is put into negation normal form and expanded to disjunctive normal form twice: *certain*, in which a
test of a missing field is false, and *possible*, in which it is true (semantics 16). No message ever lacks a field:
each is written as the least and as the greatest value that it may have, which are far apart where it is missing, so
that one comparison answers for either reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from wuding.domain.fact import Fact
from wuding.domain.number import SCALE
from wuding.engines.columnar.conditions import column, common, literal, parts
from wuding.engines.columnar.exact import holds, value_of
from wuding.engines.durable.cells import LIMIT, NUMERIC, Cell, Codes, Misfit, encoded, field_of
from wuding.engines.terms import OPEN
from wuding.lang.nodes import And, Arith, Cmp, Cond, Field, Has, Lit, Not, OneOf, Or, Term
from wuding.program.model import FieldType

Part = Literal["low", "high", "has"]
ORDERED = (*NUMERIC, "date", "time", "duration")
OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
TURNED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
MOST_CONJUNCTIONS = 64  # of one condition; more are left to the columnar engine
NO, YES, UNKNOWN = 0, 1, 2  # what a test that is made beforehand says


@dataclass(frozen=True)
class Read:
    """A number that messages carry: a part of a field as it is compared in `kind`."""

    name: str
    type: str
    kind: str
    part: Part


@dataclass(frozen=True)
class Asked:
    """A number that messages carry: what a test says that needs exact arithmetic, or two fields."""

    test: Cmp


@dataclass(frozen=True)
class Leaf:
    """`op` is one of = != < <= > >=, against a whole number."""

    number: Read | Asked
    op: str
    value: int


Conjunction = frozenset[Leaf]
Disjunction = frozenset[Conjunction]
NEVER: Disjunction = frozenset()
ALWAYS: Disjunction = frozenset([frozenset()])


def conjunctions(cond: Cond, sure: bool, codes: Codes) -> Disjunction:
    """The condition's disjunctive normal form, certain (`sure`) or possible. Raises Misfit where it is too large, or
    says something that has no place in it."""
    return _normal(cond, True, sure, codes)


def _normal(cond: Cond, wanted: bool, sure: bool, codes: Codes) -> Disjunction:
    match cond:
        case And(args) | Or(args):
            found = [_normal(arg, wanted, sure, codes) for arg in args]
            return _all(found) if isinstance(cond, And) == wanted else _fitting(frozenset().union(*found))
        case Not(arg):
            return _normal(arg, not wanted, sure, codes)
        case Has(term):
            return _one(Leaf(Read(term.name, term.type, term.type, "has"), "=", int(wanted)))
        case OneOf(left, options):
            return _normal(Or(tuple(Cmp("=", left, option) for option in options)), wanted, sure, codes)
        case Cmp():
            return _compared(cond, wanted, sure, codes)
    raise TypeError(cond)


def _one(*leaves: Leaf) -> Disjunction:
    return frozenset([frozenset(leaves)])


def _fitting(found: Disjunction) -> Disjunction:
    if len(found) > MOST_CONJUNCTIONS:
        raise Misfit("conjunctions", len(found), MOST_CONJUNCTIONS)
    return found


def _all(each: list[Disjunction]) -> Disjunction:
    found = ALWAYS
    for part in each:
        found = _fitting(frozenset(one | other for one in found for other in part))
    return found


# ── single tests ─────────────────────────────────────────────────────────────────────────────────
def _compared(cond: Cmp, wanted: bool, sure: bool, codes: Codes) -> Disjunction:
    left, right = _folded(cond.left), _folded(cond.right)
    if cond == OPEN or left is None or right is None:
        return NEVER if sure else ALWAYS
    cond = Cmp(cond.op, left, right)
    if cond.op not in ("=", "!=") and common(left, right) not in ORDERED:
        raise Misfit("text-orders", 1, 0)
    if _is_literal(cond.left) and _is_plain(cond.right):
        cond = Cmp(TURNED[cond.op], cond.right, cond.left)
    if not (_is_plain(cond.left) and _is_literal(cond.right)):
        return _asked(cond, wanted, sure)
    assert isinstance(cond.left, Field) and isinstance(cond.right, Lit)
    op = cond.op if wanted else OPPOSITE[cond.op]
    kind = common(cond.left, cond.right)
    given = literal(cond.right, kind)
    value = codes.of(given) if isinstance(given, (str, bool)) else given
    if not -LIMIT < value < LIMIT:
        raise Misfit("large-number", value, LIMIT - 1)
    return _one(*_bounds(cond.left, kind, op, value, sure))


def _bounds(field: Field, kind: str, op: str, value: int, sure: bool) -> list[Leaf]:
    """The comparison, such that the least and the greatest value of a missing field make it false (`sure`) or true."""

    def leaf(part: Part, op: str, value: int = value) -> Leaf:
        return Leaf(Read(field.name, field.type, kind, part), op, value)

    if op == "=":
        return [leaf("low", "=")] if sure else [leaf("low", "<="), leaf("high", ">=")]
    if op == "!=":
        return [leaf("low", "!="), leaf("has", "=", 1)] if sure else [leaf("low", "!=")]
    least = (op in (">", ">=")) == sure
    return [leaf("low" if least else "high", op)]


def _folded(term: Term) -> Term | None:
    """Arithmetic over literals as its value; None when it has none."""
    if not isinstance(term, Arith) or any(not isinstance(part, (Lit, Arith)) for part in parts(term)):
        return term
    value = value_of(term, {})
    return None if value is None else Lit(value[0], "number")


def _asked(test: Cmp, wanted: bool, sure: bool) -> Disjunction:
    """A test that is made beforehand, in three values."""
    answer = YES if wanted else NO
    return _one(Leaf(Asked(test), "=", answer) if sure else Leaf(Asked(test), "!=", YES + NO - answer))


def _is_plain(term: Term) -> bool:
    return isinstance(term, Field)


def _is_literal(term: Term) -> bool:
    """A literal that is whole in millionths."""
    if not isinstance(term, Lit):
        return False
    return term.type not in NUMERIC or (term.value * SCALE).denominator == 1  # type: ignore[operator,union-attr]


# ── the numbers of a fact ────────────────────────────────────────────────────────────────────────
def numbers_of(
    fact: Fact, wanted: Mapping[Read | Asked, str], fields: Mapping[str, FieldType], zone: str, codes: Codes
) -> str:
    """The numbers of a fact under their names, as the inside of a JSON object. Raises Misfit beyond the limits."""
    found = []
    for number, name in wanted.items():
        value = (
            _read(fact, number, fields, zone, codes) if isinstance(number, Read) else _ask(fact, number, fields, zone)
        )
        found.append(f'"{name}":{value}')
    return ",".join(found)


def _read(fact: Fact, number: Read, fields: Mapping[str, FieldType], zone: str, codes: Codes) -> int:
    cell, type_ = field_of(fact, number.name, fields.get(number.name), number.type)
    if number.part == "has":
        return int(cell is not None)
    value = encoded(cell, type_, number.kind, zone, codes)
    missing = -LIMIT if number.part == "low" else LIMIT
    return missing if value is None else value


def _ask(fact: Fact, number: Asked, fields: Mapping[str, FieldType], zone: str) -> int:
    test = number.test
    if isinstance(test, Cmp) and isinstance(test.left, Field) and isinstance(test.right, Field):
        kind = common(test.left, test.right)
        codes = Codes()
        left, right = (
            encoded(*field_of(fact, f.name, fields.get(f.name), f.type), kind, zone, codes)
            for f in (test.left, test.right)
        )
        return UNKNOWN if left is None or right is None else int(COMPARE[test.op](left, right))
    answer = holds(test, {column(f): _exactly(fact, f, fields) for t in (test.left, test.right) for f in _fields(t)})
    return UNKNOWN if answer is None else int(answer)


def _fields(term: Term) -> list[Field]:
    return [part for part in parts(term) if isinstance(part, Field)]


def _exactly(fact: Fact, field: Field, fields: Mapping[str, FieldType]) -> Cell | tuple[Fraction, Fraction]:
    """A field as exact arithmetic takes it: numbers are intervals of one point."""
    cell, type_ = field_of(fact, field.name, fields.get(field.name), field.type)
    if type_ not in NUMERIC or not isinstance(cell, int):
        return cell
    number = Fraction(cell, 1 if type_ == "int" else SCALE)
    return number, number


COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "=": int.__eq__, "!=": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__,
}  # fmt: skip
