"""An open ledger with its books: what names and moments mean there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self

from wuding.domain.fact import CORE
from wuding.domain.instants import parse_instant
from wuding.errors import WudingError
from wuding.plugins import Shelf, plugin_manager, shelf
from wuding.program.model import Domain, Program, Thing

if TYPE_CHECKING:
    from wuding.store.columns import Columns
    from wuding.store.entries import Book
    from wuding.store.ledger import Ledger

Moment = str | int  # ISO text in the ledger's zone, or microseconds since 1970-01-01 UTC
Edition = tuple[Program, tuple[int | None, int | None]]  # a book, and the days of its edition


class Opened:
    """A ledger with the books that govern it, open; and what names and moments mean there."""

    def __init__(
        self, ledger: Ledger, books: Shelf, names: tuple[str, ...], columns: Columns, answering: bool = True
    ) -> None:
        self.ledger = ledger
        self.shelf = books
        self.book_names = names
        self.columns = columns
        self.answering = answering

    @classmethod
    def open(
        cls,
        url: str = "sqlite:///wuding.db",
        *,
        books: Iterable[str | Path] = (),
        zone: str = "Asia/Shanghai",
        create: bool = True,
        clock: Callable[[], int] | None = None,
        plugins: Iterable[ModuleType] = (),
        answering: bool = True,
    ) -> Self:
        """Open the ledger at `url` (`sqlite:///path`, `postgresql://...`, `sqlite://` in memory).

        `books` are names of installed books (`fire/nancheng`) or paths of YAML files; without any, the books in
        force in the ledger are used. `zone` is written into a new ledger. `clock` gives the present as
        microseconds UTC. `plugins` are modules to use besides the installed ones. Without `answering`, `record` and
        `correct` record and answer nothing: whoever answers next does it for them.

        Raises WudingError WD501 to WD505 for the ledger, WD603, WD604 and Rejected for the books.
        """
        from wuding.store.columns import Columns
        from wuding.store.ledger import now, open_ledger

        paths = [b for b in books if is_path(b)]
        found = shelf(paths, plugin_manager(plugins))
        names = tuple(found.given_names()) + tuple(str(b) for b in books if not is_path(b))
        for name in names:
            found.program(name)
        ledger = open_ledger(url, zone=zone, create=create, clock=clock or now)
        made = cls(ledger, found, names, Columns(ledger), answering)
        if found.guards:
            from wuding.app.guarding import Guarding

            ledger.watches = Guarding(made).watches
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.ledger.close()

    def moment(self, value: Moment | None) -> int:
        """An instant from ISO text in the ledger's zone; None is now."""
        if value is None:
            return self.ledger.clock()
        return value if isinstance(value, int) else parse_instant(value, self.ledger.zone)

    def programs(self, names: Sequence[str] = (), known_seq: int | None = None) -> list[Edition]:
        """The books to check, each with the days of its edition: those named, else those opened with, else
        those in force in the ledger. Raises WD802 when there is none."""
        if names or self.book_names:
            return [(self.shelf.program(n), (None, None)) for n in (names or self.book_names)]
        editions = self.editions(known_seq)
        if not editions:
            raise WudingError("WD802", known=", ".join(sorted(self.shelf.texts)))
        return editions

    def editions(self, known_seq: int | None) -> list[Edition]:
        from wuding.store.registry import registry

        return editions_of(self.shelf, registry(self.ledger, known_seq).books)

    def domain_of(self, type_: str) -> tuple[Domain, Thing]:
        """The domain and shape of a fact type, named `type` or `domain/type`. Of several domains that have it, the
        one whose books are used is meant. Raises WD803 for an unknown name, WD806 for an ambiguous one."""
        domain, _, name = type_.rpartition("/")
        found = [
            d
            for d in self.shelf.domains.values()
            if name in d.facts and domain in ("", d.name, CORE if built_in(name) else d.name)
        ]
        if not found:
            known = sorted({n for d in self.shelf.domains.values() for n in d.facts})
            raise WudingError("WD803", name=type_, allowed=known)
        owner = found[0] if built_in(name) else self.used(found, name)
        return owner, owner.facts[name]

    def used(self, found: Sequence[Domain], fact: str) -> Domain:
        """The one of these domains that is meant: the only one, or the only one with a book that is used."""
        if len(found) > 1:
            programs = self.programs() if self.book_names else self.editions(None)
            used = {program.domain.name for program, _ in programs}
            found = [d for d in found if d.name in used] or found
        if len(found) > 1:
            raise WudingError("WD806", name=fact, domains=[d.name for d in found], first=found[0].name)
        return found[0]


def editions_of(books: Shelf, in_force: Sequence[Book]) -> list[Edition]:
    """The books put into force, in that order, each with the days of its edition."""
    found = []
    for i, book in enumerate(in_force):
        later = [b.start for b in in_force[i + 1 :] if b.id == book.id and b.start is not None]
        program = books.load(book.text, f"{book.id}@{book.digest[:8]}")
        begin = None if program.retroactive else book.start
        found.append((program, (begin, min(later, default=None))))
    return found


def is_path(book: str | Path) -> bool:
    """Is a book given as a file, or else by name?"""
    return isinstance(book, Path) or str(book).endswith((".yaml", ".yml"))


def built_in(name: str) -> bool:
    """Is this a fact type that every domain has?"""
    from wuding.program.builtin import FACTS

    return name in FACTS
