"""The tables. Days are days since 1970-01-01; instants are microseconds since 1970-01-01 UTC.

`fact`, `batch` and `private` are the record; `grid`, `subject`, `post` and `book` are projections of it,
which can be made anew at any time; `check` and `finding` keep what was concluded. In the projections of
grids, subjects and posts, `start` None means always and `end` (exclusive) None means still; a row that is
`closed` says that nothing is valid from `start` on.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Text, text
from sqlmodel import Field, SQLModel

REVISION = "0003"  # the newest revision in migrations/versions; a test holds the two together
VERSION_TABLE = "wuding_version"

BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite gives the row's own id to INTEGER alone


class Record(SQLModel):
    """What all tables share: a set of tables of their own, apart from those of an embedding application."""

    metadata = MetaData()


class Meta(Record, table=True):
    """Facts about the ledger itself: `ledger` (its id), `zone`, `format`."""

    __tablename__ = "meta"
    name: str = Field(sa_type=Text, primary_key=True)
    value: str = Field(sa_type=Text)


class BatchRow(Record, table=True):
    """Facts that were appended together. `root` is over the hashes of the facts, `link` over `prev`, the
    first sequence, the count, `recorded_at` and `root`."""

    __tablename__ = "batch"
    id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    first_seq: int = Field(sa_type=BigInteger)
    last_seq: int = Field(sa_column=Column(BigInteger, nullable=False, unique=True))
    recorded_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    root: bytes = Field(sa_type=LargeBinary)
    prev: bytes = Field(sa_type=LargeBinary)
    link: bytes = Field(sa_type=LargeBinary)


class FactRow(Record, table=True):
    """One fact. `body` is its canonical JSON (RFC 8785), all that the chain covers; the columns repeat it."""

    __tablename__ = "fact"
    __table_args__ = (
        Index(
            "fact_core", "type", "seq", sqlite_where=text("domain = 'core'"), postgresql_where=text("domain = 'core'")
        ),
    )
    seq: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    batch: int = Field(sa_type=BigInteger)
    domain: str = Field(sa_type=Text)
    type: str = Field(sa_type=Text)
    grid: str | None = Field(default=None, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    actor: str | None = Field(default=None, sa_type=Text)
    occurred_at: int = Field(sa_type=BigInteger)
    recorded_at: int = Field(sa_type=BigInteger)
    body: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)


class PrivateRow(Record, table=True):
    """A private field of a fact: the body holds its commitment alone. Erased: no salt and no value."""

    __tablename__ = "private"
    seq: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    field: str = Field(sa_type=Text, primary_key=True)
    salt: bytes | None = Field(default=None, sa_type=LargeBinary)
    value: str | None = Field(default=None, sa_type=Text)


class GridRow(Record, table=True):
    __tablename__ = "grid"
    code: str = Field(sa_type=Text, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    name: str = Field(sa_type=Text)
    parent: str | None = Field(default=None, sa_type=Text)
    level: str = Field(sa_type=Text)
    kinds: str = Field(sa_type=Text)  # JSON list
    start: int | None = Field(default=None, sa_type=Integer)
    end: int | None = Field(default=None, sa_type=Integer)
    closed: bool = False


class SubjectRow(Record, table=True):
    __tablename__ = "subject"
    id: str = Field(sa_type=Text, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    type: str = Field(sa_type=Text)
    grid: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    fields: str = Field(sa_type=Text)  # JSON object
    start: int | None = Field(default=None, sa_type=Integer)
    end: int | None = Field(default=None, sa_type=Integer)
    closed: bool = False


class PostRow(Record, table=True):
    __tablename__ = "post"
    id: str = Field(sa_type=Text, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    person: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    grid: str = Field(sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    capacity: str = Field(sa_type=Text)
    start: int | None = Field(default=None, sa_type=Integer)
    end: int | None = Field(default=None, sa_type=Integer)
    closed: bool = False


class BookRow(Record, table=True):
    """A book put into force from day `start` (None: always); the text as it was then."""

    __tablename__ = "book"
    id: str = Field(sa_type=Text, primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    text: str = Field(sa_type=Text)
    digest: str = Field(sa_type=Text)
    start: int | None = Field(default=None, sa_type=Integer)


class CheckRow(Record, table=True):
    """One check: what was asked, as of when, knowing what. `ended` is null until all its findings are there."""

    __tablename__ = "check"
    id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    as_of: int = Field(sa_type=BigInteger)
    known_seq: int = Field(sa_type=BigInteger)
    since: int | None = Field(default=None, sa_type=Integer)
    books: str = Field(sa_type=Text)  # JSON: book: digest
    link: str = Field(sa_type=Text)  # of the ledger's chain at `known_seq`'s batch, hex
    started: int = Field(sa_type=BigInteger)
    ended: int | None = Field(default=None, sa_type=BigInteger)
    basis: str | None = Field(default=None, sa_type=Text)  # JSON: what a later check needs to go on from this one


class Concluded(Record):
    """A finding, flat (domain/finding.Finding). Values are scaled by 10^6, `missing` and `detail` are JSON."""

    book: str = Field(sa_type=Text)
    rule: str = Field(sa_type=Text)
    variant: str = Field(sa_type=Text)
    section: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    holder_kind: str = Field(sa_type=Text)
    holder: str | None = Field(default=None, sa_type=Text)
    step: str = Field(sa_type=Text)
    trial: bool
    grid: str | None = Field(default=None, sa_type=Text)
    subject: str | None = Field(default=None, sa_type=Text)
    actor: str | None = Field(default=None, sa_type=Text)
    period: str = Field(sa_type=Text)
    case: str = Field(sa_type=Text)
    episode: int = Field(sa_type=Integer)
    start: int | None = Field(default=None, sa_type=BigInteger)
    end: int | None = Field(default=None, sa_type=BigInteger)
    at: int | None = Field(default=None, sa_type=BigInteger)
    due: int | None = Field(default=None, sa_type=BigInteger)
    home: int | None = Field(default=None, sa_type=Integer)
    low: int | None = Field(default=None, sa_type=BigInteger)
    high: int | None = Field(default=None, sa_type=BigInteger)
    needed: str = Field(sa_type=Text)
    value_low: int | None = Field(default=None, sa_type=BigInteger)
    value_high: int | None = Field(default=None, sa_type=BigInteger)
    band: str | None = Field(default=None, sa_type=Text)
    rank: int | None = Field(default=None, sa_type=Integer)
    days: int | None = Field(default=None, sa_type=Integer)
    missing: str = Field(sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)


class FindingRow(Concluded, table=True):
    """A finding of a check; `n` is its place in the check."""

    __tablename__ = "finding"
    check_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    n: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    id: str = Field(sa_type=Text)


class LiveRow(Record, table=True):
    """How far the findings that stand go, in one row: as of when, knowing what, upon what (`basis`, JSON). `version`
    counts the changes; who goes on from a version that is no longer the newest must read what came since."""

    __tablename__ = "live"
    id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    version: int = Field(sa_type=BigInteger)
    as_of: int = Field(sa_type=BigInteger)
    known_seq: int = Field(sa_type=BigInteger)
    basis: str = Field(sa_type=Text)


class NoticeRow(Record, table=True):
    """A notice to be delivered: written together with the finding that it tells of, and never changed but for its
    delivery. `id` is its own for ever: receivers drop repeats by it. `kind`: `notice`, `cancellation`,
    `superseded` (a lower step that was past already when the case opened: never sent). `acked`: JSON, by sink when
    it was taken; `done`: when the last sink had taken it; until `claimed` somebody is delivering it."""

    __tablename__ = "notice"
    n: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    kind: str = Field(sa_type=Text)
    finding: str = Field(sa_column=Column(Text, nullable=False, index=True))
    body: str = Field(sa_type=Text)  # JSON: what is sent
    written_at: int = Field(sa_type=BigInteger)
    acked: str = Field(sa_type=Text)
    done: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True, index=True))
    claimed: int = Field(sa_type=BigInteger)
    tries: int = Field(sa_type=Integer)
    error: str | None = Field(default=None, sa_type=Text)
