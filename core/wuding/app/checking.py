"""Checks, and checks that were saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wuding.app.opened import Moment, Opened
from wuding.domain.finding import Finding
from wuding.domain.instants import parse_date
from wuding.program.model import Program

if TYPE_CHECKING:
    import polars as pl

    from wuding.engines.base import Snapshot


@dataclass(frozen=True)
class CheckResult:
    """What a check concluded. `frame` has a row per finding (`book`, `id`, and the columns of
    `wuding.assess.frame.SCHEMA`); `number` is the check's number in the ledger, 0 when it was not saved."""

    number: int
    as_of: int
    known_seq: int
    books: tuple[str, ...]
    frame: pl.DataFrame

    def findings(self, **wanted: str) -> Iterator[Finding]:
        """The findings as records; `rule="monthly"`, `status="missed"`, `holder="B1"` narrow them."""
        from wuding.assess.frame import records

        frame = self.frame
        for name, value in wanted.items():
            frame = frame.filter(frame.get_column(name) == value)
        yield from records(frame)


class Checking(Opened):
    """Checking."""

    def snapshot(
        self,
        program: Program,
        as_of: int,
        known_seq: int,
        start: int | None,
        in_force: tuple[int | None, int | None] = (None, None),
    ) -> Snapshot:
        """All that a check of one book looks at, as of a moment and a sequence."""
        from wuding.store.snapshot import snapshot

        return snapshot(self.ledger, self.columns, program, as_of, known_seq, start, in_force)

    def check(
        self,
        as_of: Moment | None = None,
        *,
        known_at: Moment | None = None,
        start: str | None = None,
        books: Sequence[str] = (),
        save: bool = True,
    ) -> CheckResult:
        """Check the books against the facts, as of a moment (default: now), knowing what was recorded by
        `known_at` (default: everything). `start` is the first day asked about. Raises WD802 without a book."""
        import polars as pl

        from wuding.assess import check
        from wuding.store.checks import save_check

        began = self.ledger.clock()
        moment = self.moment(as_of)
        known = self.ledger.head().seq if known_at is None else self.ledger.recorded_seq(self.moment(known_at))
        since = None if start is None else parse_date(start)
        programs = self.programs(books, known)
        frames = []
        for program, in_force in programs:
            frames.append(check(program, self.snapshot(program, moment, known, since, in_force)))
        frame = pl.concat(frames)
        number = 0
        if save:
            digests = {p.book: p.digest for p, _ in programs}
            number = save_check(self.ledger, frame, moment, known, since, digests, began)
        return CheckResult(number, moment, known, tuple(p.book for p, _ in programs), frame)

    def last_check(self, number: int | None = None) -> CheckResult:
        """A saved check (default: the last). Raises WD805 when there is none."""
        from wuding.store.checks import load_check

        found = load_check(self.ledger, number)
        return CheckResult(found.number, found.as_of, found.known_seq, tuple(found.books), found.frame)
