"""The use cases: open, record, import, check, look back. What the commands use, and what other software embeds.

    from wuding import Wuding

    w = Wuding.open("sqlite:///grid.db", books=["fire/nancheng"])
    w.record("inspection", grid="361021100201", actor="li", at="2024-06-03T10:00", filed=True)
    for finding in w.check(as_of="2024-07-01").findings():
        print(finding.id, finding.status)

The only room that brings ledger, engine and assessment together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from wuding.domain.fact import CORE
from wuding.domain.finding import Finding
from wuding.domain.grid import Grid
from wuding.domain.instants import day_start_us, parse_date, parse_instant
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.errors import Rejected, WudingError
from wuding.plugins import Shelf, plugin_manager, shelf
from wuding.program.model import Domain, Program, Thing

if TYPE_CHECKING:
    import polars as pl

    from wuding.engines.base import Snapshot
    from wuding.explain.model import Explanation
    from wuding.intake.importing import Imported
    from wuding.report.model import CharterPage
    from wuding.store.columns import Columns
    from wuding.store.ledger import Head, Ledger, Receipt

Moment = str | int  # ISO text in the ledger's zone, or microseconds since 1970-01-01 UTC


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


class Wuding:
    """A ledger with the books that govern it. Get one from `Wuding.open`; use it as a context manager or `close` it."""

    def __init__(self, ledger: Ledger, books: Shelf, names: tuple[str, ...], columns: Columns) -> None:
        self.ledger = ledger
        self.shelf = books
        self.book_names = names
        self.columns = columns

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
    ) -> Wuding:
        """Open the ledger at `url` (`sqlite:///path`, `postgresql://...`, `sqlite://` in memory).

        `books` are names of installed books (`fire/nancheng`) or paths of YAML files; without any, the books in
        force in the ledger are used. `zone` is written into a new ledger. `clock` gives the present as
        microseconds UTC. `plugins` are modules to use besides the installed ones.

        Raises WudingError WD501 to WD505 for the ledger, WD603, WD604 and Rejected for the books.
        """
        from wuding.store.columns import Columns
        from wuding.store.ledger import now, open_ledger

        paths = [b for b in books if _is_path(b)]
        found = shelf(paths, plugin_manager(plugins))
        names = tuple(found.given_names()) + tuple(str(b) for b in books if not _is_path(b))
        for name in names:
            found.program(name)
        ledger = open_ledger(url, zone=zone, create=create, clock=clock or now)
        return cls(ledger, found, names, Columns(ledger))

    def __enter__(self) -> Wuding:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.ledger.close()

    # ── moments and names ────────────────────────────────────────────────────────────────────────
    def moment(self, value: Moment | None) -> int:
        """An instant from ISO text in the ledger's zone; None is now."""
        if value is None:
            return self.ledger.clock()
        return value if isinstance(value, int) else parse_instant(value, self.ledger.zone)

    def programs(
        self, names: Sequence[str] = (), known_seq: int | None = None
    ) -> list[tuple[Program, tuple[int | None, int | None]]]:
        """The books to check, each with the days of its edition: those named, else those opened with, else
        those in force in the ledger. Raises WD802 when there is none."""
        if names or self.book_names:
            return [(self.shelf.program(n), (None, None)) for n in (names or self.book_names)]
        editions = self._editions(known_seq)
        if not editions:
            raise WudingError("WD802", known=", ".join(sorted(self.shelf.texts)))
        return editions

    def _editions(self, known_seq: int | None) -> list[tuple[Program, tuple[int | None, int | None]]]:
        from wuding.store.registry import registry

        found = []
        books = registry(self.ledger, known_seq).books
        for i, book in enumerate(books):
            later = [b.start for b in books[i + 1 :] if b.id == book.id and b.start is not None]
            program = self.shelf.load(book.text, f"{book.id}@{book.digest[:8]}")
            begin = None if program.retroactive else book.start
            found.append((program, (begin, min(later, default=None))))
        return found

    def domain_of(self, type_: str) -> tuple[Domain, Thing]:
        """The domain and shape of a fact type, named `type` or `domain/type`. Of several domains that have it, the
        one whose books are used is meant. Raises WD803 for an unknown name, WD806 for an ambiguous one."""
        domain, _, name = type_.rpartition("/")
        found = [
            d
            for d in self.shelf.domains.values()
            if name in d.facts and domain in ("", d.name, CORE if _built_in(name) else d.name)
        ]
        if not found:
            known = sorted({n for d in self.shelf.domains.values() for n in d.facts})
            raise WudingError("WD803", name=type_, allowed=known)
        owner = found[0] if _built_in(name) else self._used(found, name)
        return owner, owner.facts[name]

    def _used(self, found: Sequence[Domain], fact: str) -> Domain:
        """The one of these domains that is meant: the only one, or the only one with a book that is used."""
        if len(found) > 1:
            programs = self.programs() if self.book_names else self._editions(None)
            used = {program.domain.name for program, _ in programs}
            found = [d for d in found if d.name in used] or found
        if len(found) > 1:
            raise WudingError("WD806", name=fact, domains=[d.name for d in found], first=found[0].name)
        return found[0]

    # ── writing ──────────────────────────────────────────────────────────────────────────────────
    def record(
        self,
        type_: str,
        *,
        at: Moment | None = None,
        grid: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        **fields: object,
    ) -> Receipt:
        """Record one fact, durably. `at` is when it happened (default: now). A fact about a subject takes the
        subject's grid at that time unless told. Raises Rejected for what does not fit the fact type."""
        from wuding.intake.recording import checked_fact
        from wuding.store.registry import registry_frames

        domain, thing = self.domain_of(type_)
        frames = registry_frames(self.ledger)
        owner = CORE if _built_in(thing.name) else domain.name
        fact = checked_fact(owner, thing, frames, self.ledger.zone, self.moment(at), grid, subject, actor, fields)
        return self.ledger.append([fact])

    def correct(
        self, seq: int, *, void: bool = False, reason: str = "", actor: str | None = None, **new: Any
    ) -> Receipt:
        """Replace a recorded fact whole (`at`, `grid`, `subject`, `actor` and its fields), or void it."""
        from wuding.intake.recording import checked_fact
        from wuding.store.corrections import correction_fact
        from wuding.store.registry import registry_frames

        replacement = None
        if not void:
            old = next(self.ledger.facts(after=seq - 1, upto=seq), None)
            if old is None:
                raise WudingError("WD508", seq=seq)
            _, thing = self.domain_of(f"{old.domain}/{old.type}")
            place = {n: new.pop(n, getattr(old, n)) for n in ("grid", "subject", "actor")}
            at = self.moment(new.pop("at", old.at))
            fields = new or dict(old.fields)
            replacement = checked_fact(
                old.domain, thing, registry_frames(self.ledger), self.ledger.zone, at, fields=fields, **place
            )
        return self.ledger.append([correction_fact(seq, self.ledger.clock(), replacement, actor=actor, reason=reason)])

    def add_grids(self, grids: Iterable[Grid]) -> Receipt:
        """Make grids, or new versions of grids. Raises Rejected when the tree would not be one."""
        from wuding.intake.grids import check_tree
        from wuding.store.registry import grid_fact, registry_frames

        new = list(grids)
        known = set(registry_frames(self.ledger).grids.get_column("code"))
        if wrong := check_tree(new, known=known):
            raise Rejected(wrong)
        now = self.ledger.clock()
        return self.ledger.append([grid_fact(g, now) for g in new])

    def add_subjects(self, subjects: Iterable[Subject]) -> Receipt:
        """Make subjects, or new versions of subjects. A subject is one for all domains: fields that are not given stay
        as they were on the first day of the new version, `None` empties one. What any domain calls private is kept
        apart."""
        from wuding.intake.subjects import apart, kept
        from wuding.store.registry import registry_frames, subject_fact

        now, known = self.ledger.clock(), registry_frames(self.ledger).subjects
        split = (apart(s, self.shelf.domains.values()) for s in kept(subjects, known))
        return self.ledger.append([subject_fact(s, now, private) for s, private in split])

    def appoint(self, posts: Iterable[Post]) -> Receipt:
        """Record who holds which role where."""
        from wuding.store.registry import post_fact

        now = self.ledger.clock()
        return self.ledger.append([post_fact(p, now) for p in posts])

    def put_in_force(self, name: str, start: str | None = None) -> Receipt:
        """Put the present text of a book into force from a day on (None: for all time)."""
        from wuding.store.registry import book_fact

        self.shelf.program(name)
        text = self.shelf.texts[name][0]
        day = None if start is None else parse_date(start)
        return self.ledger.append([book_fact(name, text, self.ledger.clock(), start=day)])

    # ── importing ────────────────────────────────────────────────────────────────────────────────
    def import_grids(self, path: str | Path, root: str | None = None) -> Receipt:
        """Import a tree from CSV (`code,name,parent,level`); `root` takes a subtree. All or nothing."""
        from wuding.intake.grids import read_tree
        from wuding.store.registry import registry_frames

        known = set(registry_frames(self.ledger).grids.get_column("code"))
        return self.add_grids(read_tree(Path(path), root, known))

    def import_boundaries(
        self, path: str | Path, key: str = "code", fix: bool = False
    ) -> tuple[Receipt, tuple[str, ...]]:
        """Import boundaries from GeoJSON; answers with the codes that no grid has."""
        from wuding.intake.geojson import read_boundaries
        from wuding.store.registry import boundary_fact, registry_frames

        codes = set(registry_frames(self.ledger).grids.get_column("code"))
        found = read_boundaries(Path(path), codes, key, fix)
        now = self.ledger.clock()
        return self.ledger.append([boundary_fact(c, w, now) for c, w in found.wkb.items()]), found.unmatched

    def import_facts(
        self,
        path: str | Path,
        *,
        mapping: str | Path | None = None,
        fact: str | None = None,
        domain: str | None = None,
        again: bool = False,
        keep_good: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Imported:
        """Import facts (and the subjects and grids that a mapping makes) from CSV, JSONL or Parquet, gzipped or
        not. `mapping` is a path or the name of a plugin's mapping. All rows or none, unless `keep_good`."""
        from wuding.intake.importing import import_file
        from wuding.intake.known import known_frames
        from wuding.intake.mapping import parse_mapping, read_mapping
        from wuding.store.registry import registry_frames

        file = None
        if mapping is not None:
            found = self.shelf.mapping(str(mapping))
            file = parse_mapping(*found) if found else read_mapping(Path(mapping))
        owner = self._import_domain(fact, domain, file)
        frames = registry_frames(self.ledger)
        return import_file(
            Path(path),
            owner,
            known_frames(frames.grids, frames.subjects),
            self.ledger.zone,
            self.ledger.append,
            self._seen,
            self.ledger.clock(),
            mapping=file,
            fact=fact and fact.rpartition("/")[2],
            again=again,
            keep_good=keep_good,
            progress=progress,
        )

    def _import_domain(self, fact: str | None, domain: str | None, file: Any) -> Domain:
        if domain is not None:
            if domain not in self.shelf.domains:
                raise WudingError("WD804", name=domain, known=", ".join(sorted(self.shelf.domains)))
            return self.shelf.domains[domain]
        if file is None:
            return self.domain_of(fact)[0] if fact else self.programs()[0][0].domain
        made = file.mapping
        # A domain that has all that the mapping names is meant: types may have the same name in several.
        found = [
            d
            for d in self.shelf.domains.values()
            if {f.fact for f in made.facts} <= set(d.facts)
            and {s.subject for s in made.subjects} <= set(d.subjects)
            and {g.grid for g in made.grids} <= set(d.levels)
        ]
        if found and made.facts and not _built_in(made.facts[0].fact):
            return self._used(found, made.facts[0].fact)
        return self.domain_of(made.facts[0].fact)[0] if made.facts else self.programs()[0][0].domain

    def _seen(self, digest: str) -> bool:
        return any(f.fields.get("sha256") == digest for f in self.ledger.facts(domain=CORE, type="import"))

    # ── checking ─────────────────────────────────────────────────────────────────────────────────
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

    def _editions_of(self, book: str, known_seq: int) -> list[tuple[Program, tuple[int | None, int | None]]]:
        """What there is of a book: as opened, as in force in the ledger, as installed; an edition whose text is that
        of a file stands in the file. Raises WD603."""
        file = self.shelf.program(book) if self.shelf.find(book) else None
        found = [(p, days) for p, days in self._editions(known_seq) if p.book == book]
        found = [(file if file and file.digest == p.digest else p, days) for p, days in found]
        plain = [(file or self.shelf.program(book), (None, None))] if file or not found else []
        return [*plain, *found] if book in self.book_names else [*found, *plain]

    # ── the ledger's honesty ─────────────────────────────────────────────────────────────────────
    def verify(self, noted: Head | None = None) -> list[Any]:
        """What is wrong with the ledger: nothing, or facts changed, removed, reordered, or a tail cut off."""
        from wuding.store.verify import verify

        return list(verify(self.ledger, noted))


def _is_path(book: str | Path) -> bool:
    return isinstance(book, Path) or str(book).endswith((".yaml", ".yml"))


def _built_in(name: str) -> bool:
    from wuding.program.builtin import FACTS

    return name in FACTS


def local_midnight(day: str, zone: str) -> int:
    """The first instant of a day, from ISO text."""
    return day_start_us(parse_date(day), zone)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    return sha256(path.read_bytes()).hexdigest()


__all__ = ["CheckResult", "Finding", "Mapping", "Moment", "Wuding"]
