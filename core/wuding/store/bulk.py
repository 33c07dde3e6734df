"""Appending very many facts: bytes and hashes a block at a time, written without a step in Python for each row.

On SQLite the blocks go through ADBC into a file of their own, which one statement then copies into the ledger, inside
an ordinary transaction: it is there whole or not at all, other writers wait for the copying alone, and ADBC never
opens the ledger (`gate`). On PostgreSQL they are streamed by COPY in the transaction itself. While one block is being
written, the next is being made.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl
from sqlalchemy import Connection

from wuding.store.blocks import Block, FactColumns, Part, blocks
from wuding.store.database import Database

if TYPE_CHECKING:
    from wuding.domain.fact import Fact
    from wuding.store.canonical import NewFact
    from wuding.store.ledger import Ledger, Receipt
    from wuding.store.watch import Watch

LARGE = 5_000  # facts from which on it is worth its beginning
LEFT = 86_400  # seconds after which a file that a killed process left behind is nobody's any more
FACT = "seq, batch, domain, type, grid, subject, actor, occurred_at, recorded_at, body, hash"
COPIED = f"""
INSERT INTO main.fact ({FACT})
SELECT ? + rowid, ?, domain, type, grid, subject, actor, at, ?, CAST(body AS BLOB), hash
FROM staged.block ORDER BY rowid
"""


class Written:
    """What a batch must know of the blocks that were written."""

    def __init__(self) -> None:
        self.count = 0
        self.private: list[tuple[int, str, bytes, str]] = []
        self.core: list[Fact] = []
        self._root = sha256()

    def add(self, block: Block) -> Block:
        self.count += block.frame.height
        self.private += block.private
        self.core += block.core
        self._root.update(b"".join(block.frame["hash"].to_list()))
        return block

    def root(self) -> bytes:
        return self._root.digest()


def append_parts(ledger: Ledger, parts: Sequence[Part]) -> Receipt:
    """See `Ledger.append_parts`."""
    if sum(map(len, parts)) < LARGE:
        return ledger.append(rows_of(parts))
    watches = ledger.watches()
    ready = ahead(blocks(parts, ledger.salt))
    return (_staged if ledger.database.path else _streamed)(ledger, ready, watches)


def rows_of(parts: Sequence[Part]) -> list[NewFact]:
    """All facts of the parts, one by one."""
    return [fact for part in parts for fact in (part.facts() if isinstance(part, FactColumns) else part)]


def ahead(items: Iterable[Block]) -> Iterator[Block]:
    """The same items, the next of which is made while one is in use."""
    with ThreadPoolExecutor(1) as pool:
        source = iter(items)
        following = pool.submit(next, source, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, source, None)
            yield item


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────
def _staged(ledger: Ledger, ready: Iterator[Block], watches: Sequence[Watch]) -> Receipt:
    from wuding.store.ledger import Receipt

    assert ledger.database.path is not None
    written = Written()
    with _stage(ledger.database.path) as file:
        _fill(file, (written.add(block).frame for block in ready))
        with ledger.database.write(file) as conn:
            number, last = ledger.locked(conn)
            recorded = max(ledger.clock(), last.recorded_at)
            cursor = conn.connection.cursor()
            cursor.execute(COPIED, (last.seq, number + 1, recorded))
            cursor.close()
            link = ledger.close_batch(
                conn, number + 1, last, written.count, recorded, written.root(), written.private, written.core, watches
            )
    return Receipt(last.seq + 1, last.seq + written.count, recorded, link.hex())


@contextmanager
def _stage(ledger: Path) -> Iterator[Path]:
    """The name of a file beside the ledger's, which is gone afterwards; so are those that others left behind."""
    for old in ledger.parent.glob(f"{ledger.name}.staged-*"):
        with suppress(OSError):
            if old.stat().st_mtime < time.time() - LEFT:
                old.unlink()
    file = ledger.with_name(f"{ledger.name}.staged-{uuid4().hex}")
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def _fill(file: Path, frames: Iterable[pl.DataFrame]) -> None:
    from adbc_driver_sqlite import dbapi

    with dbapi.connect(str(file), autocommit=True) as connection, connection.cursor() as cursor:
        # Nobody will ever ask for what is left of this file after a crash.
        for setting in ("page_size = 32768", "journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
            cursor.execute(f"PRAGMA {setting}")
            cursor.fetchall()
        for frame in frames:
            cursor.adbc_ingest("block", frame.to_arrow(), mode="create_append")


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────
def _streamed(ledger: Ledger, ready: Iterator[Block], watches: Sequence[Watch]) -> Receipt:
    from wuding.store.ledger import Receipt

    written = Written()
    with ledger.database.write() as conn:
        number, last = ledger.locked(conn)
        recorded = max(ledger.clock(), last.recorded_at)
        _copy(ledger.database, conn, (written.add(block) for block in ready), last.seq, number + 1, recorded)
        link = ledger.close_batch(
            conn, number + 1, last, written.count, recorded, written.root(), written.private, written.core, watches
        )
    return Receipt(last.seq + 1, last.seq + written.count, recorded, link.hex())


def _copy(database: Database, conn: Connection, ready: Iterator[Block], last: int, batch: int, recorded: int) -> None:
    driver: Any = conn.connection.driver_connection
    if driver.info.encoding != "utf-8":
        for block in ready:
            rows = block.frame.with_columns(
                pl.int_range(last + 1 + block.place, last + 1 + block.place + pl.len()).alias("seq"),
                pl.lit(batch).alias("batch"), pl.lit(recorded).alias("recorded_at"), pl.col("body").cast(pl.Binary),
            ).rename({"at": "occurred_at"})  # fmt: skip
            names = FACT.split(", ")
            database.insert(conn, "fact", names, rows.select(names).iter_rows())
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY fact ({FACT}) FROM STDIN") as copy:
        for block in ready:
            copy.write(lines(block, last, batch, recorded))


def lines(block: Block, last: int, batch: int, recorded: int) -> bytes:
    """The block as the text format of COPY has it, behind sequence `last`."""
    first = last + 1 + block.place
    body = pl.col("body")
    # Plain text is the shorter form of bytes; what has a backslash or is not ASCII is said in hexadecimal digits.
    hexed = "\\\\x" + body.cast(pl.Binary).bin.encode("hex")
    odd = body.str.contains(r"[^\x20-\x5b\x5d-\x7e]")
    said = block.frame.select(
        pl.concat_str(
            pl.int_range(first, first + pl.len()).cast(pl.String),
            pl.lit(str(batch)),
            *(_cell(name) for name in ("domain", "type", "grid", "subject", "actor")),
            pl.col("at").cast(pl.String),
            pl.lit(str(recorded)),
            pl.when(odd).then(hexed).otherwise(body),
            "\\\\x" + pl.col("hash").bin.encode("hex") + "\n",
            separator="\t",
        ).str.join("")
    )
    return str(said.item()).encode()


def _cell(name: str) -> pl.Expr:
    signs = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return pl.col(name).str.replace_many(list(signs), list(signs.values())).fill_null("\\N")
