"""Alarms, and events that stay deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("subject", sa.String(length=512), nullable=False),
        sa.Column("input", sa.Text(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("ended", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.create_index("alarm_ended", ["ended"], unique=False)
        batch_op.create_index("alarm_since", ["since"], unique=False)
    op.create_table(
        "deleted_event",
        sa.Column("uid", sa.String(length=512), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("deleted_event")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.drop_index("alarm_since")
        batch_op.drop_index("alarm_ended")
    op.drop_table("alarm")
