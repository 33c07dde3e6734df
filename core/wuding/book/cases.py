# ruff: noqa: RUF009 - the calls are dataclass fields
"""Policy tests (`*.test.yaml`): a world, facts, a moment, and the findings that must follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wuding.book.added import CORE_ALONE, Additions
from wuding.book.context import known
from wuding.book.editions import FindBook
from wuding.book.load import in_order, load_program
from wuding.book.shapes import FLAG, RULES, TITLE, WORD, WORDS, Leaf, Name, Shape, expect, load, may, need, shape
from wuding.book.source import read
from wuding.book.worlds import World, WorldShape, facts, world
from wuding.domain.fact import Fact
from wuding.domain.finding import STATUSES
from wuding.errors import Diagnostic, Rejected, Span
from wuding.lang.texts import read_date, read_time
from wuding.lang.tree import Node, Problems, wrong
from wuding.program.added import Added
from wuding.program.model import Domain, Label, Program, section_of, steps_of


def _moment(node: Node) -> Name:
    """A time or date: read in the zone of the book later on."""
    if node.kind != "text":
        raise wrong("WD219", node.span, text=node.text or node.kind, expected="time")
    return Name(node.text, node.span)


MOMENT = Leaf(_moment, "moment")


@dataclass(kw_only=True, eq=False, repr=False)
class CaseShape(Shape):
    name: Label = need(TITLE)
    as_of: Name = need(MOMENT)
    known_at: Name | None = may(MOMENT)
    start: Name | None = may(MOMENT, "from")
    world: WorldShape | None = may(shape(lambda: WorldShape))
    facts: tuple[Node, ...] = may(RULES, default=())
    expect: tuple[Node, ...] = may(RULES, default=())
    none: tuple[Name, ...] = may(WORDS, default=())
    exactly: bool = may(FLAG, default=False)


@dataclass(kw_only=True, eq=False, repr=False)
class TestsShape(Shape):
    test: Name = need(WORD)
    title: Label | None = may(TITLE)
    world: WorldShape | None = may(shape(lambda: WorldShape))
    cases: tuple[CaseShape, ...] = need(shape(lambda: CaseShape, "list"))


@dataclass(frozen=True)
class Expect:
    """A finding that must exist. `rule` is `rule` or `rule.step`; `values` are the other named keys as they are
    written (text, numbers as Fraction, booleans, tuples): each must equal the finding's."""

    rule: str
    values: Mapping[str, object]
    span: Span
    variant: str | None = None


@dataclass(frozen=True)
class Case:
    """One case. Instants are microseconds since 1970-01-01 UTC; `start` is the day that the check begins with."""

    name: Label
    world: World
    facts: tuple[Fact, ...]
    as_of: int
    known_at: int | None
    start: int | None
    expect: tuple[Expect, ...]
    none: tuple[str, ...]
    exactly: bool
    span: Span


@dataclass(frozen=True)
class Tests:
    """The tests of one book, with its program."""

    program: Program
    cases: tuple[Case, ...]
    path: str


def load_tests(
    text: str, path: str, domains: Mapping[str, Domain], find_book: FindBook, added: Additions = CORE_ALONE
) -> tuple[Tests | None, list[Diagnostic]]:
    """The tests of a `*.test.yaml`, or None when there are errors, and every diagnostic, sorted by place.

    A book that is wrong is reported by its own diagnostics.
    """
    problems: Problems = []
    try:
        node = expect(read(text, path), "map")
        program = _program(node, domains, find_book, problems, added)
        shape = load(TestsShape, node)
    except Rejected as error:
        return None, in_order([*problems, *error.diagnostics])
    if program is None:
        return None, in_order(problems)
    shared = world(shape.world, World(), program, problems)
    cases = [_case(case, shared, program, problems) for case in shape.cases]
    made = tuple(case for case in cases if case is not None)
    return (None if problems else Tests(program, made, path)), in_order(problems)


def _program(
    node: Node, domains: Mapping[str, Domain], find_book: FindBook, problems: Problems, added: Additions
) -> Program | None:
    name = node.get("test")
    if name is None:
        return None  # the shape reports it
    found = find_book(name.text)
    if found is None:
        problems.append(Diagnostic("WD713", name.span, {"name": name.text}))
        return None
    program, notes = load_program(found[0], found[1], domains, find_book, added)
    problems.extend(note for note in notes if note.severity == "error")
    return program


def _case(shape: CaseShape, shared: World, program: Program, problems: Problems) -> Case | None:
    within = world(shape.world, shared, program, problems)
    happened = facts(shape.facts, within, program, problems)
    try:
        as_of = read_time(shape.as_of, program.zone, shape.as_of.span)
        known_at = read_time(shape.known_at, program.zone, shape.known_at.span) if shape.known_at else None
        start = read_date(shape.start, shape.start.span) if shape.start else None
    except Rejected as error:
        problems.extend(error.diagnostics)
        return None
    wanted: list[Expect] = []
    for node in shape.expect:
        try:
            wanted.append(_expected(node, program))
        except Rejected as error:
            problems.extend(error.diagnostics)
    for name in shape.none:
        try:
            _statuses(name, program)
        except Rejected as error:
            problems.extend(error.diagnostics)
    silent = tuple(str(name) for name in shape.none)
    return Case(
        shape.name, within, happened, as_of, known_at, start, tuple(wanted), silent, shape.exactly, shape.node.span
    )


def _expected(node: Node, program: Program) -> Expect:
    rule = expect(node, "map").get("rule")
    if rule is None:
        raise wrong("WD111", node.span, key="rule")
    statuses = _statuses(Name(rule.text, rule.span), program)
    status, each = node.get("status"), node.get("each")
    if status is not None:
        known(Name(status.text, status.span), statuses, "WD211", field="status")
    variants = tuple(one.head.variant for one in program.rules if one.head.id == rule.text.partition(".")[0])
    if each is not None:
        known(Name(each.text, each.span), variants, "WD714", rule=rule.text)
    values = {key.text: _plain(value) for key, value in node.entries if key.text not in ("rule", "each")}
    return Expect(rule.text, values, node.span, each.text if each is not None else None)


def _statuses(name: Name, program: Program) -> tuple[str, ...]:
    """What findings of the rule, or of its step, may say. Raises WD207, WD208."""
    rule, dot, step = name.partition(".")
    rules = {one.head.id: one for one in program.rules}
    found = rules[known(Name(rule, name.span), rules, "WD207")]
    if dot:
        known(Name(step, name.span), tuple(one for one, _ in steps_of(found)), "WD208", rule=rule)
    if isinstance(found, Added):
        return found.section.statuses
    return STATUSES["step" if dot else section_of(found)]


def _plain(node: Node) -> object:
    if node.kind == "list":
        return tuple(_plain(item) for item in node.items)
    if node.kind == "map":
        return {key.text: _plain(value) for key, value in node.entries}
    return node.value
