"""The registry at any sequence of the ledger: grids, subjects, posts, books, boundaries.

A replay of the core facts up to that sequence defines it; while nothing of it has changed since, the tables
give the same, faster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import polars as pl
from sqlalchemy import bindparam, text

from wuding.domain.corrections import CORRECTION
from wuding.domain.fact import CORE, Fact
from wuding.domain.grid import Grid
from wuding.domain.period import to_date, to_day
from wuding.domain.post import Post
from wuding.domain.subject import Subject
from wuding.errors import WudingError
from wuding.store import projection
from wuding.store.canonical import NewFact
from wuding.store.entries import (
    ALWAYS,
    REGISTRY,
    Book,
    book_fact,
    close_grid,
    close_post,
    close_subject,
    grid_fact,
    post_fact,
    post_id,
    subject_fact,
)
from wuding.store.ledger import Ledger

__all__ = [
    "Book",
    "Frames",
    "Registry",
    "book_fact",
    "boundaries",
    "boundary_fact",
    "close_grid",
    "close_post",
    "close_subject",
    "grid_fact",
    "post_fact",
    "post_id",
    "registry",
    "registry_frames",
    "subject_fact",
]

TEXT, DAY, SEQ = pl.String(), pl.Int32(), pl.Int64()
DAYS = {"start": DAY, "end": DAY, "seq": SEQ}
SCHEMAS: dict[str, dict[str, pl.DataType]] = {
    "grid": {"code": TEXT, "name": TEXT, "parent": TEXT, "level": TEXT, "kinds": TEXT, **DAYS},
    "subject": {"id": TEXT, "type": TEXT, "grid": TEXT, "name": TEXT, "fields": TEXT, **DAYS},
    "post": {"id": TEXT, "person": TEXT, "role": TEXT, "grid": TEXT, "subject": TEXT, "capacity": TEXT, **DAYS},
    "book": {"id": TEXT, "text": TEXT, "digest": TEXT, "start": DAY, "seq": SEQ},
}


@dataclass(frozen=True)
class Registry:
    """All versions of everything, each with its own days; those of one thing in the order of their days."""

    grids: tuple[Grid, ...]
    subjects: tuple[Subject, ...]
    posts: tuple[Post, ...]
    books: tuple[Book, ...]  # in the order of being put into force


class Frames(NamedTuple):
    """The same in columns: `kinds` is a list of text, `fields` JSON text, days and `seq` integers."""

    grids: pl.DataFrame
    subjects: pl.DataFrame
    posts: pl.DataFrame


def registry(ledger: Ledger, known_seq: int | None = None) -> Registry:
    """The registry as it was known at sequence `known_seq` (None: now)."""
    grids, subjects, posts, books = _frames(ledger, known_seq, ("grid", "subject", "post", "book"))
    return Registry(
        tuple(
            Grid(code, name, parent, level, tuple(json.loads(kinds)), start, end)
            for code, name, parent, level, kinds, start, end, _ in grids.iter_rows()
        ),
        tuple(
            Subject(id, type, grid, name, json.loads(fields), start, end)
            for id, type, grid, name, fields, start, end, _ in subjects.iter_rows()
        ),
        tuple(Post(*row[:-1]) for row in posts.iter_rows()),
        tuple(Book(*row) for row in books.sort("seq").iter_rows()),
    )


def registry_frames(ledger: Ledger, known_seq: int | None = None) -> Frames:
    """The registry as it was known at sequence `known_seq` (None: now), as frames sorted by key and day."""
    grids, subjects, posts = _frames(ledger, known_seq, ("grid", "subject", "post"))
    return Frames(grids.with_columns(pl.col("kinds").str.json_decode(pl.List(pl.String))), subjects, posts)


def _frames(ledger: Ledger, known_seq: int | None, tables: Sequence[str]) -> list[pl.DataFrame]:
    upto = ledger.head().seq if known_seq is None else known_seq
    if unchanged_since(ledger, upto):
        found = [_table(ledger, table) for table in tables]
        if unchanged_since(ledger, upto):  # nor while they were being read
            return found
    with ledger.database.read() as conn:
        made = projection.replay(conn, upto)
    return [_sorted(table, _made(table, made[table])) for table in tables]


def unchanged_since(ledger: Ledger, seq: int) -> bool:
    """Has nothing of the registry been recorded or corrected behind a sequence?"""
    query = text("SELECT 1 FROM fact WHERE domain = 'core' AND type IN :types AND seq > :seq LIMIT 1")
    types: Any = bindparam("types", [*REGISTRY, CORRECTION, projection.ERASURE], expanding=True)
    with ledger.database.read() as conn:
        return not conn.execute(query.bindparams(types), {"seq": seq}).first()


def _table(ledger: Ledger, table: str) -> pl.DataFrame:
    schema = SCHEMAS[table]
    names = ", ".join(f'"{name}"' for name in schema)
    where = "" if table == "book" else " WHERE NOT closed"
    return _sorted(table, ledger.database.frame(f'SELECT {names} FROM "{table}"{where}', schema, large=True))


def _made(table: str, rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    schema = SCHEMAS[table] | {"closed": pl.Boolean()}
    order = projection.COLUMNS[table] if table == "book" else (*projection.COLUMNS[table], *projection.DAYS)
    found = pl.DataFrame(rows, schema={name: schema[name] for name in order}, orient="row")
    kept = found if table == "book" else found.filter(~pl.col("closed"))
    return kept.select(list(SCHEMAS[table]))


def _sorted(table: str, found: pl.DataFrame) -> pl.DataFrame:
    return found.sort(projection.COLUMNS[table][0], "start", "seq", nulls_last=False)


# ── boundaries ───────────────────────────────────────────────────────────────────────────────────
def boundary_fact(
    code: str, geometry: str | bytes | Mapping[str, object], at: int, start: int | None = None
) -> NewFact:
    """The boundary of a grid from day `start` on (None: always): WKB, or GeoJSON as text or as a mapping."""
    if isinstance(geometry, bytes):
        shape = geometry.hex()
    else:
        shape = geometry if isinstance(geometry, str) else json.dumps(geometry, separators=(",", ":"))
    day: dict[str, object] = {} if start is None else {"from": to_date(start).isoformat()}
    return NewFact(CORE, "boundary", at, code, fields={"code": code, "geometry": shape} | day)


def boundaries(ledger: Ledger, known_seq: int | None = None, day: int | None = None) -> dict[str, bytes]:
    """Grid code: its boundary (WKB) as it was known at `known_seq`, on `day` (None: the latest). Raises WD507
    for a geometry that cannot be read."""
    latest = latest_boundaries(boundary_versions(ledger, known_seq), day)
    return {code: wkb_of(shape) for code, shape in latest.items()}


def boundary_versions(ledger: Ledger, known_seq: int | None = None) -> list[tuple[str, str, int]]:
    """Each boundary as it was recorded, in that order: grid code, geometry (hex of WKB, or GeoJSON), first day."""
    with ledger.database.read() as conn:
        return [_boundary(fact) for fact in projection.effective(conn, ("boundary",), known_seq)]


def latest_boundaries(versions: Iterable[tuple[str, str, int]], day: int | None) -> dict[str, str]:
    """Of the versions of each grid's boundary, the one that holds on `day` (None: the last)."""
    latest: dict[str, tuple[int, str]] = {}
    for code, shape, start in versions:
        if (day is None or start <= day) and start >= latest.get(code, (start, ""))[0]:
            latest[code] = (start, shape)
    return {code: shape for code, (_, shape) in latest.items()}


def _boundary(fact: Fact) -> tuple[str, str, int]:
    try:
        start = to_day(date.fromisoformat(str(fact.fields["from"]))) if "from" in fact.fields else ALWAYS
        return str(fact.fields["code"]), str(fact.fields["geometry"]), start
    except (KeyError, ValueError) as error:
        raise WudingError("WD507", type="boundary", reason=str(error)) from error


def wkb_of(shape: str) -> bytes:
    """The geometry as WKB. Raises WD507 when it cannot be read."""
    from shapely import from_geojson, to_wkb
    from shapely.errors import ShapelyError

    try:
        if not shape.lstrip().startswith("{"):
            return bytes.fromhex(shape)
        return bytes(to_wkb(from_geojson(shape)))
    except (ShapelyError, ValueError) as error:
        raise WudingError("WD507", type="boundary", reason=str(error)) from error
