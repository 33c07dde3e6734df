"""Rule sets for durable-rules: what the terms of a program compile to.

A term's condition on one fact becomes rules over the messages of one fact type, as many as it has conjunctions. A
term with counterparts becomes, besides, rules that join messages (`joins`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wuding.engines.durable.cells import Codes, Misfit
from wuding.engines.durable.conditions import NEVER, Asked, Conjunction, Leaf, Read, conjunctions
from wuding.engines.durable.joins import Joined, joined_of
from wuding.engines.durable.library import PROBE_RULE
from wuding.engines.durable.limits import RULE_LEAVES, SET_LEAVES
from wuding.engines.terms import FactTerm, fact_terms, types_of
from wuding.errors import Diagnostic
from wuding.program.model import Program

OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


@dataclass(frozen=True)
class RuleSet:
    """A definition as JSON, the term and reading (certain or not) of each of its rules, and the numbers that its
    messages carry, each with its name there."""

    definition: str
    rules: Mapping[str, tuple[int, bool]]
    numbers: Mapping[Read | Asked, str]


@dataclass(frozen=True)
class Compiled:
    """A program for durable-rules. Terms go by their places in `terms`. `alpha`: by fact type, the rule sets of
    conditions on one fact; `always`: (term, sure, type) where there is nothing to be tested; `joined`: the joins of
    terms with counterparts; `misfits`: the terms that are left to the columnar engine, and why. `codes` are those of
    the texts in the program."""

    program: Program
    terms: tuple[FactTerm, ...]
    codes: Codes
    alpha: Mapping[str, tuple[RuleSet, ...]]
    always: frozenset[tuple[int, bool, str]]
    joined: Mapping[int, Joined]
    misfits: Mapping[int, Misfit] = field(default_factory=dict)


def compiled(program: Program) -> Compiled:
    """The program's rule sets, within the limits of the library."""
    terms, codes = fact_terms(program), Codes()
    alpha: dict[str, list[tuple[int, bool, Conjunction]]] = {}
    always: set[tuple[int, bool, str]] = set()
    joined: dict[int, Joined] = {}
    misfits: dict[int, Misfit] = {}
    for n, term in enumerate(terms):
        try:
            both = {sure: conjunctions(term.own, sure, codes) for sure in (True, False)}
            for found in both.values():
                _check_leaves(found)
            if term.having or term.lacking:
                joined[n] = joined_of(program, terms, n)
        except Misfit as why:
            misfits[n] = why
            continue
        for type_ in types_of(program, term.sel):
            for sure, found in both.items():
                if frozenset() in found:
                    always.add((n, sure, type_))
                elif found != NEVER:
                    alpha.setdefault(type_, []).extend((n, sure, one) for one in _sorted(found))
    packed = {type_: tuple(_packed(rules)) for type_, rules in alpha.items()}
    return Compiled(program, terms, codes, packed, frozenset(always), joined, misfits)


def _check_leaves(found: frozenset[Conjunction]) -> None:
    longest = max((len(one) for one in found), default=0)
    if longest > RULE_LEAVES:
        raise Misfit("tests", longest, RULE_LEAVES)


def _sorted(found: frozenset[Conjunction]) -> list[Conjunction]:
    return sorted(found, key=lambda one: sorted(map(repr, one)))


# ── conditions on one fact ───────────────────────────────────────────────────────────────────────
def _packed(rules: Sequence[tuple[int, bool, Conjunction]]) -> Iterator[RuleSet]:
    """The rules of one fact type in as few rule sets as their limit allows."""
    batch: list[tuple[int, bool, Conjunction]] = []
    size = 1  # the probe
    for rule in rules:
        if batch and size + len(rule[2]) > SET_LEAVES:
            yield _rule_set(batch)
            batch, size = [], 1
        batch.append(rule)
        size += len(rule[2])
    if batch:
        yield _rule_set(batch)


def _rule_set(batch: Sequence[tuple[int, bool, Conjunction]]) -> RuleSet:
    numbers: dict[Read | Asked, str] = {}
    rules: dict[str, Any] = {"probe": PROBE_RULE}
    named = {}
    for n, (place, sure, conjunction) in enumerate(batch):
        tests = []
        for leaf in sorted(conjunction, key=repr):
            name = numbers.setdefault(leaf.number, f"f{len(numbers)}")
            tests.append(_test(name, leaf))
        named[f"r{n}"] = (place, sure)
        rules[f"r{n}"] = {"all": [{"m": tests[0] if len(tests) == 1 else {"$and": tests}}]}
    return RuleSet(json.dumps(rules), named, numbers)


def _test(name: str, leaf: Leaf) -> dict[str, Any]:
    return {name: leaf.value} if leaf.op == "=" else {OPERATORS[leaf.op]: {name: leaf.value}}


# ── what is left to the other engine ─────────────────────────────────────────────────────────────
def left_over(known: Compiled) -> list[Diagnostic]:
    """Advice for each term that the columnar engine matches instead, at its place in the book."""
    return [
        Diagnostic(
            "WD890",
            known.terms[n].sel.span,
            {
                "rule": known.terms[n].rule, "term": known.terms[n].term,
                "kind": why.kind, "count": why.count, "limit": why.limit,
            },
            severity="advice",
        )
        for n, why in known.misfits.items()
    ]  # fmt: skip
