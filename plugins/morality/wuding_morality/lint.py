"""What no book of a morality bank may do: books that try are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from wuding.errors import Diagnostic
from wuding.lang.nodes import And, Cmp, Cond, Field, Lit, OneOf, Param, Term
from wuding.lang.tree import Node
from wuding.program.model import Patrol, Program, Scoring

DOMAIN = "morality"
PENALTY, TOUCHES = "penalty", "touches"
ALLOWED = frozenset({"points", "honours"})
ROLL, FEWEST, MOST = "honour-roll", 5, 10


def only_points(program: Program, root: Node) -> Iterator[Diagnostic]:
    """WD250: the book lacks the rule that penalties touch points and honours alone, or weakens it."""
    if program.domain.name != DOMAIN:
        return
    rules = [r for r in program.rules if isinstance(r, Patrol) and r.must is not None and _of_penalties(r)]
    if not any(_keeps(rule) for rule in rules):
        wrong = [rule for rule in rules if not _keeps(rule)]
        span = wrong[0].head.span if wrong else (root.keys.get("book") or root).span
        yield Diagnostic("WD250", span, {"allowed": sorted(ALLOWED)})


def _of_penalties(rule: Patrol) -> bool:
    """Is every penalty asked, always?"""
    head, sel = rule.head, rule.holders
    always = not head.trial and head.valid_from is None and head.valid_to is None
    return always and sel.source == "fact" and PENALTY in sel.names and sel.when is None and not sel.by


def _keeps(rule: Patrol) -> bool:
    allowed = [set(values) for values in _touched(rule.must)]
    return any(values and values <= ALLOWED for values in allowed)


def _touched(cond: Cond | None) -> Iterator[list[str]]:
    """What a condition lets a penalty touch: by each part of it that must hold."""
    if isinstance(cond, And):
        for part in cond.args:
            yield from _touched(part)
    elif isinstance(cond, OneOf) and isinstance(cond.left, Field) and cond.left.name == TOUCHES:
        yield [str(option.value) if isinstance(option, Lit) else "" for option in cond.options]
    elif isinstance(cond, Cmp) and cond.op == "=" and isinstance(cond.left, Field) and cond.left.name == TOUCHES:
        yield [str(cond.right.value)] if isinstance(cond.right, Lit) else [""]


def takes_nothing(program: Program, root: Node) -> Iterator[Diagnostic]:
    """WD252: a reward that takes something away."""
    if program.domain.name != DOMAIN:
        return
    for rule in program.rules:
        if isinstance(rule, Scoring):
            for reward in rule.rewards:
                for name, value in reward.give.items():
                    if _negative(value):
                        yield Diagnostic("WD252", rule.head.span, {"name": name})


def _negative(value: object) -> bool:
    if isinstance(value, Lit):
        value = value.value
    return isinstance(value, int | Fraction) and not isinstance(value, bool) and value < 0


def roll_of_honour(program: Program, root: Node) -> Iterator[Diagnostic]:
    """WD257: a roll of honour with fewer than five or more than ten places."""
    if program.domain.name != DOMAIN:
        return
    for rule in program.rules:
        if not isinstance(rule, Scoring):
            continue
        for reward in rule.rewards:
            if reward.list != ROLL:
                continue
            sizes = [size for bound in _ranks(reward.when) for size in _values(program, bound)]
            wrong = [size for size in sizes if not FEWEST <= size <= MOST]
            if wrong or not sizes:
                shown = ", ".join(str(size) for size in wrong)
                yield Diagnostic("WD257", rule.head.span, {"size": shown, "low": FEWEST, "high": MOST})


def _ranks(cond: Cond | None) -> Iterator[Term]:
    """The bounds above a rank: `rank: "<= 10"`, `rank: 1..10`."""
    if isinstance(cond, And):
        for part in cond.args:
            yield from _ranks(part)
    elif isinstance(cond, Cmp) and isinstance(cond.left, Field) and cond.left.name == "rank" and cond.op in ("<=", "<"):
        yield cond.right


def _values(program: Program, term: Term) -> list[Fraction]:
    if isinstance(term, Param):
        return [number for _, value in program.parameters[term.name].values for number in _numbers(value)]
    return _numbers(term.value) if isinstance(term, Lit) else []


def _numbers(value: object) -> list[Fraction]:
    if isinstance(value, Mapping):
        return [number for part in value.values() for number in _numbers(part)]
    return [Fraction(value)] if isinstance(value, int | Fraction) and not isinstance(value, bool) else []
