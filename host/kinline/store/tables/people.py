"""Inmates, the count of wrong PINs given for them, and the messages that wait for them."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base
from kinline.store.tables.places import FacilityRow, HandsetRow, UnitRow

if TYPE_CHECKING:
    from kinline.store.tables.lists import ArrangementRow, ContactRow


LONGEST_SOUND = 64_000
"""Bytes of a spoken name: two seconds."""


class InmateRow(Base):
    __tablename__ = "inmate"
    # The index is filled only in PIN-only facilities, where two inmates must not share a PIN.
    __table_args__ = (UniqueConstraint("facility_id", "number"), UniqueConstraint("facility_id", "pin_index"))

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    number: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(5), default="en")
    status: Mapped[str] = mapped_column(String(20), default="active")
    arrested_at: Mapped[datetime | None]
    custodial_parent: Mapped[bool] = mapped_column(default=False)
    call_seconds: Mapped[int | None]
    recorded: Mapped[bool] = mapped_column(default=True)
    voice_exempt: Mapped[bool] = mapped_column(default=False)
    text_telephone: Mapped[bool] = mapped_column(default=False)
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    pin_index: Mapped[str | None] = mapped_column(String(64))
    pin_misses: Mapped[int] = mapped_column(default=0)
    lock_level: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    misses_forgiven: Mapped[int] = mapped_column(default=0)
    forgiven_since: Mapped[datetime | None]

    facility: Mapped[FacilityRow] = relationship()
    unit: Mapped[UnitRow | None] = relationship()
    contacts: Mapped[list["ContactRow"]] = relationship(order_by="ContactRow.id")
    arrangements: Mapped[list["ArrangementRow"]] = relationship(order_by="ArrangementRow.id")


class SpokenNameRow(Base):
    """An inmate's name in their own voice: 16-bit mono at 16 kHz. Another host of the state hears the same."""

    __tablename__ = "spoken_name"

    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"), primary_key=True, autoincrement=False)
    sound: Mapped[bytes] = mapped_column(LargeBinary(LONGEST_SOUND))
    recorded_at: Mapped[datetime]
    handset_id: Mapped[int] = mapped_column(ForeignKey("handset.id"))


class PinMissRow(Base):
    """Wrong PINs given for one inmate at one telephone."""

    __tablename__ = "pin_miss"

    handset_id: Mapped[int] = mapped_column(ForeignKey("handset.id"), primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"), primary_key=True)
    pin_misses: Mapped[int] = mapped_column(default=0)
    lock_level: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]


class MessageRow(Base):
    """What staff pass on in an emergency; it is spoken to the inmate once, after the PIN."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "ix_message_waiting",
            "inmate_id",
            sqlite_where=text("delivered_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"))
    text: Mapped[str] = mapped_column(String(1000))
    entered_by: Mapped[str] = mapped_column(String(100))
    entered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handset.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(100))

    inmate: Mapped[InmateRow] = relationship()
    handset: Mapped[HandsetRow | None] = relationship()
