"""Alembic, run from the package itself: no alembic.ini on disk."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def config() -> Config:
    """Alembic's configuration for this package; `alembic` itself can be run with it."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def known() -> frozenset[str]:
    """The revisions that this code knows."""
    return frozenset(one.revision for one in ScriptDirectory.from_config(config()).walk_revisions())


def upgrade(conn: Connection) -> None:
    """Bring the database up to the newest revision, inside the transaction of `conn`."""
    made = config()
    made.attributes["connection"] = conn
    command.upgrade(made, "head")
