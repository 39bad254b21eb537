"""A member of staff may work in one living unit only"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("unit_id", sa.Integer(), nullable=True))
        staff.create_foreign_key("fk_staff_unit_id", "unit", ["unit_id"], ["id"])


def downgrade() -> None:
    raise NotImplementedError("staff bound to a unit would be let into the whole facility; restore a backup instead")
