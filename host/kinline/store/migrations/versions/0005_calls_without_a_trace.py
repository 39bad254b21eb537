"""A call keeps the class of its number, and need not keep its telephone"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call", sa.Column("number_class", sa.String(length=20), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _handset_may_be_absent()
    else:
        op.alter_column("call", "handset_id", existing_type=sa.Integer(), nullable=True)


def _handset_may_be_absent() -> None:
    """Take NOT NULL away in the schema's text, as https://www.sqlite.org/lang_altertable.html section 7 describes it.

    Rebuilding the table would drop the triggers that guard it, and the rows that refer to it.
    """
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    written = bind.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'call'").scalar_one()
    changed = written.replace("handset_id INTEGER NOT NULL", "handset_id INTEGER")
    if changed == written:
        raise RuntimeError("the call table is not as the first migration made it; restore a backup and upgrade again")
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = 'call'", (changed,))
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def downgrade() -> None:
    raise NotImplementedError("calls were recorded without their telephone; restore a backup instead")
