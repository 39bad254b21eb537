"""Loss, jitter, delay and scores of a call's line, beside its record"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_quality",
        sa.Column("call_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("codec", sa.String(length=10), nullable=False),
        sa.Column("srtp", sa.String(length=40), nullable=True),
        sa.Column("packets", sa.Integer(), nullable=False),
        sa.Column("lost_percent", sa.Double(), nullable=False),
        sa.Column("late_percent", sa.Double(), nullable=False),
        sa.Column("jitter_ms", sa.Double(), nullable=False),
        sa.Column("buffer_ms", sa.Double(), nullable=False),
        sa.Column("round_trip_ms", sa.Double(), nullable=True),
        sa.Column("far_lost_percent", sa.Double(), nullable=True),
        sa.Column("far_jitter_ms", sa.Double(), nullable=True),
        sa.Column("mos_caller", sa.Double(), nullable=False),
        sa.Column("mos_called", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_quality_call_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_quality")),
    )


def downgrade() -> None:
    op.drop_table("call_quality")
