"""Lists under review, restrictions of places, counsel, messages"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_STANDING = sa.text("lifted_at IS NULL")
_WAITING = sa.text("delivered_at IS NULL")


def upgrade() -> None:
    _places()
    _inmates()
    _restrictions()
    _lists()
    _counsel()
    _messages()


def _places() -> None:
    for table in ("facility", "unit", "handset"):
        if table != "unit":
            op.add_column(table, sa.Column("windows", sa.JSON(), nullable=True))
        op.add_column(table, sa.Column("call_seconds", sa.Integer(), nullable=True))
        if table != "facility":
            op.add_column(table, sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("facility", sa.Column("local_prefixes", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("handset", sa.Column("pin_mode", sa.String(10), nullable=True))
    op.create_table(
        "named_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("number_class", sa.String(20), nullable=False),
        sa.Column("dial", sa.String(4), nullable=True),
        sa.Column("without_pin", sa.Boolean(), nullable=False),
        sa.Column("any_time", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_named_line_facility_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_named_line")),
        sa.UniqueConstraint("facility_id", "number", name=op.f("uq_named_line_facility_id_number")),
        sa.UniqueConstraint("facility_id", "dial", name=op.f("uq_named_line_facility_id_dial")),
    )
    op.add_column("called_party", sa.Column("line", sa.String(10), nullable=True))


def _inmates() -> None:
    for column in (
        sa.Column("arrested_at", _MOMENT, nullable=True),
        sa.Column("custodial_parent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("call_seconds", sa.Integer(), nullable=True),
        sa.Column("recorded", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("pin_misses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lock_level", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("locked_until", _MOMENT, nullable=True),
        sa.Column("misses_forgiven", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("forgiven_since", _MOMENT, nullable=True),
    ):
        op.add_column("inmate", column)
    op.create_table(
        "pin_miss",
        sa.Column("handset_id", sa.Integer(), nullable=False),
        sa.Column("inmate_id", sa.Integer(), nullable=False),
        sa.Column("pin_misses", sa.Integer(), nullable=False),
        sa.Column("lock_level", sa.Integer(), nullable=False),
        sa.Column("locked_until", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["handset_id"], ["handset.id"], name=op.f("fk_pin_miss_handset_id")),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_pin_miss_inmate_id")),
        sa.PrimaryKeyConstraint("handset_id", "inmate_id", name=op.f("pk_pin_miss")),
    )


def _restrictions() -> None:
    """An inmate's restrictions become anybody's and any place's; a suspended facility becomes one of them."""
    old = sa.table("restriction", *(sa.column(n) for n in ("id", "inmate_id", "starts_at", "ends_at", "reason")))
    people = sa.table("inmate", sa.column("id"), sa.column("facility_id"))
    # Naive in SQLite and aware in PostgreSQL, as the rows that follow are: read and written without a type.
    kept = sa.select(old, people.c.facility_id).join(people, people.c.id == old.c.inmate_id).order_by(old.c.id)
    rows = [dict(row) for row in op.get_bind().execute(kept).mappings()]
    op.drop_table("restriction")
    op.create_table(
        "restriction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("handset_id", sa.Integer(), nullable=True),
        sa.Column("inmate_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=True),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("placed_by", sa.String(100), nullable=False),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(100), nullable=True),
        sa.Column("lift_reason", sa.String(400), nullable=True),
        sa.CheckConstraint(
            "(CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN handset_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN inmate_id IS NULL THEN 0 ELSE 1 END) <= 1",
            name=op.f("ck_restriction_one_subject"),
        ),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_restriction_facility_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_restriction_unit_id")),
        sa.ForeignKeyConstraint(["handset_id"], ["handset.id"], name=op.f("fk_restriction_handset_id")),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_restriction_inmate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restriction")),
    )
    op.create_index(op.f("ix_restriction_inmate_id"), "restriction", ["inmate_id"], unique=False)
    op.create_index("ix_restriction_standing", "restriction", ["facility_id"], sqlite_where=_STANDING, postgresql_where=_STANDING)
    new = sa.table(
        "restriction",
        *(sa.column(n) for n in ("facility_id", "inmate_id", "kind", "starts_at", "ends_at", "reason", "placed_at", "placed_by")),
    )
    now = sa.func.current_timestamp()
    for row in rows:
        del row["id"]
        op.execute(new.insert().values(**row, kind="sanction", placed_at=now, placed_by="system"))
    facilities = sa.table("facility", sa.column("id"), sa.column("suspended", sa.Boolean()))
    for (facility,) in op.get_bind().execute(sa.select(facilities.c.id).where(facilities.c.suspended)).all():
        values = {"facility_id": facility, "kind": "lockdown", "reason": "", "placed_at": now, "placed_by": "system"}
        op.execute(new.insert().values(**values))
    op.drop_column("facility", "suspended")
    op.create_table(
        "determination",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("restriction_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(400), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("entered_by", sa.String(100), nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["restriction_id"], ["restriction.id"], name=op.f("fk_determination_restriction_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_determination")),
    )
    op.create_index(op.f("ix_determination_restriction_id"), "determination", ["restriction_id"], unique=False)


def _lists() -> None:
    with op.batch_alter_table("contact") as contact:
        contact.add_column(sa.Column("call_seconds", sa.Integer(), nullable=True))
        contact.add_column(sa.Column("dial", sa.String(4), nullable=True))
        contact.add_column(sa.Column("requested_at", _MOMENT, nullable=True))
        contact.add_column(sa.Column("decided_at", _MOMENT, nullable=True))
        contact.add_column(sa.Column("decided_by", sa.String(100), nullable=True))
        contact.add_column(sa.Column("reason", sa.String(400), nullable=False, server_default=""))
        contact.create_unique_constraint("uq_contact_inmate_id_dial", ["inmate_id", "dial"])
        contact.create_index("ix_contact_number", ["number"], unique=False)
    op.create_table(
        "list_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inmate_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("deed", sa.String(20), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_list_event_inmate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_event")),
    )
    op.create_index(op.f("ix_list_event_inmate_id"), "list_event", ["inmate_id"], unique=False)
    op.create_table(
        "barred_number",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=True),
        sa.Column("inmate_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("placed_by", sa.String(100), nullable=False),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(100), nullable=True),
        sa.Column("lift_reason", sa.String(400), nullable=True),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_barred_number_facility_id")),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_barred_number_inmate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_barred_number")),
    )
    op.create_index(op.f("ix_barred_number_number"), "barred_number", ["number"], unique=False)
    op.create_table(
        "blocked_prefix",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("facility_id", sa.Integer(), nullable=True),
        sa.Column("third_party", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(400), nullable=False),
        sa.Column("placed_at", _MOMENT, nullable=False),
        sa.Column("placed_by", sa.String(100), nullable=False),
        sa.Column("lifted_at", _MOMENT, nullable=True),
        sa.Column("lifted_by", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_blocked_prefix_facility_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocked_prefix")),
    )


def _counsel() -> None:
    op.create_table(
        "arrangement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inmate_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("attorney", sa.String(200), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("entered_by", sa.String(100), nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=True),
        sa.Column("withdrawn_because", sa.String(400), nullable=True),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_arrangement_inmate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrangement")),
    )
    op.create_index(op.f("ix_arrangement_inmate_id"), "arrangement", ["inmate_id"], unique=False)


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inmate_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("entered_by", sa.String(100), nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("delivered_at", _MOMENT, nullable=True),
        sa.Column("handset_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        sa.Column("withdrawn_by", sa.String(100), nullable=True),
        sa.ForeignKeyConstraint(["inmate_id"], ["inmate.id"], name=op.f("fk_message_inmate_id")),
        sa.ForeignKeyConstraint(["handset_id"], ["handset.id"], name=op.f("fk_message_handset_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index("ix_message_waiting", "message", ["inmate_id"], sqlite_where=_WAITING, postgresql_where=_WAITING)


def downgrade() -> None:
    raise NotImplementedError("it would lose reviews, determinations and messages; restore a backup instead")
