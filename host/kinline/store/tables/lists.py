"""Contact lists and what opens or closes a number: reviews, registers, blocks, arrangements with counsel."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base
from kinline.store.tables.people import InmateRow


class ContactRow(Base):
    """A number on an inmate's list; `status` is where its review stands. `dial` is the inmate's own short code for it."""

    __tablename__ = "contact"
    __table_args__ = (UniqueConstraint("inmate_id", "number"), UniqueConstraint("inmate_id", "dial"))

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"))
    number: Mapped[str] = mapped_column(String(20), index=True)
    label: Mapped[str] = mapped_column(String(100), default="")
    status: Mapped[str] = mapped_column(String(20))
    number_class: Mapped[str] = mapped_column(String(20))
    line: Mapped[str | None] = mapped_column(String(10))
    recorded: Mapped[bool] = mapped_column(default=True)
    call_seconds: Mapped[int | None]
    dial: Mapped[str | None] = mapped_column(String(4))
    requested_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(400), default="")

    inmate: Mapped[InmateRow] = relationship(back_populates="contacts")


class ListEventRow(Base):
    """One step in a list's history. `counts` marks the inmate's own changes, which the list's change window counts."""

    __tablename__ = "list_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    deed: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(400), default="")
    counts: Mapped[bool]


class BarRow(Base):
    """A number that nobody may have on a list: everywhere, in a facility, or for one inmate."""

    __tablename__ = "barred_number"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), index=True)
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    inmate_id: Mapped[int | None] = mapped_column(ForeignKey("inmate.id"))
    kind: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(100))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(100))
    lift_reason: Mapped[str | None] = mapped_column(String(400))


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


class PrefixRow(Base):
    """Numbers closed by how they begin: a blocked prefix, or one of a service that passes calls on to third parties."""

    __tablename__ = "blocked_prefix"

    id: Mapped[int] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(String(20))
    facility_id: Mapped[int | None] = mapped_column(ForeignKey("facility.id"))
    third_party: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(400), default="")
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(100))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(100))


class ArrangementRow(Base):
    """An attorney's number for one inmate, as arranged by legal staff: privileged from `starts_at` until `ends_at`."""

    __tablename__ = "arrangement"

    id: Mapped[int] = mapped_column(primary_key=True)
    inmate_id: Mapped[int] = mapped_column(ForeignKey("inmate.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    attorney: Mapped[str] = mapped_column(String(200))
    document: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    entered_by: Mapped[str] = mapped_column(String(100))
    entered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(100))
    withdrawn_because: Mapped[str | None] = mapped_column(String(400))

    inmate: Mapped[InmateRow] = relationship(back_populates="arrangements")
