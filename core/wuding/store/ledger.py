"""The ledger: facts are appended in chained batches, and never changed (semantics 1 to 6)."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import repeat
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, bindparam, text

from wuding.domain.fact import CORE, Fact
from wuding.errors import WudingError
from wuding.store import projection
from wuding.store.canonical import NewFact, Prepared, canonical, fact_of, fields_of, link_of, prepare, root_of
from wuding.store.database import Database
from wuding.store.watch import Watch, decided

if TYPE_CHECKING:
    from wuding.store.blocks import Part
    from wuding.store.verify import Problem

__all__ = ["FORMAT", "Head", "Ledger", "NewFact", "Prepared", "Receipt", "Watch", "now", "open_ledger"]

FORMAT = "1"
PAGE = 5_000
FACT = (
    "seq", "batch", "domain", "type", "grid", "subject", "actor", "occurred_at", "recorded_at", "body", "hash",
)  # fmt: skip
Then = Callable[[Connection, "Receipt"], None]


@dataclass(frozen=True)
class Receipt:
    """What an append was given: sequences, the moment of recording, the chain's link (hex)."""

    first_seq: int
    last_seq: int
    recorded_at: int
    link: str


@dataclass(frozen=True)
class Head:
    """Where the ledger ends: its last sequence, the chain's link (hex) there, and when that was recorded.
    Noted elsewhere, it proves later that nothing up to here was changed or cut off."""

    seq: int
    link: str
    recorded_at: int


