"""The ledger, and the tables around it: prices by the day, payments from kiosks, and what was said about an account."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kinline.store.tables.base import Base


class AccountRow(Base):
    """A balance, kept beside its postings in the same transaction."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("balance_micros >= 0 OR kind IN ('receivable', 'cash')", name="never_negative"),)

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    balance_micros: Mapped[int] = mapped_column(BigInteger)
    # How far a direct-bill receivable may fall; absent where no credit is arranged.
    credit_limit_micros: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]


class EntryRow(Base):
    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_entry_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    at: Mapped[datetime]
    reference: Mapped[str | None] = mapped_column(String(80))

    postings: Mapped[list["PostingRow"]] = relationship(order_by="PostingRow.id")


class PostingRow(Base):
    __tablename__ = "posting"

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), index=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    amount_micros: Mapped[int] = mapped_column(BigInteger)


class HoldRow(Base):
    __tablename__ = "hold"
    __table_args__ = (Index("ix_hold_account", "account"),)

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("account.name"))
    amount_micros: Mapped[int] = mapped_column(BigInteger)
    settled_at: Mapped[datetime | None]


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
