"""What a check needs to go on from the last one; the findings as they stand; notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = ("book", "rule", "variant", "section", "status", "holder_kind", "step", "period", "case", "needed", "missing")
MAYBE = ("holder", "grid", "subject", "actor", "band", "detail")
NUMBERS = ("start", "end", "at", "due", "low", "high", "value_low", "value_high")


def upgrade() -> None:
    op.add_column("check", sa.Column("basis", sa.Text(), nullable=True))
    op.create_table(
        "live",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("known_seq", sa.BigInteger(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "standing",
        sa.Column("edition", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        *[sa.Column(name, sa.Text(), nullable=False) for name in TEXTS],
        *[sa.Column(name, sa.Text(), nullable=True) for name in MAYBE],
        *[sa.Column(name, sa.BigInteger(), nullable=True) for name in NUMBERS],
        *[sa.Column(name, sa.Integer(), nullable=True) for name in ("home", "rank", "days")],
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "id"),
    )
    op.create_index("ix_standing_version", "standing", ["version"])
    op.create_table(
        "notice",
        sa.Column("n", BIG, nullable=False, autoincrement=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("acked", sa.Text(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=True),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_notice_finding", "notice", ["finding"])
    op.create_index("ix_notice_done", "notice", ["done"])


def downgrade() -> None:
    for name in ("notice", "standing", "live"):
        op.drop_table(name)
    with op.batch_alter_table("check") as check:
        check.drop_column("basis")
