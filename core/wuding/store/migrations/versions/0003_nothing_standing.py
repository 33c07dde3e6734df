"""No table of the findings as they stand: whoever answers keeps them in memory, and `live` says how far they go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_standing_version", table_name="standing")
    op.drop_table("standing")


def downgrade() -> None:
    """An empty table: nothing was ever written to it but its key."""
    op.create_table(
        "standing",
        sa.Column("edition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "id"),
    )
    op.create_index("ix_standing_version", "standing", ["version"])
