"""Money: credit limits, closing, prices by the day, payments from kiosks"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_WRITTEN_ONCE = ("kiosk_payment", "account_note")


def _sqlite_guards() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{deed} BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in _WRITTEN_ONCE
        for deed in ("update", "delete")
    ]


def _postgresql_guards() -> list[str]:
    return [
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in _WRITTEN_ONCE
    ]


_GUARDS = {"sqlite": _sqlite_guards, "postgresql": _postgresql_guards}


def upgrade() -> None:
    # Added in place: rebuilding a table, as SQLite's batch mode does, would drop its append-only triggers.
    op.add_column("account", sa.Column("credit_limit_micros", sa.BigInteger(), nullable=True))
    op.add_column("account", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ledger_entry", sa.Column("reference", sa.String(length=80), nullable=True))
    op.create_index("ix_ledger_entry_call_id", "ledger_entry", ["call_id"], unique=False)
    op.create_index("ix_hold_account", "hold", ["account"], unique=False)
    op.add_column("call", sa.Column("rate_source", sa.String(length=300), nullable=True))
    op.add_column("call", sa.Column("credits_faults", sa.Boolean(), nullable=False, server_default=sa.false()))
    # A receivable with a credit limit says the same, and how much.
    op.drop_column("called_party", "direct_bill")
    op.create_table(
        "rate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("number_class", sa.String(length=20), nullable=True),
        sa.Column("micros_per_minute", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_rate_facility_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate")),
    )
    op.create_index(op.f("ix_rate_facility_id"), "rate", ["facility_id"], unique=False)
    op.create_table(
        "kiosk_payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("inmate", sa.String(length=20), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["ledger_entry.id"], name=op.f("fk_kiosk_payment_entry_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_kiosk_payment_facility_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kiosk_payment")),
        sa.UniqueConstraint("facility_id", "source", "key", name=op.f("uq_kiosk_payment_facility_id_source_key")),
    )
    op.create_table(
        "account_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_account_note_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_note")),
    )
    op.create_index("ix_account_note_account", "account_note", ["account"], unique=False)
    for statement in _GUARDS[op.get_bind().dialect.name]():
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("money was moved on these tables; restore a backup instead")
