"""Checks, and checks that were saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wuding.app.opened import Edition, Moment, Opened
from wuding.app.parting import Split, concluded_by, in_parts
from wuding.domain.finding import Finding
from wuding.domain.instants import parse_date
from wuding.program.model import Program

if TYPE_CHECKING:
    import polars as pl

    from wuding.assess import Concluded
    from wuding.assess.parted import Parted
    from wuding.engines.base import Snapshot
    from wuding.store.export import Manifest

BRANCHES = 16  # of the tree, by which columns are exported


@dataclass(frozen=True)
class EditionChecked:
    """What a check concluded under one edition of a book (the days in which it is in force)."""

    book: str
    in_force: tuple[int | None, int | None]
    concluded: Concluded
    split: Split | None = None  # when it was checked in parts

    def basis(self) -> dict[str, Any]:
        """What is kept of it beside the findings, as JSON."""
        done = self.concluded
        rows = sum(frame.height for frame in done.frames.values())
        return {
            "book": self.book, "in_force": list(self.in_force), "window": done.window_from,
            "rules": dict(done.digests), "rows": rows,
        }  # fmt: skip

    @classmethod
    def again(cls, basis: Mapping[str, Any], as_of: int, frame: pl.DataFrame) -> EditionChecked:
        """The same from what was kept and its findings."""
        from wuding.assess import told_again

        start, end = basis["in_force"]
        found = told_again(basis["book"], as_of, basis["window"], basis["rules"], frame)
        return cls(basis["book"], (start, end), found)


@dataclass(frozen=True)
class CheckResult:
    """What a check concluded. `frame` has a row per finding (`book`, `id`, and the columns of
    `wuding.assess.frame.SCHEMA`); `number` is the check's number in the ledger, 0 when it was not saved."""

    number: int
    as_of: int
    known_seq: int
    books: tuple[str, ...]
    frame: pl.DataFrame
    editions: tuple[EditionChecked, ...] = ()  # what a later check needs to go on from this one
    window: int | None = None  # the first day asked about, when one was given

    def findings(self, **wanted: str) -> Iterator[Finding]:
        """The findings as records; `rule="monthly"`, `status="missed"`, `holder="B1"` narrow them."""
        from wuding.assess.frame import records

        frame = self.frame
        for name, value in wanted.items():
            frame = frame.filter(frame.get_column(name) == value)
        yield from records(frame)

    def lazy(self) -> pl.LazyFrame:
        """The same findings, lazily."""
        return self.frame.lazy()

    def write(self, folder: str | Path) -> int:
        """Write the findings as Parquet, one file per rule, `FOLDER/BOOK/RULE.parquet`; how many there are. What an
        earlier check wrote there is replaced; raises WD888 when the folder holds something else."""
        import polars as pl

        from wuding.store.findings import writing_findings

        found: dict[tuple[str, str], list[pl.DataFrame]] = {}
        for edition in self.editions:
            for key, frame in edition.concluded.frames.items():
                found.setdefault((edition.book, key), []).append(frame)
        with writing_findings(Path(folder), self.as_of, self.known_seq) as writer:
            for (book, key), some in found.items():
                writer.write(book, key, pl.concat(some).lazy())
        return sum(sum(rules.values()) for rules in writer.rows.values())

    def edition(self, book: str, in_force: tuple[int | None, int | None]) -> Concluded | None:
        """What it concluded under an edition of a book; None when it did not check that one."""
        found = (one.concluded for one in self.editions if (one.book, one.in_force) == (book, in_force))
        return next(found, None)


