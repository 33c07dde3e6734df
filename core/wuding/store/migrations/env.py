"""How Alembic runs: on the connection that it is handed, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from wuding.store.tables import VERSION_TABLE, Record

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Record.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
