"""What was heard on the line of a call: signs of machines and third parties, and what text telephones typed."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kinline.store.tables.base import Base


class SignRow(Base):
    """One sign with its confidence, 0 to 100; again when it became surer."""

    __tablename__ = "call_sign"
    __table_args__ = (Index("ix_call_sign_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    sign: Mapped[str] = mapped_column(String(20))
    confidence: Mapped[int]
    at: Mapped[datetime]


class TypedRow(Base):
    """A stretch of text of one side ("caller" or "called_party"), in order. Never of a call that may not be recorded."""

    __tablename__ = "call_text"
    __table_args__ = (Index("ix_call_text_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"))
    side: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
