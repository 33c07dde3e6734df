"""The columns taken out of the ledger: Parquet by branch of the tree and by month, with the registers beside them.

    DIR/manifest.json                                     whose columns, up to which sequence
    DIR/registers/{grids,subjects,posts,boundaries,books,branches}.parquet
    DIR/facts/DOMAIN.TYPE/branch=CODE/month=2024-05/part.parquet     (core.TYPE/part.parquet: not parted)

What is written is how things stood at one sequence, corrections applied; a check elsewhere needs this folder and the
books, no database. Written beside the place and put there by renaming, so that no reader sees half of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from wuding.domain.fact import CORE
from wuding.domain.instants import local_day
from wuding.domain.period import to_date
from wuding.engines.base import Snapshot
from wuding.engines.frames import schema_of
from wuding.errors import WudingError
from wuding.program.model import Domain, Program
from wuding.store.columns import Columns, schema_digest
from wuding.store.ledger import Ledger
from wuding.store.places import replacing
from wuding.store.registry import (
    SCHEMAS,
    Book,
    Frames,
    boundary_versions,
    latest_boundaries,
    registry,
    registry_frames,
    wkb_of,
)
from wuding.store.snapshot import assembled, fact_types

FORMAT = 1
MANIFEST = "manifest.json"
NOWHERE = ""  # the branch of facts that lie in none
NO_BRANCH = "none"  # and its folder; `_` as a code would be quoted
SHAPES = {"code": pl.String(), "shape": pl.String(), "start": pl.Int32()}


@dataclass(frozen=True)
class Manifest:
    """Whose columns these are. `seq`, `link`: the ledger's head then; `types`: name to the digest of its schema;
    `rows`: how many facts, by type; `branches`: how many."""

    ledger: str
    zone: str
    seq: int
    link: str
    types: Mapping[str, str]
    rows: Mapping[str, int]
    branches: int


@dataclass(frozen=True)
class Export:
    """Exported columns, opened."""

    folder: Path
    manifest: Manifest

    def books(self) -> list[Book]:
        """The books that were in force, in the order of being put so."""
        return [Book(*row) for row in self._register("books").iter_rows()]

    def snapshot(
        self, program: Program, as_of: int, start: int | None, in_force: tuple[int | None, int | None]
    ) -> Snapshot:
        """What a check of one book looks at, as of a moment. Raises WD887 when the columns were written for fields
        that the book's domain no longer has so."""
        types = fact_types(program.domain)
        facts = {key: self._facts(*key, program.domain) for key in types}
        grids, subjects, posts = (self._register(name) for name in ("grids", "subjects", "posts"))
        versions = self._register("boundaries").rows()
        shapes = latest_boundaries(versions, local_day(as_of - 1, program.zone))
        boundaries = {code: wkb_of(shape) for code, shape in shapes.items()}
        frames = Frames(grids, subjects, posts)
        branches = self._register("branches").with_columns(pl.col("branch").map_elements(folder_of, pl.String))
        return assembled(program, facts, frames, boundaries, as_of, start, in_force, branches)

    def _facts(self, domain: str, type_: str, of: Domain) -> pl.LazyFrame:
        fields = fact_types(of)[domain, type_]
        name, schema = f"{domain}.{type_}", schema_of(fields)
        if domain != CORE:
            schema = {**schema, "branch": pl.String()}
        if self.manifest.types.get(name, schema_digest(fields)) != schema_digest(fields):
            raise WudingError("WD887", type=name, folder=str(self.folder))
        if not self.manifest.rows.get(name):
            return pl.LazyFrame(schema=schema)
        if domain == CORE:
            return pl.scan_parquet(self.folder / "facts" / name / "part.parquet")
        parts = {"branch": pl.String(), "month": pl.String()}
        every = pl.scan_parquet(self.folder / "facts" / name / "**/*.parquet", hive_schema=parts)
        return every.select(list(schema))

    def _register(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "registers" / f"{name}.parquet")


def folder_of(branch: str) -> str:
    """A branch as the name of a folder."""
    return quote(branch, safe="").replace("%", "~") or NO_BRANCH


