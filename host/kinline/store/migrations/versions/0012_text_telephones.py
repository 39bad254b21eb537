"""Who uses a text telephone, and where one stands"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("inmate", "handset"):
        op.add_column(table, sa.Column("text_telephone", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for table in ("handset", "inmate"):
        op.drop_column(table, "text_telephone")
