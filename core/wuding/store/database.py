"""Connections: SQLAlchemy for small things and for every write, ADBC for large reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from weakref import finalize

import polars as pl
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy import text as sql
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from wuding.errors import WudingError
from wuding.store.gate import Gate, gate_of
from wuding.store.tables import REVISION, VERSION_TABLE

BUSY_SECONDS = 60
Schema = Mapping[str, pl.DataType]


class Database:
    """One database. `path` is the SQLite file; a database without a name (`sqlite://`) lives in a folder
    of its own, which goes away with it."""

    def __init__(self, url: str) -> None:
        self.url, self.path = _resolved(url)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        durable = True
        if self.url.get_backend_name() == "sqlite" and self.path is None:
            self._folder = tempfile.TemporaryDirectory(prefix="wuding-")
            self.path = Path(self._folder.name).resolve() / "ledger.db"
            self.url = self.url.set(database=str(self.path))
            durable = False
        self.gate: Gate | None = gate_of(str(self.path)) if self.path else None
        self.engine = _engine(self.url, durable)
        if self.gate:
            self.gate.engines.add(self.engine)
        self._columns = None if self.path else _column_pool(self.url)
        self._closing = finalize(self, _close, self.engine, self._columns, self._folder)

    @property
    def named(self) -> bool:
        return self._folder is None

    @property
    def shown(self) -> str:
        """The URL without its password, for messages."""
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Close every connection; a database without a name is gone."""
        self._closing()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database until it is given back."""
        with self._connect() as conn:
            if not self.path:
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            with conn.begin():
                yield conn

    @contextmanager
    def write(self, attached: Path | None = None) -> Iterator[Connection]:
        """A transaction that is committed at the end, or rolled back when an exception leaves it. `attached`: another
        SQLite file, to be read in it under the name `staged`. Raises WD509 when another writer does not let go for a
        minute."""
        with self._connect() as conn, _attached(conn, attached):
            conn = conn.execution_options(wuding_begin="BEGIN IMMEDIATE")
            try:
                transaction = conn.begin()
            except DBAPIError as error:
                raise WudingError("WD509", url=self.shown, reason=str(error.orig)) from error
            with transaction:
                yield conn

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self.gate.shared() if self.gate else nullcontext():
            try:
                conn = self.engine.connect()
            except DBAPIError as error:
                raise WudingError("WD501", url=self.shown, reason=str(error.orig).strip()) from error
            except ImportError as error:
                raise WudingError("WD501", url=self.shown, reason=str(error)) from error
            with conn:
                yield conn

    def frame(self, query: str, schema: Schema, *, large: bool = False) -> pl.DataFrame:
        """The rows of `query`, with the columns of `schema`. Large reads go through ADBC, unless this thread
        already holds a connection to the same SQLite file."""
        if large and not (self.gate and self.gate.inside):
            found = self._arrow(query, schema)
            if found is not None:
                return found
        with self.read() as conn:
            rows = conn.execute(sql(query)).fetchall()
        return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema), orient="row")

    def _arrow(self, query: str, schema: Schema) -> pl.DataFrame | None:
        if self.path:
            # The driver takes a column's type from its first rows, and fails when those were all null and text
            # follows. So the first row is one of ours that has every type.
            values = {name: "''" if dtype == pl.String else "0" for name, dtype in schema.items()}
            example = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
            query = f"SELECT {example} UNION ALL SELECT * FROM ({query})"
        alone = self.gate.alone() if self.gate else nullcontext()
        with alone, self._adbc() as connection:
            if connection is None:
                return None
            with connection.cursor() as cursor:
                cursor.execute(query)
                found = pl.from_arrow(cursor.fetch_arrow_table())
        assert isinstance(found, pl.DataFrame)
        return (found[1:] if self.path else found).cast(pl.Schema(schema))

    @contextmanager
    def _adbc(self) -> Iterator[Any]:
        """A connection through ADBC; None when that is not to be had here."""
        if self.path:
            from adbc_driver_sqlite import dbapi

            with dbapi.connect(str(self.path)) as connection:
                yield connection
        elif self._columns is None:
            yield None
        else:
            lent = self._columns.connect()
            try:
                yield lent
            except BaseException:
                lent.invalidate()
                raise
            lent.close()

    def insert(self, conn: Connection, table: str, names: Sequence[str], rows: Any) -> None:
        """Insert many rows (an iterable of tuples) in the transaction of `conn`, the fastest way its driver has."""
        columns = ", ".join(f'"{name}"' for name in names)
        cursor = conn.connection.cursor()
        try:
            if self.path:
                marks = ", ".join("?" * len(names))
                cursor.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)
            else:
                with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as copy:
                    for row in rows:
                        copy.write_row(row)
        finally:
            cursor.close()

    def ingest(self, table: str, frame: pl.DataFrame) -> bool:
        """Append many rows in a transaction of their own, through ADBC. False when that is not to be had here."""
        if self.gate and self.gate.inside:
            return False
        with self.gate.alone() if self.gate else nullcontext(), self._adbc() as connection:
            if connection is None:
                return False
            with connection.cursor() as cursor:
                if self.path:
                    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
                cursor.adbc_ingest(table, frame.to_arrow(), mode="append")
            connection.commit()
        return True

    def forget(self) -> None:
        """Let what was overwritten disappear from the write-ahead log too, as far as other readers allow."""
        if self.path:
            with self._connect() as conn:
                conn.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def migrate(self, create: bool) -> None:
        """Bring the tables up to date. Raises WD502 when there is no ledger and none may be made, WD503 when
        the tables are newer than this code."""
        missing = self.path is not None and not self.path.exists()
        if missing and not create:
            raise WudingError("WD502", url=self.shown)
        with self.read() as conn:
            found = _revision(conn)
        if found == REVISION:
            return
        if found is None and not create:
            raise WudingError("WD502", url=self.shown)
        from wuding.store.migrations import known, upgrade

        if found is not None and found not in known():
            raise WudingError("WD503", url=self.shown, revision=found)
        with self.write() as conn:
            if not self.path:
                conn.execute(sql("SELECT pg_advisory_xact_lock(hashtext('wuding'))"))
            if _revision(conn) != REVISION:
                upgrade(conn)


@contextmanager
def _attached(conn: Connection, file: Path | None) -> Iterator[None]:
    if file is None:
        yield
        return
    cursor = conn.connection.cursor()
    cursor.execute("ATTACH DATABASE ? AS staged", (str(file),))
    try:
        yield
    finally:
        cursor.execute("DETACH DATABASE staged")
        cursor.close()


def _revision(conn: Connection) -> str | None:
    if not inspect(conn).has_table(VERSION_TABLE):
        return None
    found = conn.execute(sql(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def _resolved(url: str) -> tuple[URL, Path | None]:
    try:
        found = make_url(url)
        backend = found.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise WudingError("WD504", url=url) from error
    if backend == "postgresql":
        return (found.set(drivername="postgresql+psycopg") if found.drivername == "postgresql" else found), None
    if backend != "sqlite":
        raise WudingError("WD504", url=found.render_as_string(hide_password=True))
    if found.database in (None, "", ":memory:"):
        return found, None
    path = Path(os.path.realpath(str(found.database)))
    return found.set(database=str(path)), path


def _column_pool(url: URL) -> QueuePool | None:
    """Connections to PostgreSQL through ADBC, kept: each learns the server's types when it is opened, which takes
    longer than most queries. None where the driver is not installed."""
    if find_spec("adbc_driver_postgresql") is None:
        return None

    def connect() -> Any:
        from adbc_driver_postgresql import dbapi

        return dbapi.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))

    return QueuePool(connect, pool_size=2, max_overflow=-1)


def _engine(url: URL, durable: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    # SQLite must not begin by itself: a writer takes its lock at the beginning, or two readers that both go
    # on to write would fail.
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        cursor.execute("PRAGMA secure_delete=ON")  # what is erased must not stay readable in the file
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        conn.exec_driver_sql(conn.get_execution_options().get("wuding_begin", "BEGIN"))

    return engine


def _close(engine: Engine, columns: QueuePool | None, folder: tempfile.TemporaryDirectory[str] | None) -> None:
    engine.dispose()
    if columns:
        columns.dispose()
    if folder:
        folder.cleanup()
