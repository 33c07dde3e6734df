# ruff: noqa: RUF009 - the calls are dataclass fields
"""The shapes of a rule book's headers, and of selectors."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from functools import cache

from wuding.book.shapes import (
    CONDITION,
    FLAG,
    LABELS,
    LEVELS,
    RULES,
    SCALAR,
    TEST,
    TEXT,
    TITLE,
    WORD,
    WORDS,
    Name,
    Shape,
    exactly_one,
    may,
    need,
    only_with,
    shape,
)
from wuding.errors import Diagnostic
from wuding.lang.tree import Node, Problems
from wuding.program.model import Label, Source

Names = tuple[Name, ...]
SOURCES: tuple[Source, ...] = ("grid", "subject", "post", "fact", "finding")


# ── selectors ────────────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class SelectorShape(Shape):
    grid: Names | None = may(WORDS)
    subject: Names | None = may(WORDS)
    post: Names | None = may(WORDS)
    fact: Names | None = may(WORDS)
    finding: Names | None = may(WORDS)
    when: Node | None = may(CONDITION)
    by: Names | None = may(WORDS)
    same: Names | None = may(WORDS)
    within: Node | None = may(SCALAR)
    having: tuple[SelectorShape, ...] = may(shape(lambda: SelectorShape, "several"), "with", ())
    lacking: tuple[SelectorShape, ...] = may(shape(lambda: SelectorShape, "several"), "without", ())
    distinct: Name | None = may(WORD)

    def check(self) -> Problems:
        return exactly_one(self.node, SOURCES)


SELECTOR = shape(lambda: SelectorShape)


# ── headers ──────────────────────────────────────────────────────────────────────────────────────
@dataclass(kw_only=True, eq=False, repr=False)
class SeasonShape(Shape):
    start: Name | None = may(WORD, "from")
    to: Name | None = may(WORD)
    holidays: Name | None = may(WORD)

    def check(self) -> Problems:
        asked = exactly_one(self.node, ("from", "holidays")) or only_with(self.node, "to", "from")
        if self.start is not None and self.to is None:
            return [*asked, Diagnostic("WD111", self.node.span, {"key": "to"})]
        return asked


@dataclass(kw_only=True, eq=False, repr=False)
class ParameterShape(Shape):
    by: Node | None = may(TEST)
    values: Node = need(CONDITION)
    unit: Name | None = may(TEXT)
    assumed: bool = may(FLAG, default=False)
    clause: Names = may(WORDS, default=())
    title: Label | None = may(TITLE)


@dataclass(kw_only=True, eq=False, repr=False)
class BookShape(Shape):
    """The headers. Rules are read one by one, each by the shape of its section."""

    book: Name = need(WORD)
    title: Label | None = may(TITLE)
    domain: Name = need(WORD)
    extends: Name | None = may(WORD)
    grid: Name | None = may(TEXT)
    levels: dict[Name, Names] = may(LEVELS, default={})
    calendar: dict[Name, SeasonShape] = may(shape(lambda: SeasonShape, "map"), default={})
    parameters: dict[Name, ParameterShape] = may(shape(lambda: ParameterShape, "map"), default={})
    labels: dict[Name, Label] = may(LABELS, default={})
    zone: Name | None = may(WORD)
    retroactive: bool = may(FLAG, default=False)
    charter: tuple[Node, ...] = may(RULES, default=())
    patrol: tuple[Node, ...] = may(RULES, default=())
    scoring: tuple[Node, ...] = may(RULES, default=())
    veto: tuple[Node, ...] = may(RULES, default=())
    escalation: tuple[Node, ...] = may(RULES, default=())
    targets: tuple[Node, ...] = may(RULES, default=())


@cache
def book_shape(added: tuple[str, ...]) -> type[BookShape]:
    """The headers, with a list of rules for each section that a plugin adds."""
    if not added:
        return BookShape
    own = [(name, tuple[Node, ...], may(RULES, default=())) for name in added]
    made = make_dataclass("BookShape", own, bases=(BookShape,), kw_only=True, eq=False, repr=False)
    made.__doc__ = BookShape.__doc__
    return made
