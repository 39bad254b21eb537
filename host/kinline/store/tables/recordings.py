"""What a recording was when it was closed, kept apart from its file."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kinline.store.tables.base import Base


class RecordingRow(Base):
    """Written once and never changed. `link` is the hash of all that was in the file: a file that was cut short,
    replaced or changed since has another. `trouble` says why sound may be missing.
    """

    __tablename__ = "recording"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True, autoincrement=False)
    key_id: Mapped[str] = mapped_column(String(16))
    rate: Mapped[int]
    frames: Mapped[int] = mapped_column(BigInteger)
    missing_frames: Mapped[int] = mapped_column(BigInteger)
    chunks: Mapped[int]
    link: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(String(200))
