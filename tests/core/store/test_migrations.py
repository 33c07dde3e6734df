"""The revisions make what tables.py says, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from wuding.store.ledger import Ledger
from wuding.store.migrations import config, known
from wuding.store.tables import REVISION, VERSION_TABLE, Record


def test_the_newest_revision_is_the_one_that_is_asked_for() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [REVISION]
    assert REVISION in known()


def test_the_revisions_make_the_tables(ledger: Ledger) -> None:
    with ledger.database.read() as conn:
        context = MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, Record.metadata) == []
        assert set(inspect(conn).get_table_names()) == {*Record.metadata.tables, VERSION_TABLE}


def test_an_older_ledger_is_brought_up_to_date_and_back(ledger: Ledger) -> None:
    def turned(turn: Callable[[Config, str], None], revision: str) -> set[str]:
        made = config()
        with ledger.database.write() as conn:
            made.attributes["connection"] = conn
            turn(made, revision)
        with ledger.database.read() as conn:
            return set(inspect(conn).get_table_names())

    assert {"standing", "live", "notice"} <= turned(command.downgrade, "0002")
    assert not {"standing", "live", "notice"} & turned(command.downgrade, "0001")
    ledger.database.migrate(create=False)
    with ledger.database.read() as conn:
        assert set(inspect(conn).get_table_names()) == {*Record.metadata.tables, VERSION_TABLE}


def imported(program: str) -> set[str]:
    heavy = ("polars", "pyarrow", "alembic", "sqlmodel", "sqlalchemy", "adbc_driver_sqlite", "shapely", "rfc8785")
    told = f"{program}\nimport sys; print(*[name for name in {heavy} if name in sys.modules])"
    return set(subprocess.check_output([sys.executable, "-c", told], text=True).split())


def test_importing_wuding_imports_nothing_heavy() -> None:
    assert imported("import wuding, wuding.store") == set()


def test_an_existing_ledger_opens_without_alembic(ledger: Ledger) -> None:
    url = ledger.database.url.render_as_string(hide_password=False)
    assert "alembic" not in imported(f"from wuding.store.ledger import open_ledger; open_ledger({url!r}).close()")
