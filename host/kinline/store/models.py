"""The tables. Money is integer micro-dollars, moments are UTC, numbers are E.164.

Those of people, places and money are in `kinline.store.tables`; here are call records, staff and the audit log.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base, Utc
from kinline.store.tables.heard import SignRow, TypedRow
from kinline.store.tables.lists import ArrangementRow, BarRow, BlockRow, ContactRow, ListEventRow, PrefixRow
from kinline.store.tables.money import AccountNoteRow, AccountRow, EntryRow, HoldRow, KioskPaymentRow, PostingRow, RateRow
from kinline.store.tables.people import InmateRow, MessageRow, PinMissRow, SpokenNameRow
from kinline.store.tables.places import FacilityRow, HandsetRow, NamedLineRow, UnitRow
from kinline.store.tables.quality import QualityRow
from kinline.store.tables.recordings import RecordingRow
from kinline.store.tables.restrictions import DeterminationRow, RestrictionRow

__all__ = [
    "AccountNoteRow",
    "AccountRow",
    "ArrangementRow",
    "BarRow",
    "Base",
    "BlockRow",
    "ContactRow",
    "DeterminationRow",
    "EntryRow",
    "FacilityRow",
    "HandsetRow",
    "HoldRow",
    "InmateRow",
    "KioskPaymentRow",
    "ListEventRow",
    "MessageRow",
    "NamedLineRow",
    "PinMissRow",
    "PostingRow",
    "PrefixRow",
    "QualityRow",
    "RateRow",
    "RecordingRow",
    "RestrictionRow",
    "SignRow",
    "SpokenNameRow",
    "TypedRow",
    "UnitRow",
    "Utc",
]


class CalledPartyRow(Base):
    __tablename__ = "called_party"

    number: Mapped[str] = mapped_column(String(20), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(5))
    line: Mapped[str | None] = mapped_column(String(10))


_OPEN = text("ended_at IS NULL")


class CallRow(Base):
    """The call detail record: inserted at the attempt, closed once.

    Of an anonymous call it holds neither inmate nor number, and once closed neither telephone nor time of day.
    """

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
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handset.id"))
    inmate_id: Mapped[int | None] = mapped_column(ForeignKey("inmate.id"))
    number: Mapped[str] = mapped_column(String(40))
    number_class: Mapped[str | None] = mapped_column(String(20))
    profile: Mapped[str] = mapped_column(String(60))
    started_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(30))
    ended_by: Mapped[str | None] = mapped_column(String(30))
    deny_rule: Mapped[str | None] = mapped_column(String(40))
    billing: Mapped[str | None] = mapped_column(String(20))
    # The price as it was decided, and who sets it; later changes of the rate table do not touch it.
    rate_micros_per_minute: Mapped[int] = mapped_column(BigInteger, default=0)
    rate_source: Mapped[str | None] = mapped_column(String(300))
    # Whether the charge is given back if a fault ends the call; decided with the price, so that a crash cannot change it.
    credits_faults: Mapped[bool] = mapped_column(default=False)
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

    handset: Mapped[HandsetRow | None] = relationship()
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


class StaffRow(Base):
    """A member of staff. Of the token only its public id and a keyed digest are kept."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    roles: Mapped[list[str]]
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    token_id: Mapped[str] = mapped_column(String(16), unique=True)
    token_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))

    facility: Mapped[FacilityRow | None] = relationship()
    unit: Mapped[UnitRow | None] = relationship()
