"""What plugins add to the language of books: sections, and reasons to refuse a book."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from wuding.book.editions import SECTIONS
from wuding.errors import Diagnostic
from wuding.lang.tree import Node
from wuding.program.added import Section
from wuding.program.model import Program

Lint = Callable[[Program, Node], Iterable[Diagnostic]]


@dataclass(frozen=True)
class Additions:
    """`sections` by name. Each of `lints` sees the program of a book that is right in itself, and the book's nodes
    (with what it inherits) for their places; a diagnostic of severity `error` refuses the book wherever it is read."""

    sections: Mapping[str, Section] = field(default_factory=dict)
    lints: tuple[Lint, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All sections, those of the core first."""
        return (*SECTIONS, *self.sections)


CORE_ALONE = Additions()
