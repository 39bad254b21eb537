"""The tables. Money is integer micro-dollars, moments are UTC, numbers are E.164."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    TypeDecorator,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, relationship

from kinline.store.errors import StoreError


class Utc(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite has no zones, so there the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone is never stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Utc, bytes: LargeBinary, dict[str, Any]: JSON, list[list[str]]: JSON}


class FacilityRow(Base):
    __tablename__ = "facility"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(60))
    profile: Mapped[str] = mapped_column(String(60))
    pin_mode: Mapped[str] = mapped_column(String(10))
    suspended: Mapped[bool] = mapped_column(default=False)
    recorded: Mapped[bool] = mapped_column(default=True)
    caller_id: Mapped[str | None] = mapped_column(String(20))


class UnitRow(Base):
    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("facility_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    name: Mapped[str] = mapped_column(String(60))
    windows: Mapped[list[list[str]] | None]


class HandsetRow(Base):
    __tablename__ = "handset"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(String(60), unique=True)
    psk: Mapped[bytes]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    label: Mapped[str] = mapped_column(String(100), default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    pin_misses: Mapped[int] = mapped_column(default=0)
    lock_level: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    facility: Mapped[FacilityRow] = relationship()
    unit: Mapped[UnitRow | None] = relationship()


class InmateRow(Base):
    __tablename__ = "inmate"
    # The index is filled only in PIN-only facilities, where two inmates must not share a PIN.
    __table_args__ = (UniqueConstraint("facility_id", "number"), UniqueConstraint("facility_id", "pin_index"))

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    number: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    name_prompt: Mapped[str | None] = mapped_column(String(400))
    language: Mapped[str] = mapped_column(String(5), default="en")
    status: Mapped[str] = mapped_column(String(20), default="active")
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    pin_index: Mapped[str | None] = mapped_column(String(64))

    facility: Mapped[FacilityRow] = relationship()
    unit: Mapped[UnitRow | None] = relationship()
    contacts: Mapped[list["ContactRow"]] = relationship(order_by="ContactRow.id")
    restrictions: Mapped[list["RestrictionRow"]] = relationship(order_by="RestrictionRow.id")


class RestrictionRow(Base):
    __tablename__ = "restriction"

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"), index=True)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(400), default="")


class ContactRow(Base):
    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("inmate_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"))
    number: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(100), default="")
    status: Mapped[str] = mapped_column(String(20))
    number_class: Mapped[str] = mapped_column(String(20))
    line: Mapped[str | None] = mapped_column(String(10))
    recorded: Mapped[bool] = mapped_column(default=True)


class CalledPartyRow(Base):
    __tablename__ = "called_party"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    direct_bill: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None] = mapped_column(String(5))


class BlockRow(Base):
    """A block on a number: by the called party (their own) or by staff; `facility_id` absent means everywhere."""

    __tablename__ = "block"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(ForeignKey("called_party.number"), index=True)
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    by: Mapped[str] = mapped_column(String(20))
    placed_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(400), default="")


class AccountRow(Base):
    """A balance, kept beside its postings in the same transaction."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("balance_micros >= 0 OR kind IN ('receivable', 'cash')", name="never_negative"),)

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    balance_micros: Mapped[int] = mapped_column(BigInteger)


class EntryRow(Base):
    __tablename__ = "ledger_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    at: Mapped[datetime]

    postings: Mapped[list["PostingRow"]] = relationship(order_by="PostingRow.id")


class PostingRow(Base):
    __tablename__ = "posting"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), index=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    amount_micros: Mapped[int] = mapped_column(BigInteger)


class HoldRow(Base):
    __tablename__ = "hold"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"))
    amount_micros: Mapped[int] = mapped_column(BigInteger)
    settled_at: Mapped[datetime | None]


_OPEN = text("ended_at IS NULL")


class CallRow(Base):
    """The call detail record: inserted at the attempt, closed once."""

    __tablename__ = "call"
    __table_args__ = (
        # One inmate, one call, and one handset, one call, whichever host asks.
        Index("uq_call_open_inmate", "inmate_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_call_open_handset", "handset_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_call_inmate_id_started_at", "inmate_id", "started_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    handset_id: Mapped[int] = mapped_column(ForeignKey("handset.id"))
    inmate_id: Mapped[int | None] = mapped_column(ForeignKey("inmate.id"))
    number: Mapped[str] = mapped_column(String(40))
    profile: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(30))
    ended_by: Mapped[str | None] = mapped_column(String(30))
    deny_rule: Mapped[str | None] = mapped_column(String(40))
    billing: Mapped[str | None] = mapped_column(String(20))
    rate_micros_per_minute: Mapped[int] = mapped_column(BigInteger, default=0)
    limit_seconds: Mapped[int] = mapped_column(default=0)
    limited_by: Mapped[str | None] = mapped_column(String(30))
    recorded: Mapped[bool] = mapped_column(default=False)
    monitored: Mapped[bool] = mapped_column(default=False)
    caller_id: Mapped[str | None] = mapped_column(String(20))
    talk_checkpoint_seconds: Mapped[int] = mapped_column(default=0)
    talk_seconds: Mapped[int] = mapped_column(default=0)
    charged_micros: Mapped[int] = mapped_column(BigInteger, default=0)
    recording: Mapped[str | None] = mapped_column(String(400))
    cause: Mapped[str | None] = mapped_column(String(200))

    handset: Mapped[HandsetRow] = relationship()
    inmate: Mapped[InmateRow | None] = relationship()


class AuditRow(Base):
    """What staff did. Each row's hash covers the row and the hash before it; triggers refuse change and removal."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


def _check_lengths(_mapper: Mapper[Any], _connection: Connection, row: Base) -> None:
    """SQLite would take a text of any length, and PostgreSQL refuse it without saying which."""
    for column in row.__table__.columns:
        value = getattr(row, column.key)
        if isinstance(column.type, String) and column.type.length and value is not None and len(value) > column.type.length:
            place = f"{row.__tablename__}.{column.key}"
            raise StoreError(f"{place} takes at most {column.type.length} characters, not {len(value)}; shorten it")


for _moment in ("before_insert", "before_update"):
    event.listen(Base, _moment, _check_lengths, propagate=True)
