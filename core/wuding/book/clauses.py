# ruff: noqa: RUF009 - the calls are dataclass fields
"""A list of clauses: what a plan asks for, in words, so that books can be held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from wuding.book.context import known
from wuding.book.load import in_order
from wuding.book.shapes import RULES, TEXT, TITLE, WORD, Name, Shape, choice, load, may, need, read_words, shape
from wuding.book.source import read
from wuding.errors import Diagnostic, Rejected, Span
from wuding.lang.tree import Node, Problems
from wuding.program.model import Label

KINDS = ("five-fixed", "patrol", "scoring", "veto", "escalation", "target", "account")


@dataclass(kw_only=True, eq=False, repr=False)
class PlanShape(Shape):
    domain: Name = need(WORD)
    title: Label = need(TITLE)
    jurisdiction: Name | None = may(TEXT)


@dataclass(kw_only=True, eq=False, repr=False)
class ClauseShape(Shape):
    id: Name = need(WORD)
    kind: Name = need(choice(*KINDS))
    says: Label = need(TITLE)


@dataclass(kw_only=True, eq=False, repr=False)
class ListShape(Shape):
    plans: Mapping[Name, PlanShape] = need(shape(lambda: PlanShape, "map"))
    clauses: tuple[Node, ...] = need(RULES)


@dataclass(frozen=True)
class Plan:
    """A source of rules. `jurisdiction`: what kind of place it is for; may be empty."""

    id: str
    domain: str
    title: Label
    jurisdiction: str = ""


@dataclass(frozen=True)
class Clause:
    """What must hold, in words. `id` is the plan's and a number: `p5.3`; `kind` is one of `KINDS`."""

    id: str
    plan: str
    kind: str
    says: Label
    span: Span


@dataclass(frozen=True)
class Clauses:
    """One list, or several taken together, in the order of the files."""

    plans: tuple[Plan, ...] = ()
    clauses: tuple[Clause, ...] = ()


def load_clauses(texts: Iterable[tuple[str, str]]) -> tuple[Clauses, list[Diagnostic]]:
    """The lists of these files (text and path), as one; and every diagnostic, sorted by place. What is wrong is
    left out: WD305 an id that is used twice, in one file or in two, WD230 a clause whose plan no list has, and
    what is wrong with the form."""
    problems: Problems = []
    lists: list[ListShape] = []
    for text, path in texts:
        try:
            lists.append(load(ListShape, read(text, path)))
        except Rejected as error:
            problems.extend(error.diagnostics)
    plans: dict[Name, Plan] = {}
    for name, of in (entry for one in lists for entry in one.plans.items()):
        if _new(name, plans, problems):
            plans[name] = Plan(str(name), str(of.domain), of.title, str(of.jurisdiction or ""))
    clauses: dict[Name, Clause] = {}
    for node in (node for one in lists for node in one.clauses):
        try:
            found = load(ClauseShape, node)
            plan = known(Name(found.id.rpartition(".")[0], found.id.span), plans, "WD230")
        except Rejected as error:
            problems.extend(error.diagnostics)
            continue
        if _new(found.id, clauses, problems):
            clauses[found.id] = Clause(str(found.id), plan, str(found.kind), found.says, found.id.span)
    return Clauses(tuple(plans.values()), tuple(clauses.values())), in_order(problems)


def _new(name: Name, among: Mapping[Name, object], problems: Problems) -> bool:
    first = next((one for one in among if one == name), None)
    if first is not None:
        args = {"name": str(name), "place": str(first.span)}
        problems.append(Diagnostic("WD305", name.span, args, "WD305.list.help"))
    return first is None


def citations(root: Node) -> Iterator[Name]:
    """Every clause that a book cites, at its rules and parameters, with its place."""
    for node in root.walk():
        found = node.get("clause") if node.kind == "map" else None
        if found is not None:
            yield from read_words(found)
