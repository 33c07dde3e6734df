"""A PostgreSQL to test with: the one that WUDING_TEST_POSTGRESQL names, else the local one, each test in a schema of
its own. Elsewhere these tests are skipped with the reason; on CI (`CI=true`) that is a failure.

No property is timed: a busy machine must not make it fail. On CI the same cases are drawn each time, so that a change
is judged by itself; everywhere else they are drawn anew."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

settings.register_profile(
    "wuding", deadline=None, derandomize=os.environ.get("CI") == "true", suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("wuding")

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
