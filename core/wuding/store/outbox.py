"""The outbox: notices to be delivered, and how far arrivals have been answered (semantics 26).

Notices are written in the transaction that writes how far the answers go, so that a process that dies leaves either
both or neither. They are delivered afterwards, at least once; what a sink has taken is noted at once, by sink.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

from wuding.store.ledger import Ledger

LIVE = 1  # the one row of table `live`
NOTICE = ("n", "id", "kind", "finding", "body", "written_at", "acked", "done", "claimed", "tries")


@dataclass(frozen=True)
class Mark:
    """How far arrivals have been answered: the last sequence, as of when (microseconds UTC). `version` counts."""

    known_seq: int
    as_of: int
    version: int = 0


@dataclass(frozen=True)
class Notice:
    """A notice. `id` is its own for ever: receivers drop repeats by it. `kind`: `notice`, `cancellation`, or
    `superseded` (never sent: a higher step of the case was past already when it opened). `finding` is the id of the
    finding that it tells of; `body` what is sent, as JSON holds it."""

    id: str
    kind: str
    finding: str
    body: Mapping[str, Any]
    n: int = 0
    acked: Mapping[str, int] | None = None  # by sink, when it was taken
    tries: int = 0
    done: int | None = None
    error: str | None = None
    written_at: int = 0


def read_mark(conn: Connection) -> Mark | None:
    """How far arrivals have been answered; None where none ever was."""
    row = conn.execute(text("SELECT known_seq, as_of, version FROM live WHERE id = 1")).first()
    return None if row is None else Mark(row.known_seq, row.as_of, row.version)


def write_answer(
    ledger: Ledger,
    conn: Connection,
    mark: Mark,
    told: Sequence[Notice] = (),
    withdrawn: Sequence[Notice] = (),
    now: int = 0,
    *,
    locked: bool = False,
) -> list[Notice]:
    """Note in the transaction of `conn` that all is answered up to `mark`, and put notices into the outbox: those
    `told` that are not there yet, and of the `withdrawn` (cancellations) those whose notice is. What others have
    answered further than `mark` stays so. Answers with the notices that were really written. `locked`: the caller
    holds the head's lock."""
    if not locked and not ledger.database.path:
        conn.execute(text("SELECT value FROM meta WHERE name = 'ledger' FOR UPDATE"))
    _move(ledger, conn, mark)
    if not told and not withdrawn:
        return []
    there = _there(conn, [notice.finding for notice in (*told, *withdrawn)])
    new: list[Notice] = []
    for notice in withdrawn:
        ids = there.get(notice.finding, {})
        gone, sent = _count(ids, "cancellation"), _count(ids, "notice")
        if sent > 0 and gone < _rounds(ids):
            new.append(_named(notice, f"{notice.finding}!x{gone + 1}"))
    for notice in told:
        ids = there.get(notice.finding, {})
        again = _count(ids, "cancellation")
        named = _named(notice, f"{notice.id}.{again}" if again else notice.id)
        if named.id not in ids:
            new.append(named)
    first = int(conn.execute(text("SELECT coalesce(max(n), 0) + 1 FROM notice")).scalar_one())
    rows = [
        (
            first + k, one.id, one.kind, one.finding, json.dumps(one.body, ensure_ascii=False), now, "{}",
            now if one.kind == "superseded" else None, 0, 0,
        )
        for k, one in enumerate(new)
    ]  # fmt: skip
    ledger.database.insert(conn, "notice", NOTICE, rows)
    return new


def _named(notice: Notice, id_: str) -> Notice:
    return Notice(id_, notice.kind, notice.finding, {**notice.body, "id": id_})


def _there(conn: Connection, findings: Sequence[str]) -> dict[str, dict[str, str]]:
    query = text("SELECT id, kind, finding FROM notice WHERE finding IN :ids")
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(findings), 500):
        some = list(findings[start : start + 500])
        for row in conn.execute(query.bindparams(bindparam("ids", expanding=True)), {"ids": some}):
            found.setdefault(row.finding, {})[row.id] = row.kind
    return found


def _count(ids: Mapping[str, str], kind: str) -> int:
    return sum(one == kind for one in ids.values())