@dataclass(frozen=True)
class WrittenCheck:
    """A check whose findings went into a folder (`store.findings`) and were not kept; `rows`: how many, by book and
    rule. A check of this kind has no number and is none to go on from."""

    as_of: int
    known_seq: int
    books: tuple[str, ...]
    folder: Path
    rows: Mapping[str, Mapping[str, int]]
    number: int = 0
    editions: tuple[EditionChecked, ...] = ()

    def lazy(self) -> pl.LazyFrame:
        """The findings, as `CheckResult.frame` has them, not read yet."""
        from wuding.store.findings import scan_findings

        return scan_findings(self.folder)


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
        since: CheckResult | None = None,
        partitions: int | None = None,
        on: str | None = None,
    ) -> CheckResult:
        """Check the books against the facts, as of a moment (default: now), knowing what was recorded by
        `known_at` (default: everything). `start` is the first day asked about. With an earlier check (`since`, see
        `last_check`) only what has changed since is assessed; the findings are the same as without. With
        `partitions` the columns are read and assessed in at most so many parts, one branch of the tree after the
        other, and with `on` (`local[2]`, `spark://host:7077`) as tasks of a Spark cluster; the findings are the same,
        those of one rule perhaps in another order (a book that goes on from an earlier check is not parted). Raises
        WD802 without a book, and what `app.parting.in_parts` raises."""
        import polars as pl

        from wuding.store.checks import save_check

        began = self.ledger.clock()
        moment = self.moment(as_of)
        known = self.ledger.head().seq if known_at is None else self.ledger.recorded_seq(self.moment(known_at))
        window = None if start is None else parse_date(start)
        programs = self.programs(books, known)
        with in_parts(partitions, on) as parted:
            checked = tuple(self._checked(edition, moment, known, window, since, parted) for edition in programs)
        frame = pl.concat(one.concluded.frame for one in checked)
        number = 0
        if save:
            digests = {p.book: p.digest for p, _ in programs}
            basis = [one.basis() for one in checked]
            number = save_check(self.ledger, frame, moment, known, window, digests, began, basis)
        return CheckResult(number, moment, known, tuple(p.book for p, _ in programs), frame, checked, window)

    def check_to(
        self,
        folder: str | Path,
        as_of: Moment | None = None,
        *,
        known_at: Moment | None = None,
        start: str | None = None,
        books: Sequence[str] = (),
    ) -> WrittenCheck:
        """Check, and write each rule's findings into a folder as soon as they are there (`store.findings`): it takes
        the memory of the widest rule, and nothing is saved in the ledger. Parameters as for `check`; raises WD802
        without a book, WD888 when the folder holds something else."""
        moment = self.moment(as_of)
        known = self.ledger.head().seq if known_at is None else self.ledger.recorded_seq(self.moment(known_at))
        window = None if start is None else parse_date(start)
        found = [
            (program, self.snapshot(program, moment, known, window, in_force))
            for program, in_force in self.programs(books, known)
        ]
        return poured(found, Path(folder), moment, known)

    def _checked(
        self,
        edition: Edition,
        as_of: int,
        known: int,
        window: int | None,
        since: CheckResult | None,
        parted: Callable[[Program, Snapshot], Parted] | None,
    ) -> EditionChecked:
        from wuding.assess import conclude
        from wuding.store.changes import changes_between

        program, in_force = edition
        snap = self.snapshot(program, as_of, known, window, in_force)
        past = None if since is None or since.window != window else since.edition(program.book, in_force)
        if since is None or past is None:
            return EditionChecked(program.book, in_force, *concluded_by(parted, program, snap))
        before = (since.as_of, since.known_seq)
        changes = changes_between(self.ledger, self.columns, program.domain, before, (as_of, known))
        return EditionChecked(program.book, in_force, conclude(program, snap, past, changes))

    def export_columns(
        self, folder: str | Path, *, branches: int = BRANCHES, known_at: Moment | None = None
    ) -> Manifest:
        """Write the columns to a folder, as Parquet by month and by branch of the tree (cut where there are at least
        so many), with the registers beside them: what `check_columns` needs on another machine. An export that is
        there is replaced. The domains are those of the books; raises WD802 without one, WD888 when the folder holds
        something else."""
        from wuding.app.parting import branches_of
        from wuding.store.export import export_columns
        from wuding.store.registry import registry_frames

        known = self.ledger.head().seq if known_at is None else self.ledger.recorded_seq(self.moment(known_at))
        domains = {program.domain.name: program.domain for program, _ in self.programs((), known)}
        parts = branches_of(registry_frames(self.ledger, known).grids, branches)
        return export_columns(self.ledger, self.columns, domains, parts, Path(folder).absolute(), known)

    def last_check(self, number: int | None = None) -> CheckResult:
        """A saved check (default: the last). Raises WD805 when there is none."""
        from wuding.store.checks import load_check

        found = load_check(self.ledger, number)
        editions, begin = [], 0
        for told in found.basis:
            editions.append(EditionChecked.again(told, found.as_of, found.frame.slice(begin, told["rows"])))
            begin += told["rows"]
        books = tuple(found.books)
        return CheckResult(found.number, found.as_of, found.known_seq, books, found.frame, tuple(editions), found.since)


def poured(found: Sequence[tuple[Program, Snapshot]], folder: Path, as_of: int, known_seq: int) -> WrittenCheck:
    """The findings of editions of books, written into a folder."""
    from functools import partial

    from wuding.assess import pour
    from wuding.store.findings import writing_findings

    with writing_findings(folder, as_of, known_seq) as writer:
        for program, snap in found:
            pour(program, snap, partial(writer.write, program.book))
    books = tuple(program.book for program, _ in found)
    return WrittenCheck(as_of, known_seq, books, folder, writer.rows)
