"""Ledgers to test with: an SQLite file, and a schema of one's own in a real PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from wuding.store.ledger import Ledger, open_ledger

POSTGRESQL = os.environ.get("WUDING_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of a new, empty schema, which is dropped afterwards."""
    name = f"wuding_{uuid.uuid4().hex}"
    engine = create_engine(POSTGRESQL, isolation_level="AUTOCOMMIT")
    try:
        conn = engine.connect()
    except (DBAPIError, ImportError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL: {str(error).splitlines()[0]}")
    with conn:
        conn.execute(text(f"CREATE SCHEMA {name}"))
        try:
            url = make_url(POSTGRESQL).update_query_dict({"options": f"-csearch_path={name}"})
            yield url.render_as_string(hide_password=False)
        finally:
            conn.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        f"sqlite:///{tmp_path}/ledger.db" if request.param == "sqlite" else str(request.getfixturevalue("postgresql"))
    )


@pytest.fixture
def clock() -> Callable[[], int]:
    """A clock that moves by a second whenever it is asked, from 1970-01-01 00:16:40 UTC."""
    ticks = count(1_000_000_000, 1_000_000)
    return lambda: next(ticks)


@pytest.fixture
def ledger(url: str, clock: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with open_ledger(url, clock=clock) as opened:
        yield opened
