"""What conditions and arithmetic are made of, after parsing: few nodes, no sugar.

The surface forms (`5..7`, `not(x)`, `[a, b]`, `">= 50 and < 75"`) are gone here; every engine, the
explainer and the oracle know these nodes only, and each has one handler per node.

Types of terms: text int number money bool date time duration id enum ref person; `null` is no type:
a missing field makes a test unknown (semantics 16), except for `Has`.
Literal values: str; bool; Fraction for int, number, money; int days since 1970-01-01 for date; int
microseconds since 1970-01-01 UTC for time; Duration for duration.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Duration:
    """`48 h`, `7 d`, `3 workday`. Units: min, h (elapsed); d, workday, week, month, year (calendar)."""

    n: int
    unit: str

    def __str__(self) -> str:
        short = {"min": "min", "h": "h", "d": "d"}.get(self.unit)
        return f"{self.n}{short}" if short else f"{self.n} {self.unit}s"


Value = str | bool | int | Fraction | Duration


# ── terms ────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Lit:
    value: Value
    type: str


@dataclass(frozen=True)
class Field:
    """A field of the thing tested (fact, grid, subject, post, finding), or a measure, a total."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Holder:
    """`holder.name`: a field of the rule's holder."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Param:
    """`$name`: a parameter of the book."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Arith:
    """`op` is one of + - * / neg min max floor round abs (round: value, places)."""

    op: str
    args: tuple[Term, ...]
    type: str = ""


Term = Lit | Field | Holder | Param | Arith


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Cmp:
    """`op` is one of = != < <= > >=. Order is defined for numbers, dates, times, durations only."""

    op: str
    left: Term
    right: Term


@dataclass(frozen=True)
class OneOf:
    """True when `left` equals one of the options. For a list-valued field: when they share a member."""

    left: Term
    options: tuple[Term, ...]


@dataclass(frozen=True)
class Has:
    """True when the field is present. Never unknown."""

    field: Field | Holder


@dataclass(frozen=True)
class Not:
    arg: Cond


@dataclass(frozen=True)
class And:
    """No arguments: true."""

    args: tuple[Cond, ...]


@dataclass(frozen=True)
class Or:
    """No arguments: false."""

    args: tuple[Cond, ...]


Cond = Cmp | OneOf | Has | Not | And | Or
