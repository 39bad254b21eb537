"""What the telephones themselves report: cut wires, an open case, a foreign magnet, a failing supply."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base
from kinline.store.tables.places import HandsetRow

_STANDING = text("cleared_at IS NULL")


class AlarmRow(Base):
    """One alarm of one telephone, from when it was raised until it was as it should be again."""

    __tablename__ = "alarm"
    __table_args__ = (Index("ix_alarm_standing", "handset_id", sqlite_where=_STANDING, postgresql_where=_STANDING),)

    id: Mapped[int] = mapped_column(primary_key=True)
    handset_id: Mapped[int] = mapped_column(ForeignKey("handset.id"))
    kind: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(String(100))
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]

    handset: Mapped[HandsetRow] = relationship(lazy="joined", innerjoin=True)
