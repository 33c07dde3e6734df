"""Typing: names become typed terms, literals become values of the type they are compared with.

Pure functions; every mistake is raised, located, as Rejected. Classes of types: numbers (int, number, money),
words (text, id, enum, ref, person), moments (date, time), duration, bool, and list (a set of words: equality
means membership). A date and a time compare by the time's day in the book's zone. A duration of whole days
compares with a number as that number of days; a parameter in such a place carries the number's type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from wuding.errors import Span
from wuding.lang import parse
from wuding.lang.nodes import And, Arith, Cmp, Cond, Duration, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.lang.parse import collect
from wuding.lang.texts import duration_of, percent_of, read_date, read_time
from wuding.lang.tree import Node, Places, wrong

NUMBERS = frozenset({"int", "number", "money"})
WORDS = frozenset({"text", "id", "enum", "ref", "person"})
MOMENTS = frozenset({"date", "time"})
ORDERED = NUMBERS | MOMENTS | {"duration"}
UNKNOWN = ""  # of a parameter that is itself wrong: nothing more is said of it
FIELD_TYPES = ("text", "int", "number", "money", "bool", "date", "time", "duration", "id", "enum", "ref", "person")


class Typed(Protocol):
    """What typing needs to know of a field."""

    @property
    def type(self) -> str: ...
    @property
    def values(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Scope:
    """The names that a condition may use. `kind` and `name` say of what, for messages."""

    fields: Mapping[str, Typed]
    kind: str
    name: str = ""
    holder: Mapping[str, Typed] | None = None
    params: Mapping[str, str] = field(default_factory=dict)  # name: type
    zone: str = "Asia/Shanghai"


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def condition(node: Node, places: Places, scope: Scope) -> Cond:
    """A condition read and typed. Raises Rejected with every mistake in it, of either kind."""
    return parse.condition(node, places, lambda test: typed(test, places, scope))


def typed(cond: Cond, places: Places, scope: Scope) -> Cond:
    """The condition with all types filled in. Raises Rejected with every mistake in it."""
    if isinstance(cond, And | Or):
        args = tuple(collect([_later(arg, places, scope) for arg in cond.args]))
        if isinstance(cond, And):
            _refuse_empty(args, places.of(cond))
        return And(args) if isinstance(cond, And) else Or(args)
    if isinstance(cond, Not):
        return Not(typed(cond.arg, places, scope))
    if isinstance(cond, Has):
        found = term(cond.field, places, scope)
        assert isinstance(found, Field | Holder)
        return Has(found)
    left = term(cond.left, places, scope)
    if isinstance(cond, OneOf):
        return OneOf(left, tuple(collect([_option(option, left, places, scope) for option in cond.options])))
    return _compared(cond, left, places, scope)


def _later(arg: Cond, places: Places, scope: Scope) -> Callable[[], Cond]:
    return lambda: typed(arg, places, scope)


def _option(option: Term, left: Term, places: Places, scope: Scope) -> Callable[[], Term]:
    return lambda: _beside(option, left, places, scope)


def _compared(cond: Cmp, left: Term, places: Places, scope: Scope) -> Cond:
    kind = type_of(left)
    if cond.op not in ("=", "!=") and kind not in ORDERED:
        raise wrong("WD213", places.of(cond), name=_name(left), type=kind, op=cond.op)
    right = _beside(cond.right, left, places, scope)
    if kind == "list":
        member = OneOf(left, (right,))
        return member if cond.op == "=" else Not(member)
    return Cmp(cond.op, left, right)


def _beside(right: Term, left: Term, places: Places, scope: Scope) -> Term:
    """`right` typed so that it can be compared with `left`. Raises WD212 when it cannot."""
    kind = type_of(left)
    place = places.of(right)
    if isinstance(right, Field) and right.name not in scope.fields and kind in WORDS | {"list"}:
        right = places.put(Lit(right.name, "text"), place, right.name)  # `!= major`
    if isinstance(right, Lit):
        return literal(right, kind, _declared(left, scope), places.text(right), place, scope.zone, _name(left))
    found = term(right, places, scope)
    other = type_of(found)
    if isinstance(found, Param) and kind in NUMBERS and other == "duration":
        return replace(found, type=kind)
    if not comparable(kind, other):
        raise wrong("WD212", place, name=_name(left), expected=kind, found=other, value=_name(right))
    return found


def comparable(left: str, right: str) -> bool:
    same = (NUMBERS, WORDS | {"list"}, MOMENTS)
    return left == right or UNKNOWN in (left, right) or any(left in group and right in group for group in same)


def literal(lit: Lit, kind: str, declared: Typed | None, text: str, span: Span, zone: str, name: str) -> Lit:
    """The literal as a value of type `kind`. Raises Rejected: WD211, WD212, WD119, WD219 to WD221."""
    value = lit.value
    if kind in WORDS or kind == "list":
        if isinstance(value, (bool, Duration)):
            raise wrong("WD212", span, name=name, expected=kind, found=lit.type, value=text)
        if kind == "enum" and declared is not None and declared.values and text not in declared.values:
            raise wrong("WD211", span, name=text, field=name, allowed=declared.values)
        return Lit(text, "text" if kind == "list" else kind)
    if lit.type == "text" and isinstance(value, str):
        return Lit(*_from_text(value, kind, span, zone, name))
    if kind in NUMBERS and isinstance(value, Duration) and value.unit == "d":
        return Lit(Fraction(value.n), "number")
    if lit.type == kind or (lit.type == "number" and kind in NUMBERS) or (lit.type == "date" and kind == "time"):
        return lit
    raise wrong("WD212", span, name=name, expected=kind, found=lit.type, value=text)


def _from_text(
    text: str, kind: str, span: Span, zone: str, name: str
) -> tuple[str | bool | Fraction | int | Duration, str]:
    if kind in MOMENTS and re.match(r"\d{4}-\d{2}-\d{2}\Z", text):
        return read_date(text, span), "date"
    if kind == "time":
        return read_time(text, zone, span), "time"
    if kind == "date":
        return read_date(text, span), "date"
    if kind == "duration" and (duration := duration_of(text)):
        return duration, "duration"
    if kind in NUMBERS:
        if (percent := percent_of(text)) is not None:
            return percent, "number"
        if (days := duration_of(text)) and days.unit == "d":
            return Fraction(days.n), "number"
        if re.match(r"[-+]?\d{1,30}(\.\d{1,30})?\Z", text):
            return Fraction(text), "number"
    if kind == "bool" and text.lower() in ("yes", "no", "on", "off", "y", "n", "true", "false", "是", "否"):
        raise wrong("WD119", span, text=text)
    raise wrong("WD212", span, name=name, expected=kind, found="text", value=text)


def _refuse_empty(args: tuple[Cond, ...], span: Span) -> None:
    """Raises Rejected where two bounds of one term leave nothing between them."""
    if len(args) != 2 or not all(isinstance(arg, Cmp) for arg in args):
        return
    low, high = args
    assert isinstance(low, Cmp) and isinstance(high, Cmp)
    if low.left != high.left:
        return
    if low.op in ("<", "<=") and high.op in (">", ">="):
        low, high = high, low
    if low.op not in (">", ">=") or high.op not in ("<", "<="):
        return
    bounds = [order_key(side.right) for side in (low, high)]
    if bounds[0] is None or bounds[1] is None or bounds[0][0] != bounds[1][0]:
        return
    closed = low.op == ">=" and high.op == "<="
    if bounds[0] > bounds[1] or (bounds[0] == bounds[1] and not closed):
        raise wrong("WD301" if closed else "WD311", span)


def order_key(bound: Term) -> tuple[str, Fraction] | None:
    """Where a literal lies among literals of its kind; None for what is no literal or has no order."""
    if not isinstance(bound, Lit) or isinstance(bound.value, str | bool):
        return None
    if isinstance(bound.value, Duration):
        minutes = {"min": 1, "h": 60, "d": 1440, "workday": 1440, "week": 10080, "month": 43200, "year": 525600}
        return "duration", Fraction(bound.value.n * minutes[bound.value.unit])
    return ("number" if bound.type in NUMBERS else bound.type), Fraction(bound.value)


# ── terms ────────────────────────────────────────────────────────────────────────────────────────
def term(item: Term, places: Places, scope: Scope) -> Term:
    """The term with its types filled in. Raises Rejected with every mistake in it."""
    span = places.of(item)
    if isinstance(item, Lit):
        return item
    if isinstance(item, Field):
        return _field(item, scope, span)
    if isinstance(item, Holder):
        if scope.holder is None:
            raise wrong("WD215", span, name=item.name)
        if item.name not in scope.holder:
            raise wrong("WD204", span, name=item.name, kind="holder", of="", allowed=tuple(scope.holder))
        return replace(item, type=scope.holder[item.name].type)
    if isinstance(item, Param):
        if item.name not in scope.params:
            raise wrong("WD209", span, name=item.name, allowed=tuple(scope.params))
        return replace(item, type=scope.params[item.name])
    args = tuple(collect([_term_later(arg, places, scope) for arg in item.args]))
    return Arith(item.op, args, _arith_type(item.op, [type_of(arg) for arg in args], span))


def _term_later(arg: Term, places: Places, scope: Scope) -> Callable[[], Term]:
    return lambda: term(arg, places, scope)


def _field(item: Field, scope: Scope, span: Span) -> Field:
    if item.name in scope.fields:
        return replace(item, type=scope.fields[item.name].type)
    parts = item.name.split("-")
    if len(parts) > 1 and all(part in scope.fields or part.isdigit() for part in parts):
        raise wrong("WD222", span, name=item.name, write=" - ".join(parts))
    raise wrong("WD204", span, name=item.name, kind=scope.kind, of=scope.name, allowed=tuple(scope.fields))


def numeric(item: Term, places: Places, scope: Scope) -> Term:
    """A typed term that is a number. Raises Rejected (WD214) when it is something else."""
    found = term(item, places, scope)
    if type_of(found) not in NUMBERS | {UNKNOWN}:
        raise wrong("WD214", places.of(item), op="=", types=(type_of(found),))
    return found


def _arith_type(op: str, types: list[str], span: Span) -> str:
    """The type of an operation. Raises Rejected (WD214) where the operation has no meaning."""
    first, rest = types[0], set(types[1:])
    if op in ("+", "-") and first in MOMENTS and rest == {"duration"}:
        return first
    if op in ("min", "max") and (first in MOMENTS | {"duration"}) and rest <= {first}:
        return first
    if UNKNOWN in types:
        return UNKNOWN
    if not set(types) <= NUMBERS:
        raise wrong("WD214", span, op=op, types=tuple(types))
    if op == "/":
        return "number"
    if op == "floor":
        return "int"
    whole = set(types[:1] if op == "round" else types)
    if whole == {"int"}:
        return "int"
    return "money" if "money" in whole and op != "*" else "number"


def type_of(item: Term) -> str:
    return item.type


def _declared(item: Term, scope: Scope) -> Typed | None:
    if isinstance(item, Field):
        return scope.fields.get(item.name)
    if isinstance(item, Holder) and scope.holder is not None:
        return scope.holder.get(item.name)
    return None


def _name(item: Term) -> str:
    if isinstance(item, Holder):
        return f"holder.{item.name}"
    if isinstance(item, Param):
        return f"${item.name}"
    if isinstance(item, Field):
        return item.name
    return str(item.value) if isinstance(item, Lit) else item.op
