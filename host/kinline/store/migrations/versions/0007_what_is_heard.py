"""What is heard on a call's line: signs, and what text telephones typed"""

import sqlalchemy as sa
from alembic import op

import kinline.store.tables.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_sign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("sign", sa.String(length=20), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("at", kinline.store.tables.base.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_sign_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_sign")),
    )
    op.create_index("ix_call_sign_call_id", "call_sign", ["call_id"], unique=False)
    op.create_table(
        "call_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("at", kinline.store.tables.base.Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_text_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_text")),
    )
    op.create_index("ix_call_text_call_id", "call_text", ["call_id"], unique=False)


def downgrade() -> None:
    op.drop_table("call_text")
    op.drop_table("call_sign")
