"""Restrictions and suspensions, and the determinations by which one covers counsel too."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base

_STANDING = text("lifted_at IS NULL")


class RestrictionRow(Base):
    """No calls for an inmate, or at a telephone, a unit or, with none of these named, a whole facility."""

    __tablename__ = "restriction"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN handset_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN inmate_id IS NULL THEN 0 ELSE 1 END) <= 1",
            name="one_subject",
        ),
        Index("ix_restriction_standing", "facility_id", sqlite_where=_STANDING, postgresql_where=_STANDING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handset.id"))
    inmate_id: Mapped[int | None] = mapped_column(ForeignKey("inmate.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(400), default="")
    placed_at: Mapped[datetime]
    placed_by: Mapped[str] = mapped_column(String(100))
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None] = mapped_column(String(100))
    lift_reason: Mapped[str | None] = mapped_column(String(400))

    determinations: Mapped[list["DeterminationRow"]] = relationship(order_by="DeterminationRow.id")


class DeterminationRow(Base):
    """Legal staff's finding that a restriction covers calls to counsel, with its ground and the document on file."""

    __tablename__ = "determination"

    id: Mapped[int] = mapped_column(primary_key=True)
    restriction_id: Mapped[int] = mapped_column(ForeignKey("restriction.id"), index=True)
    ground: Mapped[str] = mapped_column(String(400))
    document: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(100))
    entered_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(100))
