"""Ledgers to test with: an SQLite file, and a schema of one's own in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from wuding.store.ledger import Ledger, open_ledger


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
