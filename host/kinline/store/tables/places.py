"""Facilities, living units, telephones, and the lines that a facility opens to everyone."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base


class OwnRules:
    """What a place may say for itself; what it leaves open, the wider place or the profile says."""

    windows: Mapped[list[list[str]] | None]
    call_seconds: Mapped[int | None]
    recorded: Mapped[bool] = mapped_column(default=True)


class FacilityRow(OwnRules, Base):
    __tablename__ = "facility"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(60))
    profile: Mapped[str] = mapped_column(String(60))
    pin_mode: Mapped[str] = mapped_column(String(10))
    caller_id: Mapped[str | None] = mapped_column(String(20))
    local_prefixes: Mapped[list[str]] = mapped_column(default=list)


class UnitRow(OwnRules, Base):
    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("facility_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    name: Mapped[str] = mapped_column(String(60))


class HandsetRow(OwnRules, Base):
    """`pin_mode` is the telephone's own, as on a booking phone; without one the facility's holds."""

    __tablename__ = "handset"

    id: Mapped[int] = mapped_column(primary_key=True)
    device_id: Mapped[str] = mapped_column(String(60), unique=True)
    psk: Mapped[bytes]
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    label: Mapped[str] = mapped_column(String(100), default="")
    enabled: Mapped[bool] = mapped_column(default=True)
    pin_mode: Mapped[str | None] = mapped_column(String(10))
    text_telephone: Mapped[bool] = mapped_column(default=False)
    pin_misses: Mapped[int] = mapped_column(default=0)
    lock_level: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]

    # Whoever asks for a telephone asks for its places too.
    facility: Mapped[FacilityRow] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[UnitRow | None] = relationship(lazy="joined")


class NamedLineRow(Base):
    """A line that the facility opens to everyone, beside those that its profile names."""

    __tablename__ = "named_line"
    __table_args__ = (UniqueConstraint("facility_id", "number"), UniqueConstraint("facility_id", "dial"))

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    number: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(100))
    number_class: Mapped[str] = mapped_column(String(20))
    dial: Mapped[str | None] = mapped_column(String(4))
    without_pin: Mapped[bool] = mapped_column(default=False)
    any_time: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(200))
    effective: Mapped[date]