def now() -> int:
    """The present moment, microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


class Ledger:
    """An open ledger; get one from `open_ledger`. `id` tells it from every other, `zone` is the zone of its
    jurisdiction. May be used by several threads and processes at once."""

    def __init__(self, database: Database, clock: Callable[[], int], salt: Callable[[], bytes]) -> None:
        self.database = database
        self.clock = clock
        self.salt = salt
        self.watches: Callable[[], Sequence[Watch]] = tuple  # asked before each append; none unless somebody sets it
        with database.read() as conn:
            meta = {row.name: row.value for row in conn.execute(text("SELECT name, value FROM meta"))}
        self.id: str = meta["ledger"]
        self.zone: str = meta["zone"]
        self.genesis = genesis(meta)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database. A ledger without a name (`sqlite://`) is gone with it."""
        self.database.close()

    # ── writing ──────────────────────────────────────────────────────────────────────────────────
    def append(self, facts: Sequence[NewFact], then: Then | None = None) -> Receipt:
        """Record `facts`, all or none, and put those of the registry into force.

        The ledger's `watches` are asked inside the transaction, when the facts are in and no other writer can come
        between, and refuse by raising. `then` runs behind them: what it writes is committed with the facts.
        Raises WD506 for a value that cannot be kept, WD507 for a malformed registry fact or ruling, WD508 for
        a correction of what is not recorded, WD509 when another writer does not let go.
        """
        return self.append_prepared(prepare(facts, self.salt), then=then)

    def append_prepared(
        self, prepared: Prepared, before: Callable[[Connection], None] | None = None, then: Then | None = None
    ) -> Receipt:
        """The same for facts whose bytes and hashes are made already (`canonical.prepare`, or columns at a time).
        `before` runs in the transaction ahead of the facts, and refuses by raising."""
        watches = self.watches()
        core = projection.core_facts(prepared)
        count, root = len(prepared), root_of(prepared.hashes)
        with self.database.write() as conn:
            number, last = self.locked(conn)
            if before is not None:
                before(conn)
            if not count:
                return Receipt(last.seq + 1, last.seq, last.recorded_at, last.link)
            first, recorded = last.seq + 1, max(self.clock(), last.recorded_at)
            self._insert(conn, prepared, number + 1, first, recorded)
            link = self.close_batch(conn, number + 1, last, count, recorded, root, prepared.private, core, watches)
            receipt = Receipt(first, last.seq + count, recorded, link.hex())
            if then is not None:
                then(conn, receipt)
        return receipt

    def append_parts(self, parts: Sequence[Part]) -> Receipt:
        """The same for many facts, some of them in columns: faster, with the same bytes, hashes and chain. Raises
        WD506 to WD509 as `append` does."""
        from wuding.store.bulk import append_parts

        return append_parts(self, parts)

    def close_batch(
        self,
        conn: Connection,
        number: int,
        last: Head,
        count: int,
        recorded: int,
        root: bytes,
        private: Sequence[tuple[int, str, bytes, str]],
        core: Sequence[Fact],
        watches: Sequence[Watch],
    ) -> bytes:
        """Add to the facts of batch `number`, written in this transaction behind `last`, all but themselves; the
        chain's new link. `private` and `core` have places for sequences. Raises what a watch raises."""
        first, prev = last.seq + 1, bytes.fromhex(last.link)
        link = link_of(prev, first, count, recorded, root)
        names = ("id", "first_seq", "last_seq", "recorded_at", "root", "prev", "link")
        row = (number, first, last.seq + count, recorded, root, prev, link)
        self.database.insert(conn, "batch", names, [row])
        if private:
            rows = [(first + place, name, salt, value) for place, name, salt, value in private]
            self.database.insert(conn, "private", ("seq", "field", "salt", "value"), rows)
        projection.apply(self.database, conn, [replace(fact, seq=first + fact.seq) for fact in core], last.seq)
        decided(conn, watches, first, last.seq + count, self.zone)
        return link

    def locked(self, conn: Connection) -> tuple[int, Head]:
        """The number of the last batch and the head, with the head's lock in hand: nobody else can append."""
        if not self.database.path:  # SQLite's BEGIN IMMEDIATE has it already
            conn.execute(text("SELECT value FROM meta WHERE name = 'ledger' FOR UPDATE"))
        row = conn.execute(text("SELECT id, last_seq, link, recorded_at FROM batch ORDER BY id DESC LIMIT 1")).first()
        return (row.id, Head(row.last_seq, row.link.hex(), row.recorded_at)) if row else (0, self._start)

    def _insert(self, conn: Connection, new: Prepared, batch: int, first: int, recorded: int) -> None:
        rows = zip(
            range(first, first + len(new)), repeat(batch), new.domains, new.types, new.grids, new.subjects,
            new.actors, new.ats, repeat(recorded), new.bodies, new.hashes, strict=False,
        )  # fmt: skip
        self.database.insert(conn, "fact", FACT, rows)

    def erase(self, seq: int, field: str, *, actor: str | None = None, reason: str = "") -> Receipt:
        """Erase a private field of a fact for ever, in all corrections of that fact too. That it was done, when
        and why becomes a fact (`core`/`erasure`), by which copies know what to drop. Raises WD510 when the
        fact has no such private field."""
        told = {"fact": seq, "field": field} | ({"reason": reason} if reason else {})
        fact = NewFact(CORE, "erasure", self.clock(), actor=actor, fields=told)

        def wipe(conn: Connection) -> None:
            query = text(
                "SELECT p.seq, f.domain, f.type, f.body FROM private p JOIN fact f ON f.seq = p.seq"
                " WHERE p.field = :field AND (p.seq = :seq OR (f.domain = 'core' AND f.type = 'correction'))"
            )
            found = [
                row.seq
                for row in conn.execute(query, {"field": field, "seq": seq})
                if row.seq == seq or fields_of(row.body).get("fact") == seq
            ]
            if not found:
                raise WudingError("WD510", seq=seq, field=field)
            erase = text("UPDATE private SET salt = NULL, value = NULL WHERE field = :field AND seq IN :seqs")
            conn.execute(erase.bindparams(bindparam("seqs", expanding=True)), {"field": field, "seqs": found})

        receipt = self.append_prepared(prepare([fact], self.salt), before=wipe)
        self.database.forget()
        return receipt

    def verify(self, noted: Head | None = None) -> list[Problem]:
        """Everything that is wrong with the ledger, and what was erased: see `wuding.store.verify`."""
        from wuding.store.verify import verify

        return list(verify(self, noted))

    # ── reading ──────────────────────────────────────────────────────────────────────────────────
    @property
    def _start(self) -> Head:
        return Head(0, self.genesis.hex(), 0)

    def head(self) -> Head:
        """Where the ledger ends now; sequence 0 when nothing is recorded."""
        with self.database.read() as conn:
            row = conn.execute(text("SELECT last_seq, link, recorded_at FROM batch ORDER BY id DESC LIMIT 1")).first()
        return Head(row.last_seq, row.link.hex(), row.recorded_at) if row else self._start

    def head_at(self, seq: int) -> Head:
        """The head when `seq` was the newest: that of the last batch that ends at or before it."""
        query = text(
            "SELECT last_seq, link, recorded_at FROM batch WHERE last_seq <= :seq ORDER BY last_seq DESC LIMIT 1"
        )
        with self.database.read() as conn:
            row = conn.execute(query, {"seq": seq}).first()
        return Head(row.last_seq, row.link.hex(), row.recorded_at) if row else self._start

    def recorded_seq(self, known_at: int) -> int:
        """The last sequence that was recorded at or before the moment `known_at` (microseconds UTC); 0: none."""
        query = text("SELECT max(last_seq) FROM batch WHERE recorded_at <= :at")
        with self.database.read() as conn:
            return int(conn.execute(query, {"at": known_at}).scalar() or 0)

    def facts(
        self, after: int = 0, upto: int | None = None, *, domain: str | None = None, type: str | None = None
    ) -> Iterator[Fact]:
        """The facts as they were recorded, in order, from the one behind sequence `after` up to and with
        `upto`. Private fields are among the fields as long as they are not erased. For small reads."""
        last = self.head().seq if upto is None else upto
        given = {name: value for name, value in (("domain", domain), ("type", type)) if value is not None}
        where = "".join(f" AND {name} = :{name}" for name in given)
        columns = "seq, domain, type, grid, subject, actor, occurred_at, recorded_at, body"
        query = text(f"SELECT {columns} FROM fact WHERE seq > :after AND seq <= :last{where} ORDER BY seq LIMIT {PAGE}")
        while after < last:
            with self.database.read() as conn:  # page by page: nobody holds a connection between them
                rows = conn.execute(query, {"after": after, "last": last} | given).fetchall()
                opened = _private(conn, rows[0].seq, rows[-1].seq) if rows else {}
            for row in rows:
                fields = fields_of(row.body) | opened.get(row.seq, {})
                yield fact_of(row, fields)
            if len(rows) < PAGE:
                return
            after = rows[-1].seq


