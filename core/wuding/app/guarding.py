"""Which guards watch what is written: those of the books opened with, and of the books in force in the ledger."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wuding.store.watch import Watch

if TYPE_CHECKING:
    from wuding.app.opened import Opened


class Guarding:
    """The watches of an open ledger, made anew when another book is put into force."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._made: tuple[object, tuple[Watch, ...]] = (None, ())

    def watches(self) -> tuple[Watch, ...]:
        """The watches of the moment. A guard holds whoever opens the ledger: the books in force count always."""
        from sqlalchemy import text

        with self._opened.ledger.database.read() as conn:
            books = tuple(
                (row.id, row.seq, row.digest) for row in conn.execute(text("SELECT id, seq, digest FROM book"))
            )
        key = tuple(sorted(books))
        if self._made[0] != key:
            self._made = (key, tuple(self._watches()))
        return self._made[1]

    def _watches(self) -> list[Watch]:
        opened = self._opened
        programs = [opened.shelf.program(name) for name in opened.book_names]
        programs += [program for program, _ in opened.editions(None)]
        unique = {program.digest: program for program in programs}
        return [
            Watch(frozenset((program.domain.name, name) for name in types), partial(guard.decide, program))
            for program in unique.values()
            for guard in opened.shelf.guards
            if (types := tuple(guard.concerns(program)))
        ]
