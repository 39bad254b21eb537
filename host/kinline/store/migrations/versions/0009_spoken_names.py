"""The caller's name in their own voice, in the database instead of a file that nobody ever named"""

import sqlalchemy as sa
from alembic import op

import kinline.store.tables.base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spoken_name",
        sa.Column("inmate_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sound", sa.LargeBinary(length=64_000), nullable=False),
        sa.Column("recorded_at", kinline.store.tables.base.Utc(timezone=True), nullable=False),
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_spoken_name_inmate_id")),
        sa.ForeignKeyConstraint(["handset_id"], ["handset.id"], name=op.f("fk_spoken_name_handset_id")),
        sa.PrimaryKeyConstraint("inmate_id", name=op.f("pk_spoken_name")),
    )
    op.drop_column("inmate", "name_prompt")


def downgrade() -> None:
    op.add_column("inmate", sa.Column("name_prompt", sa.String(length=400), nullable=True))
    op.drop_table("spoken_name")
