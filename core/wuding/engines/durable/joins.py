"""Rules that join facts with their counterparts.

Which facts may take which part is known before they are joined, so a message says by its `part` alone what it can
be: a fact has a message for each part that it may take. What must exist is joined in one rule; what must not exist
is looked for one kind at a time, in a rule set of its own with one fact and one absence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from wuding.engines.durable.cells import LIMIT, Misfit
from wuding.engines.durable.library import PROBE_RULE
from wuding.engines.durable.limits import POSITIVE, RULE_LEAVES, SET_LEAVES
from wuding.engines.terms import FactTerm, link, types_of
from wuding.lang.nodes import Duration
from wuding.program.model import Program

# The first is 0 modulo 16 by FNV-1a, as an absence needs it of the first fact; no two are alike modulo 16.
ALIASES = ("e", "n", "c", "d", "i", "b", "g", "h")
ABSENT = "m"
MOST_RULES = 64
Part = tuple[int, str]  # which of a term's places, and the fact type


@dataclass(frozen=True)
class Absence:
    """Rule sets that answer for each fact of the part `mine` that has no message of the part `theirs` with it."""

    mine: Part
    theirs: Part
    definitions: tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """`places`: the term and its counterparts, those that must not exist last (`positive`: how many come before).
    `parts`: the number by which messages name each part. `keys`: the fields by which facts belong together.
    `windows`: of places that have one. `exist`: definitions of the rules that join what must exist."""

    places: tuple[int, ...]
    positive: int
    parts: Mapping[Part, int]
    keys: tuple[str, ...]
    windows: Mapping[int, Duration]
    exist: tuple[str, ...]
    absences: tuple[Absence, ...]


def joined_of(program: Program, terms: Sequence[FactTerm], n: int) -> Joined:
    """The joins of a term with its counterparts. Raises Misfit beyond the limits."""
    term = terms[n]
    places = (n, *term.having, *term.lacking)
    positive = 1 + len(term.having)
    if positive > POSITIVE:
        raise Misfit("joined-facts", positive, POSITIVE)
    types = [types_of(program, terms[place].sel) for place in places]
    parts = {part: m for m, part in enumerate(((k, t) for k, some in enumerate(types) for t in some), 1)}
    windows = {k: w for k, place in enumerate(places) if k and isinstance(w := terms[place].sel.within, Duration)}
    links = {
        (mine, k, theirs): link(program, terms[places[k]].sel, mine, theirs)
        for mine in types[0] for k in range(1, len(places)) for theirs in types[k]
    }  # fmt: skip
    keys = tuple(sorted({"grid", "subject"}.union(*(found or () for found in links.values()))))
    write = _Writer(parts, keys, windows, links)
    rules = [
        rule
        for mine in types[0]
        for chosen in product(*types[1:positive])
        for rule in write.rules(mine, list(enumerate(chosen, 1)))
    ]
    if len(rules) > MOST_RULES:
        raise Misfit("joins", len(rules), MOST_RULES)
    absences = tuple(
        Absence((0, mine), (k, theirs), tuple(_set([rule]) for rule in write.rules(mine, [(k, theirs)], absent=True)))
        for mine in types[0] for k in range(positive, len(places)) for theirs in types[k]
    )  # fmt: skip
    exist = tuple(_set(batch) for batch in _batches(rules)) if term.having else ()
    return Joined(places, positive, parts, keys, windows, exist, absences)


@dataclass(frozen=True)
class _Writer:
    parts: Mapping[Part, int]
    keys: tuple[str, ...]
    windows: Mapping[int, Duration]
    links: Mapping[tuple[str, int, str], tuple[str, ...] | None]

    def rules(self, mine: str, others: Sequence[Part], absent: bool = False) -> Iterator[list[dict[str, Any]]]:
        """The rules that join a fact of a type with those parts: two where a fact belongs by its subject, or by its
        grid where it names none."""
        by_matter = any(self.links[mine, k, theirs] is None for k, theirs in others)
        for about in ("subject", "grid") if by_matter else ("",):
            yield self._rule(mine, others, about, absent)

    def _rule(self, mine: str, others: Sequence[Part], about: str, absent: bool) -> list[dict[str, Any]]:
        first, subject = ALIASES[0], self._key("subject")
        tests: list[dict[str, Any]] = [{"part": self.parts[0, mine]}]
        if about:
            tests.append({"$neq": {subject: -LIMIT}} if about == "subject" else {subject: -LIMIT})
        patterns = [self._counterpart(mine, part, about) for part in others]
        read = sorted({name for tests_ in patterns for test in tests_ for name in _read(test, first)})
        tests += [{"$ex": {name: 1}} for name in read]
        names = [f"{ABSENT}$not"] if absent else ALIASES[1:]
        rule = [{first: {"$and": tests}}]
        rule += [{name: {"$and": found}} for name, found in zip(names, patterns, strict=False)]
        if _size(rule) > RULE_LEAVES:
            raise Misfit("tests", _size(rule), RULE_LEAVES)
        return rule

    def _counterpart(self, mine: str, part: Part, about: str) -> list[dict[str, Any]]:
        k, theirs = part
        first = ALIASES[0]
        linked = self.links[mine, k, theirs]
        names = [self._key(name) for name in (linked if linked is not None else (about,))]
        tests: list[dict[str, Any]] = [{"part": self.parts[part]}]
        tests += [{"$neq": {name: -LIMIT}} for name in names]  # what is missing is shared with nothing
        tests += [{name: {first: name}} for name in names]
        tests.append({"$neq": {"seq": {first: "seq"}}})  # no thing is its own counterpart
        if k in self.windows:
            tests += [{"$gte": {"at": {first: "at"}}}, {"$lte": {"at": {first: f"end{k}"}}}]
        return [*tests, {"one": {first: "one"}}]  # the last test of a join must not be false

    def _key(self, name: str) -> str:
        return f"key{self.keys.index(name)}"


def _read(test: Mapping[str, Any], alias: str) -> Iterator[str]:
    """The fields of the first fact that a test refers to."""
    for value in test.values():
        if isinstance(value, dict):
            yield from [value[alias]] if alias in value else _read(value, alias)


def _size(rule: Sequence[Mapping[str, Any]]) -> int:
    return sum(len(tests["$and"]) for pattern in rule for tests in pattern.values())


def _batches(rules: Sequence[list[dict[str, Any]]]) -> Iterator[list[list[dict[str, Any]]]]:
    batch: list[list[dict[str, Any]]] = []
    for rule in rules:
        if batch and 1 + sum(map(_size, batch)) + _size(rule) > SET_LEAVES:
            yield batch
            batch = []
        batch.append(rule)
    if batch:
        yield batch


def _set(batch: Sequence[list[dict[str, Any]]]) -> str:
    return json.dumps({"probe": PROBE_RULE, **{f"r{n}": {"all": rule} for n, rule in enumerate(batch)}})