def _rounds(ids: Mapping[str, str]) -> int:
    """How often a step was told anew: after each cancellation its notices end in another number."""
    return len({id_.rpartition("!")[2].partition(".")[2] for id_, kind in ids.items() if kind == "notice"})


def _move(ledger: Ledger, conn: Connection, mark: Mark) -> None:
    moved = conn.execute(
        text(
            "UPDATE live SET version = version + 1,"
            " as_of = CASE WHEN as_of < :as_of THEN :as_of ELSE as_of END,"
            " known_seq = CASE WHEN known_seq < :seq THEN :seq ELSE known_seq END WHERE id = 1"
        ),
        {"as_of": mark.as_of, "seq": mark.known_seq},
    )
    if moved.rowcount == 0:
        columns = ("id", "version", "as_of", "known_seq", "basis")
        ledger.database.insert(conn, "live", columns, [(LIVE, 1, mark.as_of, mark.known_seq, "{}")])


# ── delivering ───────────────────────────────────────────────────────────────────────────────────
def claim(ledger: Ledger, now: int, lease: int, limit: int = 100) -> list[Notice]:
    """Notices that nobody is delivering, oldest first, taken for `lease` microseconds. Who dies with them loses
    nothing: they can be taken again after that."""
    with ledger.database.write() as conn:
        free = "" if ledger.database.path else " FOR UPDATE SKIP LOCKED"
        query = text(f"SELECT * FROM notice WHERE done IS NULL AND claimed <= :now ORDER BY n LIMIT {int(limit)}{free}")
        rows = conn.execute(query, {"now": now}).fetchall()
        if rows:
            take = text("UPDATE notice SET claimed = :until, tries = tries + 1 WHERE n IN :ns")
            ns = [row.n for row in rows]
            conn.execute(take.bindparams(bindparam("ns", expanding=True)), {"until": now + lease, "ns": ns})
    return [_notice(row) for row in rows]


def settle(ledger: Ledger, notice: Notice, acked: Mapping[str, int], error: str | None, until: int, done: bool) -> None:
    """Note which sinks have taken a notice. Where one has not, it waits until the moment `until` before it is tried
    again."""
    query = text("UPDATE notice SET acked = :acked, error = :error, claimed = :until, done = :done WHERE n = :n")
    when = max(acked.values(), default=until) if done else None
    told = {"acked": json.dumps(dict(acked), sort_keys=True), "error": error, "until": until, "done": when}
    with ledger.database.write() as conn:
        conn.execute(query, told | {"n": notice.n})


def notices(ledger: Ledger, *, waiting: bool = False) -> list[Notice]:
    """All notices, or those that wait for a sink, oldest first."""
    where = " WHERE done IS NULL" if waiting else ""
    with ledger.database.read() as conn:
        return [_notice(row) for row in conn.execute(text(f"SELECT * FROM notice{where} ORDER BY n"))]


def _notice(row: Any) -> Notice:
    acked = json.loads(row.acked)
    body = json.loads(row.body)
    return Notice(
        row.id, row.kind, row.finding, body, row.n, acked, row.tries, row.done, row.error, row.written_at
    )  # fmt: skip


# ── what is to be answered ───────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class Stretch:
    """Batches of the ledger that follow one another: their last sequence, when the last was recorded, and whether
    they were imported, which sends no notices."""

    last_seq: int
    recorded_at: int
    imported: bool


def stretches(ledger: Ledger, after: int, upto: int) -> list[Stretch]:
    """What was recorded behind a sequence, up to another."""
    batches = text(
        "SELECT first_seq, last_seq, recorded_at FROM batch WHERE last_seq > :after AND last_seq <= :upto ORDER BY id"
    )
    imports = text("SELECT seq FROM fact WHERE domain = 'core' AND type = 'import' AND seq > :after AND seq <= :upto")
    with ledger.database.read() as conn:
        rows = conn.execute(batches, {"after": after, "upto": upto}).fetchall()
        marked = {row.seq for row in conn.execute(imports, {"after": after, "upto": upto})}
    found: list[Stretch] = []
    for row in rows:
        imported = any(row.first_seq <= seq <= row.last_seq for seq in marked)
        if found and found[-1].imported == imported:
            found.pop()
        found.append(Stretch(row.last_seq, row.recorded_at, imported))
    return found
