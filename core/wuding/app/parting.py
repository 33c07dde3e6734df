"""Checks in parts: branch by branch on this machine, or as tasks of a Spark cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from wuding.errors import WudingError

if TYPE_CHECKING:
    import polars as pl

    from wuding.app.checking import CheckResult, WrittenCheck
    from wuding.app.opened import Edition
    from wuding.assess import Concluded
    from wuding.assess.parted import Parted, Runner
    from wuding.engines.base import Snapshot
    from wuding.program.model import Program
    from wuding.store.export import Export

TASKS = 3  # parts for each slot of a cluster: one that takes long holds up the others less


@dataclass(frozen=True)
class Split:
    """In how many parts a book was checked, and by rule key why a rule was assessed on everything: a word of which
    the catalogue says more under `whole.<word>`."""

    book: str
    parts: int
    whole: Mapping[str, str]


@contextmanager
def in_parts(partitions: int | None, on: str | None) -> Iterator[Callable[[Program, Snapshot], Parted] | None]:
    """What checks a book in parts; None when neither their number nor a place is given. Raises WD810 for a number
    below 1, and what `engines.spark.Spark` raises."""
    if partitions is not None and partitions < 1:
        raise WudingError("WD810", option="partitions", value=partitions, known="1, 2, 3 …")
    if partitions is None and on is None:
        yield None
        return
    from wuding.assess.parted import conclude_in_parts, one_by_one

    def checks(run: Runner, wanted: int) -> Callable[[Program, Snapshot], Parted]:
        return lambda program, snap: conclude_in_parts(program, snap, wanted, run)

    if on is None:
        yield checks(one_by_one, partitions or 1)
        return
    from wuding.engines.spark import Spark

    with Spark(on) as spark:
        yield checks(spark.run, partitions or TASKS * spark.slots)


def branches_of(grids: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """`grid branch`: the tree cut at the least depth at which there are so many branches (else where most are)."""
    from wuding.assess.branches import frontier, homes_of
    from wuding.engines.columnar.context import ancestor_table

    return homes_of(grids, ancestor_table(grids), frontier(grids, wanted))


def check_columns(
    folder: str | Path,
    *,
    as_of: str | int | None = None,
    start: str | None = None,
    books: Sequence[str | Path] = (),
    partitions: int | None = None,
    on: str | None = None,
    plugins: Sequence[ModuleType] = (),
) -> CheckResult:
    """Check exported columns (see `Wuding.export_columns`), without a database; nothing is saved.

    `books` are names of installed books or paths of files; without any, those that were in force in the ledger.
    `as_of` (ISO text in the ledger's zone, or microseconds UTC) is now by default. `partitions` and `on` as for
    `Wuding.check`: executors must see `folder` under the same path. Raises WD886, WD887 for the folder, WD802 without
    a book, what `Wuding.open` raises for books, and what Spark raises (`engines.spark.Spark`)."""
    import polars as pl

    from wuding.app.checking import CheckResult, EditionChecked

    given = _columns(Path(folder), as_of, start, books, plugins)
    done = []
    with in_parts(partitions, on) as parted:
        for program, in_force in given.programs:
            concluded, split = concluded_by(parted, program, given.snapshot(program, in_force))
            done.append(EditionChecked(program.book, in_force, concluded, split))
    frame = pl.concat(one.concluded.frame for one in done)
    told = tuple(program.book for program, _ in given.programs)
    return CheckResult(0, given.as_of, given.export.manifest.seq, told, frame, tuple(done), given.window)


def check_columns_to(
    to: str | Path,
    folder: str | Path,
    *,
    as_of: str | int | None = None,
    start: str | None = None,
    books: Sequence[str | Path] = (),
    plugins: Sequence[ModuleType] = (),
) -> WrittenCheck:
    """The same, each rule's findings written into the folder `to` as soon as they are there (`store.findings`): it
    takes the memory of the widest rule. Raises WD888 when `to` holds something else."""
    from wuding.app.checking import poured
    from wuding.assess.parted import without_branches

    given = _columns(Path(folder), as_of, start, books, plugins)
    found = [(program, without_branches(given.snapshot(program, in_force))) for program, in_force in given.programs]
    return poured(found, Path(to), given.as_of, given.export.manifest.seq)


@dataclass(frozen=True)
class _Columns:
    """Exported columns, the books to check them by, and what of them is asked."""

    export: Export
    programs: tuple[Edition, ...]
    as_of: int
    window: int | None

    def snapshot(self, program: Program, in_force: tuple[int | None, int | None]) -> Snapshot:
        return self.export.snapshot(program, self.as_of, self.window, in_force)


def _columns(
    folder: Path,
    as_of: str | int | None,
    start: str | None,
    books: Sequence[str | Path],
    plugins: Sequence[ModuleType],
) -> _Columns:
    from wuding.app.opened import editions_of, is_path
    from wuding.domain.instants import parse_date, parse_instant
    from wuding.plugins import plugin_manager, shelf
    from wuding.store.export import open_export
    from wuding.store.ledger import now

    export = open_export(folder.absolute())
    zone = export.manifest.zone
    moment = now() if as_of is None else as_of if isinstance(as_of, int) else parse_instant(as_of, zone)
    window = None if start is None else parse_date(start)
    found = shelf([b for b in books if is_path(b)], plugin_manager(plugins))
    names = [*found.given_names(), *(str(b) for b in books if not is_path(b))]
    programs: list[Edition] = [(found.program(name), (None, None)) for name in names]
    programs = programs or editions_of(found, export.books())
    if not programs:
        raise WudingError("WD802", known=", ".join(sorted(found.texts)))
    return _Columns(export, tuple(programs), moment, window)


def concluded_by(
    parted: Callable[[Program, Snapshot], Parted] | None, program: Program, snap: Snapshot
) -> tuple[Concluded, Split | None]:
    """A book checked in parts, where that was asked for, else whole."""
    if parted is not None:
        found = parted(program, snap)
        return found.concluded, Split(program.book, found.parts, found.whole)
    from wuding.assess import conclude
    from wuding.assess.parted import without_branches

    return conclude(program, without_branches(snap)), None