def _private(conn: Connection, first: int, last: int) -> dict[int, dict[str, Any]]:
    query = text("SELECT seq, field, value FROM private WHERE seq BETWEEN :a AND :b AND value IS NOT NULL")
    found: dict[int, dict[str, Any]] = {}
    for row in conn.execute(query, {"a": first, "b": last}):
        found.setdefault(row.seq, {})[row.field] = json.loads(row.value)
    return found


def genesis(meta: dict[str, str]) -> bytes:
    """Where the chain begins: a hash over what the ledger says of itself."""
    return sha256(canonical({name: meta.get(name, "") for name in ("format", "ledger", "zone")}).encode()).digest()


def open_ledger(
    url: str,
    *,
    zone: str = "Asia/Shanghai",
    create: bool = True,
    clock: Callable[[], int] = now,
    ids: Callable[[], str] = lambda: uuid.uuid4().hex,
    salt: Callable[[], bytes] = lambda: secrets.token_bytes(16),
) -> Ledger:
    """Open the ledger at `url`: `sqlite:///path`, `postgresql://...`, or `sqlite://` for one that is gone when closed.

    `zone` is written into a new ledger; one that exists keeps its own. Raises WD501 when the database cannot
    be opened, WD502 when there is no ledger and `create` is false, WD503 when it is newer than this code,
    WD504 for another kind of database, WD505 for an unknown zone.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise WudingError("WD505", zone=zone) from error
    database = Database(url)
    try:
        database.migrate(create)
        with database.read() as conn:
            made = conn.execute(text("SELECT value FROM meta WHERE name = 'ledger'")).first()
        if not made:
            with database.write() as conn:
                if not database.path:
                    conn.execute(text("LOCK TABLE meta"))
                if not conn.execute(text("SELECT value FROM meta WHERE name = 'ledger'")).first():
                    rows = [("ledger", ids()), ("zone", zone), ("format", FORMAT)]
                    database.insert(conn, "meta", ("name", "value"), rows)
        return Ledger(database, clock, salt)
    except BaseException:
        database.close()
        raise
