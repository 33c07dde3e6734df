"""Exact arithmetic over columns: each different combination of inputs is computed once, in fractions.

Semantics 16c and 19. A value is an interval (low, high) of fractions, a plain value, or None (unknown).
Columns: `x` is a point; `x.lo` and `x.hi` are an interval, as millionths (Int64) or as text `n/d` (String).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any

import polars as pl

from wuding.domain.number import SCALE, rounded
from wuding.engines.columnar.conditions import NUMERIC, column, leaves, parts
from wuding.lang.nodes import And, Arith, Cmp, Cond, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term

Interval = tuple[Fraction, Fraction]
Env = Mapping[str, Any]
ZERO = Fraction(0)


def value_of(term: Term, env: Env) -> Any:
    """The interval or plain value of a term; None when unknown."""
    if isinstance(term, Lit):
        return (term.value, term.value) if isinstance(term.value, Fraction) else term.value
    if isinstance(term, (Field, Holder, Param)):
        return env[column(term)]
    return _arith(term, env)


def _arith(term: Arith, env: Env) -> Any:
    args = [value_of(a, env) for a in term.args]
    if any(a is None for a in args):
        return None
    match term.op:
        case "+":
            return args[0][0] + args[1][0], args[0][1] + args[1][1]
        case "-":
            return args[0][0] - args[1][1], args[0][1] - args[1][0]
        case "*":
            return _corners(args, lambda a, b: a * b)
        case "/":
            if args[1][0] <= 0 <= args[1][1]:
                return None
            return _corners(args, lambda a, b: a / b)
        case "neg":
            return -args[0][1], -args[0][0]
        case "min":
            return min(a[0] for a in args), min(a[1] for a in args)
        case "max":
            return max(a[0] for a in args), max(a[1] for a in args)
        case "floor":
            return Fraction(args[0][0] // 1), Fraction(args[0][1] // 1)
        case "round":
            places = int(args[1][0]) if len(args) > 1 else 0
            return rounded(args[0][0], places), rounded(args[0][1], places)
        case "abs":
            low, high = args[0]
            return (ZERO if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))
    raise TypeError(term)


def _corners(args: list[Interval], op: Callable[[Fraction, Fraction], Fraction]) -> Interval:
    found = [op(a, b) for a in args[0] for b in args[1]]
    return min(found), max(found)


def holds(cond: Cond | None, env: Env) -> bool | None:
    """The condition in three values; of an interval it is true or false when it is so at every point."""
    match cond:
        case None:
            return True
        case And(args):
            found = [holds(a, env) for a in args]
            return False if False in found else None if None in found else True
        case Or(args):
            found = [holds(a, env) for a in args]
            return True if True in found else None if None in found else False
        case Not(arg):
            inner = holds(arg, env)
            return None if inner is None else not inner
        case Has(term):
            return bool(env[column(term)]) if term.type == "list" else env[column(term)] is not None
        case OneOf(left, options):
            return holds(Or(tuple(Cmp("=", left, o) for o in options)), env)
        case Cmp(op, left, right):
            return _compare(op, value_of(left, env), value_of(right, env))
    raise TypeError(cond)


def _compare(op: str, a: Any, b: Any) -> bool | None:
    if a is None or b is None:
        return None
    if isinstance(a, list):
        return (b in a) == (op == "=")
    if not isinstance(a, tuple):
        a, b = (a, a), (b, b)
    if op == "!=":
        inner = _compare("=", a, b)
        return None if inner is None else not inner
    if op == "=":
        return True if a[0] == a[1] == b[0] == b[1] else False if a[1] < b[0] or b[1] < a[0] else None
    if op in (">", ">="):
        a, b, op = b, a, {">": "<", ">=": "<="}[op]
    if op == "<":
        return True if a[1] < b[0] else False if a[0] >= b[1] else None
    return True if a[1] <= b[0] else False if a[0] > b[1] else None


# ── over columns ─────────────────────────────────────────────────────────────────────────────────
def inputs(terms: Iterable[Term], frame: pl.DataFrame) -> dict[str, str]:
    """The names that the terms read, each with its type: those present in the frame."""
    found: dict[str, str] = {}
    for term in terms:
        for leaf in parts(term):
            if isinstance(leaf, (Field, Holder, Param)):
                found[column(leaf)] = leaf.type
    return found


def _decode(cell: Any, type_: str) -> Any:
    if cell is None:
        return None
    if type_ in NUMERIC:
        number = Fraction(cell) if isinstance(cell, str) else Fraction(cell, 1 if type_ == "int" else SCALE)
        return number, number
    return cell


def over(
    frame: pl.DataFrame, names: Mapping[str, str], fn: Callable[[Env], tuple[Any, ...]], out: Mapping[str, Any]
) -> pl.DataFrame:
    """The frame with the columns `out` that `fn` computes of the named inputs, once for each combination."""
    cells: dict[str, tuple[str, ...]] = {}
    for name in names:
        cells[name] = (f"{name}.lo", f"{name}.hi") if f"{name}.lo" in frame.columns else (name,)
    cols = [c for group in cells.values() for c in group]
    if not cols:
        values = fn({})
        return frame.with_columns(*[pl.lit(v, dtype=t).alias(n) for v, (n, t) in zip(values, out.items(), strict=True)])
    distinct = frame.select(cols).unique(maintain_order=True)
    rows = []
    for row in distinct.iter_rows(named=True):
        env: dict[str, Any] = {}
        for name, group in cells.items():
            if len(group) == 2:
                low, high = (_decode(row[c], "number") for c in group)
                env[name] = None if low is None or high is None else (low[0], high[1])
            else:
                env[name] = _decode(row[name], names[name])
        rows.append(fn(env))
    if len(rows) == 1:
        return frame.with_columns(pl.lit(v, dtype=t).alias(n) for v, (n, t) in zip(rows[0], out.items(), strict=True))
    computed = distinct.with_columns(
        *[pl.Series(n, [r[i] for r in rows], dtype=t) for i, (n, t) in enumerate(out.items())]
    )
    return frame.join(computed, on=cols, how="left", nulls_equal=True, maintain_order="left")


def text(value: Fraction | None) -> str | None:
    """An exact number as a cell."""
    return None if value is None else f"{value.numerator}/{value.denominator}"


def intervals(frame: pl.DataFrame, term: Term, name: str) -> pl.DataFrame:
    """The frame with `name.lo` and `name.hi`, the exact value of the term (null: unknown)."""

    def fn(env: Env) -> tuple[Any, ...]:
        value = value_of(term, env)
        return (None, None) if value is None else (text(value[0]), text(value[1]))

    return over(frame, inputs([term], frame), fn, {f"{name}.lo": pl.String, f"{name}.hi": pl.String})


def three_valued(frame: pl.DataFrame, cond: Cond | None, name: str) -> pl.DataFrame:
    """The frame with the nullable boolean column `name`, the condition in three values."""
    return over(frame, inputs(reads(cond), frame), lambda env: (holds(cond, env),), {name: pl.Boolean})


def reads(cond: Cond | None) -> list[Term]:
    """The terms that the condition looks at, presence tests included."""
    found: list[Term] = []
    for leaf in leaves(cond) if cond is not None else ():
        match leaf:
            case Cmp(_, left, right):
                found += [left, right]
            case OneOf(left, options):
                found += [left, *options]
            case Has(term):
                found.append(term)
    return found


def prepare(frame: pl.DataFrame, cond: Cond) -> tuple[pl.DataFrame, Cond]:
    """Computes the tests that need exact arithmetic, and puts a column in their place."""

    def walk(node: Cond) -> Cond:
        nonlocal frame
        match node:
            case And(args):
                return And(tuple(walk(a) for a in args))
            case Or(args):
                return Or(tuple(walk(a) for a in args))
            case Not(arg):
                return Not(walk(arg))
            case Cmp() | OneOf() if _needs_exact(node, frame.columns):
                name = f"f.__{len(frame.columns)}"
                frame = three_valued(frame, node, name)
                return Cmp("=", Field(name[2:], "bool"), Lit(True, "bool"))
        return node

    found = walk(cond)  # which changes `frame`
    return frame, found


def takes_exactness(cond: Cond, columns: Collection[str]) -> bool:
    """Is there a test in the condition that needs exact arithmetic?"""
    return any(_needs_exact(leaf, columns) for leaf in leaves(cond) if not isinstance(leaf, Has))


def _needs_exact(leaf: Cmp | OneOf, columns: Collection[str]) -> bool:
    read = (leaf.left, leaf.right) if isinstance(leaf, Cmp) else (leaf.left, *leaf.options)
    for term in read:
        if isinstance(term, Arith):
            return True
        if isinstance(term, Lit) and isinstance(term.value, Fraction) and (term.value * SCALE).denominator != 1:
            return True
        if isinstance(term, (Field, Holder, Param)) and f"{column(term)}.lo" in columns:
            return True
    return False
