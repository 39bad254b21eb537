"""The tables around the ledger: prices by the day, payments from kiosks, and what was said about an account."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kinline.store.models import Base


class RateRow(Base):
    """A facility's own price of a minute. Days are of the facility's calendar; `until` is the first without it."""

    __tablename__ = "rate"

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"), index=True)
    number_class: Mapped[str | None] = mapped_column(String(20))
    micros_per_minute: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[date]
    until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(300))
    entered_at: Mapped[datetime]


class KioskPaymentRow(Base):
    """A payment as a kiosk told it: what its key stands for, whenever it comes again."""

    __tablename__ = "kiosk_payment"
    __table_args__ = (UniqueConstraint("facility_id", "source", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    facility_id: Mapped[int] = mapped_column(ForeignKey("facility.id"))
    source: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(80))
    inmate: Mapped[str] = mapped_column(String(20))
    amount_micros: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime]
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"))
    imported_at: Mapped[datetime]
    file: Mapped[str] = mapped_column(String(200))
    line: Mapped[int]


class AccountNoteRow(Base):
    """What was said with an account's holder. kind: interest (they want to keep it) or contacted (staff reached out)."""

    __tablename__ = "account_note"
    __table_args__ = (Index("ix_account_note_account", "account"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"))
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(400))
