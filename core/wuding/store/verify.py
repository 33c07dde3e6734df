"""Is the ledger what was recorded? Columns against bytes, bytes against the chain, the chain against a head
that was noted elsewhere, and the projections against a replay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from wuding.errors import WudingError
from wuding.store import projection
from wuding.store.canonical import commitment, grid_part, head, link_of, names, row_hash, tail
from wuding.store.ledger import Head, Ledger

PAGE = 10_000
Names = Mapping[str | None, str]


@dataclass(frozen=True)
class Problem:
    """Something found. Its text is the catalogue's `verify.<kind>`, with these attributes as arguments. Kinds:

    - `changed`: the bytes of fact `seq` are not those that were recorded there (changed, or moved there);
    - `column`: column `field` of fact `seq` does not say what its bytes say;
    - `removed`: the facts `seq` to `last` are gone; `extra`: fact `seq` was never recorded;
    - `batch`: batch `batch` (facts `seq` to `last`) was changed, or one of its facts together with its hash;
    - `chain`: what comes before batch `batch` was changed or removed;
    - `cut`: the facts `seq` to `last`, which there were when the head was noted, are gone;
    - `forked`: at `seq` the chain is not the one that was noted;
    - `private`: the private field `field` of fact `seq` is not what was promised, or gone without erasure;
    - `erased`: it was erased, which breaks nothing;
    - `projection`: the table of `field` does not say what the facts say.
    """

    kind: str
    seq: int | None = None
    last: int | None = None
    batch: int | None = None
    field: str = ""

    @property
    def broken(self) -> bool:
        """Whether this means that the ledger is not what it was."""
        return self.kind != "erased"


def verify(ledger: Ledger, noted: Head | None = None) -> Iterator[Problem]:
    """Everything that is wrong with the ledger, and every erased field. `noted`: a head taken earlier and kept
    elsewhere; without it a cut tail, and a chain that was made anew from some point on, cannot show."""
    with ledger.database.read() as conn:
        query = text("SELECT id, first_seq, last_seq, recorded_at, root, prev, link FROM batch ORDER BY id")
        batches = conn.execute(query).fetchall()
        yield from _chain(batches, ledger.genesis)
        broken = False
        for problem in _facts(conn, batches):
            broken = broken or problem.kind in ("changed", "removed", "extra", "batch")
            yield problem
        yield from _noted(batches, noted, ledger.genesis)
        if not broken:  # else a replay says nothing new
            yield from _projections(conn)


def _chain(batches: Sequence[Any], genesis: bytes) -> Iterator[Problem]:
    link, last = genesis, 0
    for batch in batches:
        if batch.prev != link or batch.first_seq != last + 1:
            yield Problem("chain", batch=batch.id)
        count = batch.last_seq - batch.first_seq + 1
        if _link(batch.prev, batch.first_seq, count, batch.recorded_at, batch.root) != batch.link:
            yield Problem("batch", batch.first_seq, batch.last_seq, batch.id)
        link, last = batch.link, batch.last_seq


def _link(*of: Any) -> bytes | None:
    try:
        return link_of(*of)
    except (TypeError, OverflowError, AttributeError):
        return None  # somebody wrote values of other types


def _noted(batches: Sequence[Any], noted: Head | None, genesis: bytes) -> Iterator[Problem]:
    if noted is None:
        return
    links = {0: genesis} | {batch.last_seq: batch.link for batch in batches}
    last = batches[-1].last_seq if batches else 0
    if noted.seq > last:
        yield Problem("cut", last + 1, noted.seq)
    elif links.get(noted.seq, b"").hex() != noted.link:
        yield Problem("forked", noted.seq)


def _facts(conn: Connection, batches: Sequence[Any]) -> Iterator[Problem]:
    known = names()
    rows = _rows(conn)
    row, promises = next(rows, (None, {}))
    for batch in batches:
        while row and row.seq < batch.first_seq:
            yield Problem("extra", row.seq)
            row, promises = next(rows, (None, {}))
        root, due, located = sha256(), batch.first_seq, []
        while row and row.seq <= batch.last_seq:
            if row.seq > due:
                located.append(Problem("removed", due, row.seq - 1))
            body = row.body.encode() if isinstance(row.body, str) else bytes(row.body)
            found = row_hash(row.seq - batch.first_seq, body)
            root.update(found)
            if found != row.hash:
                located.append(Problem("changed", row.seq))
            else:
                located += _columns(known, row, body, batch)
                located += _private(row.seq, body, promises)
            due = row.seq + 1
            row, promises = next(rows, (None, {}))
        if due <= batch.last_seq:
            located.append(Problem("removed", due, batch.last_seq))
        yield from located
        if root.digest() != batch.root and not any(one.kind in ("changed", "removed") for one in located):
            yield Problem("batch", batch.first_seq, batch.last_seq, batch.id)
    while row:
        yield Problem("extra", row.seq)
        row, promises = next(rows, (None, {}))


class _Row(NamedTuple):  # much faster to look into than a row of SQLAlchemy
    seq: int
    batch: int
    domain: str
    type: str
    grid: str | None
    subject: str | None
    actor: str | None
    occurred_at: int
    recorded_at: int
    body: bytes | str  # SQLite keeps what it is given
    hash: bytes


def _rows(conn: Connection) -> Iterator[tuple[_Row, dict[str, Any]]]:
    """All facts in order, each with its rows of private fields by name."""
    columns = ", ".join(_Row._fields)
    facts = text(f"SELECT {columns} FROM fact WHERE seq > :after ORDER BY seq LIMIT {PAGE}")
    private = text("SELECT seq, field, salt, value FROM private WHERE seq BETWEEN :first AND :last")
    after = -(2**63)
    while page := conn.execute(facts, {"after": after}).fetchall():
        kept: dict[int, dict[str, Any]] = {}
        for row in conn.execute(private, {"first": page[0].seq, "last": page[-1].seq}):
            kept.setdefault(row.seq, {})[row.field] = row
        for row in page:
            yield _Row._make(row), kept.get(row[0], {})
        after = page[-1].seq


def _columns(known: Names, row: _Row, body: bytes, batch: Any) -> Iterator[Problem]:
    if row.recorded_at != batch.recorded_at:
        yield Problem("column", row.seq, field="recorded_at")
    if row.batch != batch.id:
        yield Problem("column", row.seq, field="batch")
    if _as_said(known, row, body):
        return
    told = json.loads(body)
    columns = {"at": "occurred_at"} | {name: name for name in ("actor", "domain", "grid", "subject", "type")}
    for name, column in columns.items():
        if told[name] != getattr(row, column):
            yield Problem("column", row.seq, field=column)


def _as_said(known: Names, row: _Row, body: bytes) -> bool:
    """Whether the bytes begin and end as the columns say: sure when it holds, and much faster than reading them."""
    try:
        begin = head(known, row.actor, row.occurred_at, row.domain)
        end = grid_part(known, row.grid) + tail(known, row.subject, row.type)
    except (TypeError, ValueError):
        return False
    return body.startswith(begin.encode()) and body.endswith(end.encode())


def _private(seq: int, body: bytes, kept: Mapping[str, Any]) -> Iterator[Problem]:
    if not kept and b',"private":{' not in body:
        return
    promised: dict[str, str] = json.loads(body).get("private", {})
    for name in sorted(promised.keys() | kept.keys()):
        salt, value = (kept[name].salt, kept[name].value) if name in kept else (b"", None)
        if salt is None and value is None and name in promised:
            yield Problem("erased", seq, field=name)
        elif salt is None or value is None or commitment(salt, value) != promised.get(name):
            yield Problem("private", seq, field=name)


def _projections(conn: Connection) -> Iterator[Problem]:
    try:
        made = projection.replay(conn)
    except WudingError:  # a malformed fact, which append would have refused
        made = {}
    for table, columns in projection.COLUMNS.items():
        named = ", ".join(f'"{name}"' for name in (*columns, *(() if table == "book" else projection.DAYS)))
        rows = {tuple(row) for row in conn.execute(text(f'SELECT {named} FROM "{table}"'))}
        if rows != set(made.get(table, ())):
            yield Problem("projection", field=table)
