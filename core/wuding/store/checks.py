"""Checks and their findings, kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import text

from wuding.errors import WudingError
from wuding.store.ledger import Ledger

BIG, INT, TEXT = pl.Int64(), pl.Int32(), pl.String()
FINDINGS: dict[str, pl.DataType] = {
    "book": TEXT, "id": TEXT, "rule": TEXT, "variant": TEXT, "step": TEXT, "section": TEXT, "status": TEXT,
    "trial": pl.Boolean(), "holder_kind": TEXT, "holder": TEXT, "grid": TEXT, "subject": TEXT, "actor": TEXT,
    "period": TEXT, "case": TEXT, "episode": INT, "start": BIG, "end": BIG, "at": BIG, "due": BIG, "home": INT,
    "low": BIG, "high": BIG, "needed": TEXT, "value_low": BIG, "value_high": BIG, "band": TEXT, "rank": INT,
    "days": INT, "missing": pl.List(TEXT), "detail": TEXT,
}  # fmt: skip
STORED = {"check_id": BIG, "n": BIG} | FINDINGS | {"missing": TEXT}
LARGE = 5_000  # findings from which on ADBC is worth its beginning


@dataclass(frozen=True)
class Check:
    """A kept check. `as_of` in microseconds UTC, `since` a day or None, `books` by digest, `link` (hex) that of
    the ledger at `known_seq`; `basis`: for each edition checked, in order, what a later check needs to go on from
    it (empty for a check of older software). `frame` has the columns of `FINDINGS`, in the order of the check."""

    number: int
    as_of: int
    known_seq: int
    since: int | None
    books: Mapping[str, str]
    link: str
    started: int
    ended: int
    basis: tuple[Any, ...]
    frame: pl.DataFrame


def save_check(
    ledger: Ledger,
    frame: pl.DataFrame,
    as_of: int,
    known_seq: int,
    since: int | None,
    books: Mapping[str, str],
    started: int,
    basis: Sequence[Any] = (),
) -> int:
    """Keep a check and its findings (a frame with the columns of `FINDINGS`), all or nothing; its number."""
    database, link = ledger.database, ledger.head_at(known_seq).link
    large = frame.height >= LARGE
    columns = ("id", "as_of", "known_seq", "since", "books", "link", "started", "basis", "ended")
    told = (as_of, known_seq, since, json.dumps(dict(books), sort_keys=True), link, started, json.dumps(list(basis)))
    with database.write() as conn:
        if not database.path:
            conn.execute(text('LOCK TABLE "check" IN EXCLUSIVE MODE'))  # two checks must not get one number
        number = int(conn.execute(text('SELECT coalesce(max(id), 0) + 1 FROM "check"')).scalar_one())
        database.insert(conn, "check", columns, [(number, *told, None if large else ledger.clock())])
        if not large:
            database.insert(conn, "finding", list(STORED), _stored(frame, number).iter_rows())
    if large:  # a check counts as there only when it has ended: what breaks off in between is never seen
        rows = _stored(frame, number)
        done = database.ingest("finding", rows)
        with database.write() as conn:
            if not done:
                database.insert(conn, "finding", list(STORED), rows.iter_rows())
            conn.execute(text('UPDATE "check" SET ended = :at WHERE id = :id'), {"at": ledger.clock(), "id": number})
    return number


def _stored(frame: pl.DataFrame, number: int) -> pl.DataFrame:
    missing = [json.dumps(list(names), ensure_ascii=False) if names else "[]" for names in frame["missing"].to_list()]
    place = pl.int_range(frame.height, dtype=pl.Int64, eager=True)
    return frame.with_columns(
        check_id=pl.lit(number, pl.Int64), n=place, missing=pl.Series(missing, dtype=pl.String)
    ).select(pl.col(name).cast(dtype) for name, dtype in STORED.items())


def load_check(
    ledger: Ledger,
    number: int | None = None,
    *,
    ids: Sequence[str] = (),
    rules: Sequence[str] = (),
    holders: Sequence[str] = (),
    statuses: Sequence[str] = (),
) -> Check:
    """A kept check (None: the last), with those of its findings that meet every filter given. Raises WD805
    when there is none."""
    which = 'id = (SELECT max(id) FROM "check" WHERE ended IS NOT NULL)' if number is None else "id = :id"
    query = text(f'SELECT * FROM "check" WHERE ended IS NOT NULL AND {which}')
    with ledger.database.read() as conn:
        row = conn.execute(query, {} if number is None else {"id": number}).first()
    if row is None:
        raise WudingError("WD805", number="" if number is None else number)
    wanted = {"id": ids, "rule": rules, "holder": holders, "status": statuses}
    frame = _findings(ledger, row.id, {name: tuple(values) for name, values in wanted.items() if values})
    books: Any = json.loads(row.books)
    basis = tuple(json.loads(row.basis)) if row.basis else ()
    return Check(row.id, row.as_of, row.known_seq, row.since, books, row.link, row.started, row.ended, basis, frame)


def _findings(ledger: Ledger, number: int, wanted: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    names = ", ".join(f'"{name}"' for name in STORED)
    where = "".join(
        f' AND "{name}" IN ({", ".join(_literal(value) for value in values)})' for name, values in wanted.items()
    )
    query = f'SELECT {names} FROM "finding" WHERE check_id = {number}{where}'
    found = ledger.database.frame(query, STORED, large=True).sort("n")
    missing = pl.col("missing").str.json_decode(pl.List(pl.String))
    return found.with_columns(missing).select(list(FINDINGS))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