def open_export(folder: Path) -> Export:
    """The exported columns in a folder. Raises WD886 when there are none that this code can read."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise ValueError(f"format {told}")
        return Export(folder, Manifest(**told))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WudingError("WD886", folder=str(folder), reason=str(error)) from error


def export_columns(
    ledger: Ledger,
    columns: Columns,
    domains: Mapping[str, Domain],
    branches: pl.DataFrame,
    folder: Path,
    known_seq: int,
) -> Manifest:
    """Writes the facts of these domains, and the core's, as known at a sequence. `branches`: `grid branch`, the part of
    the tree to which each grid belongs. An export that is there already is replaced; raises WD888 when the folder
    holds something else."""
    types = {key: fields for domain in domains.values() for key, fields in fact_types(domain).items()}
    columns.sync(types)
    with replacing(folder, MANIFEST) as new:
        _write_registers(ledger, new / "registers", branches, known_seq)
        rows = {}
        for domain, type_ in types:
            name = f"{domain}.{type_}"
            facts = columns.scan(domain, type_, known_seq)
            rows[name] = write_facts(facts, new / "facts" / name, branches, ledger.zone, whole=domain == CORE)
        head = ledger.head_at(known_seq)
        digests = {f"{d}.{t}": schema_digest(fields) for (d, t), fields in types.items()}
        made = Manifest(ledger.id, ledger.zone, known_seq, head.link, digests, rows, branches["branch"].n_unique())
        (new / MANIFEST).write_text(json.dumps({"format": FORMAT, **asdict(made)}, indent=1), encoding="utf-8")
    return made


def _write_registers(ledger: Ledger, folder: Path, branches: pl.DataFrame, known_seq: int) -> None:
    folder.mkdir(parents=True)
    frames = registry_frames(ledger, known_seq)
    books = [(b.id, b.text, b.digest, b.start, b.seq) for b in registry(ledger, known_seq).books]
    tables = {
        "grids": frames.grids, "subjects": frames.subjects, "posts": frames.posts, "branches": branches,
        "boundaries": pl.DataFrame(boundary_versions(ledger, known_seq), schema=SHAPES, orient="row"),
        "books": pl.DataFrame(books, schema=SCHEMAS["book"], orient="row"),
    }  # fmt: skip
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")


def write_facts(facts: pl.LazyFrame, folder: Path, branches: pl.DataFrame, zone: str, *, whole: bool) -> int:
    """Writes the facts of one type, by branch and month (`whole`: in one file), and answers with their number; a month
    at a time, which bounds the memory."""
    if whole:
        rows = facts.collect()
        folder.mkdir(parents=True)
        rows.write_parquet(folder / "part.parquet")
        return rows.height
    placed = facts.join(branches.lazy(), on="grid", how="left").with_columns(pl.col("branch").fill_null(NOWHERE))
    written = 0
    for month, begin, end in _months(facts, zone):
        rows = placed.filter((pl.col("at") >= begin) & (pl.col("at") < end)).collect()
        for (branch,), some in rows.partition_by("branch", as_dict=True, include_key=False).items():
            place = folder / f"branch={folder_of(str(branch))}" / f"month={month}"
            place.mkdir(parents=True)
            some.sort("seq").write_parquet(place / "part.parquet")
        written += rows.height
    return written


def _months(facts: pl.LazyFrame, zone: str) -> Iterator[tuple[str, int, int]]:
    """The months (of the jurisdiction) in which there are facts: name, first instant, first instant of the next."""
    from wuding.domain.instants import day_start_us
    from wuding.domain.period import Every, period_of

    first, last = facts.select(low=pl.col("at").min(), high=pl.col("at").max()).collect().row(0)
    if first is None:
        return
    day, end = local_day(first, zone), local_day(last, zone)
    while day <= end:
        month = period_of(day, Every("month"))
        yield to_date(month.start).strftime("%Y-%m"), day_start_us(month.start, zone), day_start_us(month.end, zone)
        day = month.end
