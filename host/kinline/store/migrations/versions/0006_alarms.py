"""Alarms that the telephones raise"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=100), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["handset_id"], ["handset.id"], name=op.f("fk_alarm_handset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    standing = sa.text("cleared_at IS NULL")
    op.create_index("ix_alarm_standing", "alarm", ["handset_id"], sqlite_where=standing, postgresql_where=standing)


def downgrade() -> None:
    op.drop_index("ix_alarm_standing", table_name="alarm")
    op.drop_table("alarm")
