"""A check as a page to look at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from wuding.app.looking import Looking
from wuding.errors import WudingError

if TYPE_CHECKING:
    from wuding.report.found import Governed
    from wuding.report.page import ReportPage, Why
    from wuding.store.checks import Check

SHOWN = 240  # findings with their explanations on a page, unless told


class Reporting(Looking):
    """Pages about checks."""

    def report(
        self,
        check: int | None = None,
        *,
        grid: str | None = None,
        books: Collection[str] = (),
        shown: int = SHOWN,
        lang: str = "en",
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> ReportPage:
        """A saved check (default: the last) as a page: the tree by standing, the calendar of duties, scores, vetoes,
        open cases, gaps in charters, the atlas; in Chinese (`zh`) or English (`en`). `wuding.report.html.report_html`
        draws it.

        `grid` takes the subtree of one grid, `books` some of the check's books. At most `shown` findings are on the
        page, each with its explanation; private fields are left out. `progress` hears how many are explained.

        Raises WD805 when there is no such check, WD813 when `grid` does not stand on its day, WD603 for a book that the
        check did not ask or that is not at hand.
        """
        from wuding.explain.kept import explain_many
        from wuding.report.build import report_page
        from wuding.store.checks import load_check

        kept = load_check(self.ledger, check)
        wanted = [book for book in kept.books if not books or book in books]
        if missing := sorted(set(books) - set(kept.books)):
            raise WudingError("WD603", name=missing[0], known=", ".join(kept.books))
        governed = [self._governed(kept, book) for book in wanted]
        if grid is not None:
            self._standing(governed[0], grid)

        def explain(ids: Sequence[str]) -> dict[str, Why]:
            args = (self.ledger, self.columns, self._editions_of, kept, ids, lang)
            return dict(explain_many(*args, progress=progress))

        head = self.ledger.head_at(kept.known_seq)
        return report_page(governed, grid, head, kept.number, shown, lang, explain)

    def _governed(self, kept: Check, book: str) -> Governed:
        """A book as the check knew it: the edition of its text, else the last that there is."""
        from wuding.report.found import Governed

        editions = self._editions_of(book, kept.known_seq)
        same = [edition for edition in editions if edition[0].digest == kept.books[book]]
        program, in_force = (same or editions)[-1]
        snap = self.snapshot(program, kept.as_of, kept.known_seq, kept.since, in_force)
        return Governed(program, snap, kept.frame.filter(kept.frame.get_column("book") == book))

    @staticmethod
    def _standing(governed: Governed, grid: str) -> None:
        """Raises WD813 when the grid does not stand on the day of the check."""
        from wuding.domain.instants import local_day

        snap = governed.snap
        day = local_day(snap.as_of - 1, snap.zone)
        standing = [
            code
            for code, start, end in snap.grids.select("code", "start", "end").iter_rows()
            if (start is None or start <= day) and (end is None or day < end)
        ]
        if grid not in standing:
            raise WudingError("WD813", name=grid, allowed=standing)
