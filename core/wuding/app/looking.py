"""What is looked at: why a finding is what it is, the charter of a grid, the ledger's honesty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wuding.app.checking import Checking
from wuding.app.opened import Edition, Moment
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.explain.model import Explanation
    from wuding.report.model import CharterPage
    from wuding.store.ledger import Head


class Looking(Checking):
    """Looking at what there is."""

    def explain(self, id_: str, check: int | None = None, *, lang: str = "en") -> Explanation:
        """Why a finding of a saved check (default: the last) is what it is: its rule and clause, the facts that
        counted and those that did not, what would have met it; in Chinese (`zh`) or English (`en`).

        Raises WD805 when there is no such check, WD825 when it has no such finding, WD603 when its book is not at
        hand, WD826 when the book has lost its rule.
        """
        from wuding.explain.kept import explain_kept

        return explain_kept(self.ledger, self.columns, self._editions_of, id_, check, lang)

    def charter(self, grid: str, *, as_of: Moment | None = None, lang: str = "en") -> list[CharterPage]:
        """The charter of a grid (五定责任书) under each book that governs it, as of a moment (default: now), in
        Chinese (`zh`) or English (`en`).

        Raises WD813 when the grid does not stand then, WD802 without a book, WD824 when no book governs it.
        """
        from wuding.domain.instants import local_day
        from wuding.report.charter import charter_page, governs
        from wuding.store.registry import registry_frames

        moment, known = self.moment(as_of), self.ledger.head().seq
        day = local_day(moment - 1, self.ledger.zone)
        standing = [
            code
            for code, start, end in registry_frames(self.ledger).grids.select("code", "start", "end").iter_rows()
            if (start is None or start <= day) and (end is None or day < end)
        ]
        if grid not in standing:
            raise WudingError("WD813", name=grid, allowed=standing)
        programs = self.programs(known_seq=known)
        pages = []
        for program, (start, end) in programs:
            if (start is not None and day < start) or (end is not None and end <= day):
                continue
            snap = self.snapshot(program, moment, known, None, (start, end))
            if governs(program, snap, grid):
                pages.append(charter_page(program, snap, grid, lang))
        if not pages:
            raise WudingError("WD824", grid=grid, books=sorted({p.book for p, _ in programs}))
        return pages

    def _editions_of(self, book: str, known_seq: int) -> list[Edition]:
        """What there is of a book: as opened, as in force in the ledger, as installed; an edition whose text is that
        of a file stands in the file. Raises WD603."""
        file = self.shelf.program(book) if self.shelf.find(book) else None
        found = [(p, days) for p, days in self.editions(known_seq) if p.book == book]
        found = [(file if file and file.digest == p.digest else p, days) for p, days in found]
        plain = [(file or self.shelf.program(book), (None, None))] if file or not found else []
        return [*plain, *found] if book in self.book_names else [*found, *plain]

    def verify(self, noted: Head | None = None) -> list[Any]:
        """What is wrong with the ledger: nothing, or facts changed, removed, reordered, or a tail cut off."""
        from wuding.store.verify import verify

        return list(verify(self.ledger, noted))
