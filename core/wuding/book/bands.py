"""Do the bands of a score fit together? Each must be reachable, and every total must find one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from wuding.domain.number import plain
from wuding.errors import Diagnostic, Rejected
from wuding.lang.nodes import And, Cmp, Cond, Field, Lit, Not, OneOf, Or, Term
from wuding.lang.tree import Node, Problems
from wuding.program.model import Limits, Scoring


def check_bands(rule: Scoring, node: Node) -> None:
    """Raises Rejected: WD302 a band that nothing can reach, WD303 a total that no band takes, WD317 something
    after `else`. Where a band tests more than the total against plain numbers, nothing is said of it."""
    problems: Problems = []
    names = [name for name, _ in rule.bands]
    conds = [cond for _, cond in rule.bands]
    if None in conds[:-1]:
        late = names[conds.index(None) + 1]
        raise Rejected([Diagnostic("WD317", node.keys[late].span, {"name": late})])
    if not all(cond is None or _on_total(cond) for cond in conds):
        return
    reached: set[str] = set()
    for total in sorted(set(_samples(rule))):
        band = next((name for name, cond in rule.bands if cond is None or holds(cond, total)), None)
        if band is None and not problems:
            problems.append(Diagnostic("WD303", node.span, {"total": plain(total)}))
        reached.add(band or "")
    for name, cond in rule.bands:
        if name not in reached and cond is not None:
            problems.append(Diagnostic("WD302", node.keys[name].span, {"name": name}))
    if problems:
        raise Rejected(problems)


def _on_total(cond: Cond) -> bool:
    """Does the condition test the total against plain numbers, and nothing else?"""
    match cond:
        case And(args) | Or(args):
            return all(_on_total(arg) for arg in args)
        case Not(arg):
            return _on_total(arg)
        case Cmp(_, left, right):
            return _is_total(left) and isinstance(right, Lit)
        case OneOf(left, options):
            return _is_total(left) and all(isinstance(option, Lit) for option in options)
        case _:
            return False


def _is_total(term: Term) -> bool:
    return isinstance(term, Field) and term.name == "total"


def holds(cond: Cond, total: Fraction) -> bool:
    """Whether a condition of plain numbers is true of a total."""
    match cond:
        case And(args):
            return all(holds(arg, total) for arg in args)
        case Or(args):
            return any(holds(arg, total) for arg in args)
        case Not(arg):
            return not holds(arg, total)
        case OneOf(_, options):
            return any(_number(option) == total for option in options)
        case Cmp(op, _, right):
            side = _number(right)
            return {
                "=": total == side, "!=": total != side, "<": total < side,
                "<=": total <= side, ">": total > side, ">=": total >= side,
            }[op]  # fmt: skip
        case _:
            raise TypeError(cond)


def _number(term: Term) -> Fraction:
    assert isinstance(term, Lit) and isinstance(term.value, Fraction), term
    return term.value


def _numbers(cond: Cond) -> Iterator[Fraction]:
    match cond:
        case And(args) | Or(args):
            for arg in args:
                yield from _numbers(arg)
        case Not(arg):
            yield from _numbers(arg)
        case OneOf(_, options):
            yield from (_number(option) for option in options)
        case Cmp(_, _, right):
            yield _number(right)


def _samples(rule: Scoring) -> Iterator[Fraction]:
    """Totals enough to see every band: a score can only be a multiple of its last place, and bands change only
    at the numbers that they name."""
    step = Fraction(1, 10**rule.places)
    named = [number for _, cond in rule.bands if cond is not None for number in _numbers(cond)]
    ends = [end for end in (rule.range.low, rule.range.high) if end is not None]
    for number in (*named, *ends, Fraction(0)):
        below = (number // step) * step
        yield from (total for k in (-1, 0, 1, 2) if _within(total := below + k * step, rule.range))


def _within(total: Fraction, area: Limits) -> bool:
    return (area.low is None or total >= area.low) and (area.high is None or total <= area.high)
