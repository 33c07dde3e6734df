"""Which rules implement the clauses of plans, which tests hold these rules, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from wuding.book.advice import CLAUSE
from wuding.book.cases import Tests
from wuding.book.clauses import Clause, Clauses, Plan, citations, load_clauses
from wuding.book.shapes import Name
from wuding.book.source import read
from wuding.errors import Diagnostic, Rejected
from wuding.plugins import Shelf, Text
from wuding.program.model import Program
from wuding.testing.run import held, linked


@dataclass(frozen=True)
class Implementing:
    """A rule of a book that cites a clause. `cases` counts those that expect something of it; `held` says whether
    each of its variants makes a case fail when it is left out, None where that was not asked."""

    book: str
    rule: str
    cases: int
    held: bool | None = None

    @property
    def name(self) -> str:
        return f"{self.book}#{self.rule}"


@dataclass(frozen=True)
class Covered:
    """A clause with the rules that implement it."""

    plan: Plan
    clause: Clause
    rules: tuple[Implementing, ...]

    @property
    def untested(self) -> tuple[str, ...]:
        return tuple(rule.name for rule in self.rules if not rule.cases)

    @property
    def not_held(self) -> tuple[str, ...]:
        return tuple(rule.name for rule in self.rules if rule.cases and rule.held is False)

    @property
    def whole(self) -> bool:
        """Is there a rule, and is nothing missing of the tests?"""
        return bool(self.rules) and not self.untested and not self.not_held


@dataclass(frozen=True)
class Shelved:
    """A book that no other extends, with what it cites itself and with the tests beside it."""

    program: Program
    text: Text
    cited: tuple[Name, ...]
    tests: tuple[Tests, ...]

    @cached_property
    def plans(self) -> frozenset[str]:
        """The plans that it follows: those that it cites itself, else those that its base cites."""
        own = self.cited or [clause for rule in self.program.rules for clause in rule.head.clauses]
        return frozenset(clause.rpartition(".")[0] for clause in own)

    def cases(self, rule: str) -> int:
        """How many cases expect something of the rule, or of a step of it."""
        asked = [{one.rule.partition(".")[0] for one in case.expect} for suite in self.tests for case in suite.cases]
        return sum(rule in names for names in asked)

    def holds(self, rule: str) -> bool:
        """Does a case fail without the rule? Of a rule with variants: for each of them."""
        keys = [one.head.key for one in self.program.rules if one.head.id == rule]
        return all(any(held(suite, key) for suite in self.tests) for key in keys)


def read_lists(texts: Iterable[Text]) -> Clauses:
    """Lists of clauses as one. Raises Rejected with everything that is wrong in them."""
    found, problems = load_clauses(texts)
    if problems:
        raise Rejected(problems)
    return found


def shelved(shelf: Shelf) -> list[Shelved]:
    """Every book of the shelf that no other extends, in order of name. Raises Rejected for books and tests with
    mistakes."""
    roots = {name: read(*text) for name, text in shelf.texts.items()}
    bases = {node.text for root in roots.values() if (node := root.get("extends"))}
    found = []
    for name in sorted(set(roots) - bases):
        beside = shelf.tests(name)
        tests = tuple(linked([beside], shelf)) if beside else ()
        own = tuple(suite for suite in tests if suite.program.book == name)
        found.append(Shelved(shelf.program(name), shelf.texts[name], tuple(citations(roots[name])), own))
    return found


def coverage(clauses: Clauses, books: Sequence[Shelved]) -> list[Covered]:
    """Every clause, in the order of the lists, with the rules that cite it in books that follow its plan."""
    plans = {plan.id: plan for plan in clauses.plans}
    found = []
    for clause in clauses.clauses:
        rules = {
            (book.program.book, rule.head.id): book
            for book in books
            if clause.plan in book.plans
            for rule in book.program.rules
            if clause.id in rule.head.clauses
        }
        implementing = (Implementing(book, rule, of.cases(rule)) for (book, rule), of in sorted(rules.items()))
        found.append(Covered(plans[clause.plan], clause, tuple(implementing)))
    return found


def with_held(
    found: Sequence[Covered], books: Sequence[Shelved], progress: Callable[[int, int], None] | None = None
) -> list[Covered]:
    """The same, with every rule left out in turn to see whether a case fails. `progress` is told how many are done,
    of how many."""
    by_name: Mapping[str, Shelved] = {book.program.book: book for book in books}
    asked = list(dict.fromkeys((rule.book, rule.rule) for one in found for rule in one.rules))
    verdicts = {}
    for done, (book, rule) in enumerate(asked, 1):
        verdicts[book, rule] = by_name[book].holds(rule)
        if progress:
            progress(done, len(asked))
    return [
        replace(one, rules=tuple(replace(rule, held=verdicts[rule.book, rule.rule]) for rule in one.rules))
        for one in found
    ]


def unlisted(clauses: Clauses, books: Iterable[Shelved]) -> list[Diagnostic]:
    """WD720 for every citation that is written like a plan's clause and that no list has. Other sources, a by-law or
    a standard, are cited in any words."""
    plans, known = {plan.id for plan in clauses.plans}, tuple(clause.id for clause in clauses.clauses)
    return [
        Diagnostic("WD720", name.span, {"name": str(name), "allowed": known}, severity="advice")
        for book in books
        for name in book.cited
        if name not in known and (name.rpartition(".")[0] in plans or CLAUSE.match(name))
    ]
