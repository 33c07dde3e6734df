"""Conditions as Narwhals expressions over nullable booleans.

True, false and null are the three values of semantics 16: `&`, `|` and `~` on nullable booleans are
Kleene's on every backend that Narwhals speaks. What needs exact arithmetic is computed beforehand
(`exact.prepare`) and stands here as a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import narwhals as nw

from wuding.domain.number import SCALE
from wuding.engines.frames import UNIT_US
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term

NUMERIC = ("int", "number", "money")
BUILTIN = {
    "occurred_at": "at",
    "recorded_at": "recorded",
    "actor": "actor",
    "grid": "grid",
    "subject": "subject",
    "seq": "seq",
}
DAY_US = 86_400_000_000
LARGEST = (2**63 - 1) // SCALE


def column(term: Field | Holder | Param) -> str:
    """The column that holds a field of the thing (`f.`), of the holder (`h.`), or a parameter (`p.`)."""
    if isinstance(term, Field):
        return BUILTIN.get(term.name, f"f.{term.name}")
    return f"h.{term.name}" if isinstance(term, Holder) else f"p.{term.name}:{term.type}"


def expression(cond: Cond) -> nw.Expr:
    """The condition as a nullable boolean expression. Raises TypeError for a node it does not know."""
    match cond:
        case And(args):
            return _joined(args, "and")
        case Or(args):
            return _joined(args, "or")
        case Not(arg):
            return ~expression(arg)
        case Has(term):
            if term.type == "list":
                return nw.col(column(term)).list.len() > 0
            return ~nw.col(column(term)).is_null()
        case OneOf(left, options):
            if left.type == "list":
                name = column(_leaf(left))
                return _any([nw.col(name).list.contains(str(literal(o))) for o in options])
            if all(isinstance(o, Lit) for o in options):
                scaled = [literal(o, common(left, o)) for o in options]
                if all(common(left, o) == left.type for o in options):
                    return _any([_operand(left, left.type) == v for v in scaled])
            return _any([expression(Cmp("=", left, o)) for o in options])
        case Cmp(op, left, right):
            if left.type == "list":
                found = nw.col(column(_leaf(left))).list.contains(str(literal(right)))
                return found if op == "=" else ~found
            kind = common(left, right)
            a, b = _operand(left, kind), _operand(right, kind)
            compare = {"=": a == b, "!=": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}
            return compare[op]
    raise TypeError(cond)


def _joined(args: tuple[Cond, ...], how: str) -> nw.Expr:
    if not args:
        return nw.lit(how == "and")
    found = expression(args[0])
    for arg in args[1:]:
        found = found & expression(arg) if how == "and" else found | expression(arg)
    return found


def _any(exprs: list[nw.Expr]) -> nw.Expr:
    found = exprs[0]
    for e in exprs[1:]:
        found = found | e
    return found


def _leaf(term: Term) -> Field | Holder | Param:
    if not isinstance(term, (Field, Holder, Param)):
        raise TypeError(term)
    return term


def common(left: Term, right: Term) -> str:
    """The type in which two terms are compared. Whole numbers meet exact ones in millionths, an instant
    meets a date as its local day (the column `day` beside `at` is not assumed: see `context.with_days`)."""
    types = {left.type, right.type}
    if types <= set(NUMERIC):
        return "int" if all(_whole(t) for t in (left, right)) else "number"
    if "date" in types:
        return "date"
    return left.type if isinstance(right, Lit) else right.type


def _whole(term: Term) -> bool:
    return Fraction(term.value).denominator == 1 if isinstance(term, Lit) else term.type == "int"  # type: ignore[arg-type]


def _operand(term: Term, kind: str) -> nw.Expr:
    if isinstance(term, Lit):
        return nw.lit(literal(term, kind))
    name = column(_leaf(term))
    if kind == "number" and term.type == "int":
        # What is larger than any number in millionths stays so: overflow would turn it round.
        return nw.col(name).clip(-LARGEST, LARGEST) * SCALE
    if kind == "date" and term.type == "time":
        return nw.col(f"{name}.day")
    return nw.col(name)


def literal(term: Term, kind: str = "") -> str | bool | int:
    if not isinstance(term, Lit):
        raise TypeError(term)
    value = term.value
    if isinstance(value, Duration):
        return value.n * UNIT_US.get(
            value.unit, {"workday": 1, "week": 7, "month": 30, "year": 365}.get(value.unit, 1) * DAY_US
        )
    if isinstance(value, Fraction):
        if kind == "int":
            return int(value)
        return int(value * SCALE)
    return value


def leaves(cond: Cond) -> Iterator[Cmp | OneOf | Has]:
    """The tests that a condition is made of."""
    match cond:
        case And(args) | Or(args):
            for arg in args:
                yield from leaves(arg)
        case Not(arg):
            yield from leaves(arg)
        case _:
            yield cond


def terms(cond: Cond | None) -> Iterator[Term]:
    """The terms of a condition's comparisons, sub-terms of arithmetic included; presence tests left out."""
    if cond is None:
        return
    for leaf in leaves(cond):
        match leaf:
            case Cmp(_, left, right):
                yield from parts(left)
                yield from parts(right)
            case OneOf(left, options):
                yield from parts(left)
                for option in options:
                    yield from parts(option)


def parts(term: Term | None) -> Iterator[Term]:
    """A term and everything inside it."""
    if term is None:
        return
    yield term
    if isinstance(term, Arith):
        for arg in term.args:
            yield from parts(arg)


def days_compared(cond: Cond | None) -> set[str]:
    """Columns of instants that the condition compares with dates, and so needs as local days."""
    found: set[str] = set()
    for leaf in leaves(cond) if cond is not None else ():
        if isinstance(leaf, Cmp) and "date" in (leaf.left.type, leaf.right.type):
            found |= {column(t) for t in (leaf.left, leaf.right) if isinstance(t, (Field, Holder)) and t.type == "time"}
    return found
