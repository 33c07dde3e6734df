"""The terms of a program: its selectors of facts, as every engine matches them (semantics 28).

A term is a selector of facts at its place in a rule. What facts alone do not decide stands in its condition as the
test `OPEN`, whose value nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass

from wuding.domain.fact import CORE, Fact
from wuding.lang.nodes import And, Arith, Cmp, Cond, Field, Has, Holder, Lit, Not, OneOf, Or, Param, Term
from wuding.program.builtin import FACTS
from wuding.program.model import Program, Selector, Thing

OPEN = Cmp("=", Field("__open", "bool"), Lit(True, "bool"))
PLACES = {"holders": "for", "having": "with", "lacking": "without"}  # as rule books call them


@dataclass(frozen=True)
class FactTerm:
    """`own`: the condition on the fact alone. `having` and `lacking` are the places, in the program's terms, of the
    counterparts that must and must not exist; they stand before this one."""

    rule: str
    term: str
    sel: Selector
    own: Cond
    having: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()


def fact_terms(program: Program) -> tuple[FactTerm, ...]:
    """All terms of a program, counterparts before those whose counterparts they are."""
    found: list[FactTerm] = []
    for rule in program.rules:
        for path, sel in _selectors(rule, ""):
            _add(found, rule.head.key, path, sel)
    return tuple(found)


def _selectors(node: object, path: str) -> Iterator[tuple[str, Selector]]:
    """The outermost selectors inside a rule, each with its place."""
    if isinstance(node, Selector):
        yield path, node
    elif is_dataclass(node):
        for f in fields(node):
            yield from _selectors(getattr(node, f.name), _joined(path, PLACES.get(f.name, f.name)))
    elif isinstance(node, tuple):
        for n, part in enumerate(node):
            name = getattr(part, "id", None) or getattr(part, "name", None) or str(n)
            yield from _selectors(part, _joined(path, name))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _add(found: list[FactTerm], rule: str, path: str, sel: Selector) -> int | None:
    """Adds the terms of a selector; answers the place of its own, None where it is no selector of facts."""
    nested = [
        [_add(found, rule, f"{path}.{word}.{n}", other) for n, other in enumerate(others)]
        for word, others in (("with", sel.having), ("without", sel.lacking))
    ]
    if sel.source != "fact":
        return None
    parts = [opened(sel.when)] if sel.when is not None else []
    if sel.by or any(place is None for places in nested for place in places):
        parts.append(OPEN)
    having, lacking = (tuple(place for place in places if place is not None) for places in nested)
    found.append(FactTerm(rule, path, sel, And(tuple(parts)), having, lacking))
    return len(found) - 1


def with_counterparts(terms: Sequence[FactTerm], wanted: Sequence[int]) -> list[int]:
    """The places of the wanted terms and of all that their matches depend on, in order."""
    needed = set(wanted)
    for n in range(len(terms) - 1, -1, -1):
        if n in needed:
            needed |= {*terms[n].having, *terms[n].lacking}
    return sorted(needed)


def may_touch(program: Program, terms: Sequence[FactTerm], facts: Sequence[Fact]) -> list[int]:
    """The places of the terms in whose matches one of the facts may take part, going by types alone."""
    types = {fact.type for fact in facts}
    named = [types.intersection(types_of(program, term.sel)) for term in terms]
    return [n for n, term in enumerate(terms) if named[n] or any(named[c] for c in term.having)]


# ── conditions ───────────────────────────────────────────────────────────────────────────────────
def opened(cond: Cond) -> Cond:
    """The condition with `OPEN` for every test that reads a holder or a parameter; a comparison with several values
    is one test for each."""
    match cond:
        case And(args):
            return And(tuple(opened(arg) for arg in args))
        case Or(args):
            return Or(tuple(opened(arg) for arg in args))
        case Not(arg):
            return Not(opened(arg))
        case Has(term):
            return OPEN if isinstance(term, Holder) else cond
        case OneOf(left, options):
            return Or(tuple(opened(Cmp("=", left, option)) for option in options)) if _is_open(*options, left) else cond
        case Cmp(_, left, right):
            return OPEN if _is_open(left, right) else cond
    raise TypeError(cond)


def _is_open(*terms: Term) -> bool:
    return any(isinstance(t, (Holder, Param)) or (isinstance(t, Arith) and _is_open(*t.args)) for t in terms)


# ── which facts ──────────────────────────────────────────────────────────────────────────────────
def types_of(program: Program, sel: Selector) -> tuple[str, ...]:
    """The fact types that a selector names; all of the domain where it names none."""
    return sel.names or tuple(name for name in program.domain.facts if name not in FACTS)


def thing_of(program: Program, type_: str) -> Thing:
    return program.domain.facts.get(type_) or FACTS[type_]


def by_type(program: Program, facts: Sequence[Fact]) -> dict[str, list[Fact]]:
    """The facts that the program can see, by type: its domain's and the core's."""
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact.domain == (CORE if fact.type in FACTS else program.domain.name):
            found.setdefault(fact.type, []).append(fact)
    return found


def link(program: Program, other: Selector, type_: str, other_type: str) -> tuple[str, ...] | None:
    """The fields that a fact and a counterpart of these types must have, and share (semantics 14a, 28b); None:
    they need the same subject, or grid where the fact names no subject."""
    if other.same is not None:
        return other.same
    shared = set(key_fields(thing_of(program, type_))) & set(key_fields(thing_of(program, other_type)))
    return tuple(sorted(shared)) or None


def key_fields(thing: Thing) -> tuple[str, ...]:
    """The fields by which facts of a type belong together: its key, and its references to other types' keys."""
    refs = tuple(f.name for f in thing.fields.values() if f.type in ("ref", "id") and f.name not in thing.key)
    return (*thing.key, *refs)
