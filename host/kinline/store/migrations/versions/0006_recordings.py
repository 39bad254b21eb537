"""What a recording was when it was closed"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER recording_no_{deed} BEFORE {deed} ON recording "
        "BEGIN SELECT RAISE(ABORT, 'recording is append-only'); END"
        for deed in ("update", "delete")
    ],
    "postgresql": [
        "CREATE TRIGGER recording_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON recording "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    ],
}


def upgrade() -> None:
    op.create_table(
        "recording",
        sa.Column("call_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("frames", sa.BigInteger(), nullable=False),
        sa.Column("missing_frames", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_recording_call_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_recording")),
    )
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what proves that recordings are whole would be lost; restore a backup instead")
