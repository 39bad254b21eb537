"""The money of one call, inside the transaction that opens or closes its record."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from kinline.accounts.ledger import (
    Entry,
    Hold,
    bill,
    capture,
    credit,
    debit_account,
    hold,
    prepaid_account,
    receivable_account,
    release,
)
from kinline.store.books import post, post_all
from kinline.store.errors import StoreError
from kinline.store.models import CallRow, HoldRow
from kinline.store.tables.base import columns

# Past the ORM, see `kinline.store.books`.
_HOLD = insert(columns(HoldRow))
_HELD = select(HoldRow.call_id, HoldRow.account, HoldRow.amount_micros).where(HoldRow.call_id == bindparam("of_call"))
_SETTLED = update(columns(HoldRow)).where(columns(HoldRow).c.call_id == bindparam("of_call"))


def paying_account(billing: str | None, inmate_id: int | None, number: str) -> str | None:
    """The account that a call is charged to; None for a free one."""
    match billing:
        case "prepaid":
            return prepaid_account(number)
        case "debit":
            if inmate_id is None:
                raise StoreError("a debit call needs an inmate to pay it")
            return debit_account(inmate_id)
        case "collect" | "direct_bill":
            return receivable_account(billing, number)
    return None


def set_aside(session: Session, call_id: int, account: str | None, price_micros: int, at: datetime) -> None:
    """Hold the most that the call may cost. Raises InsufficientFunds or AccountClosed; then nothing moved."""
    if account is None or price_micros == 0:
        return
    held, entry = hold(call_id, account, price_micros)
    post(session, entry, at, call_id)
    row = {"call_id": call_id, "account": held.account, "amount_micros": held.amount_micros}
    session.connection().execute(_HOLD, row)


def settle(session: Session, row: CallRow, talk_seconds: int, at: datetime, faulted: bool) -> int:
    """Capture and release, or bill; the charge in micro-dollars.

    A call that a fault ended is credited at once where the record says so.
    """
    connection = session.connection()
    account = paying_account(row.billing, row.inmate_id, row.number)
    aside = connection.execute(_HELD, {"of_call": row.id}).one_or_none()
    entries: list[Entry] = []
    if aside is not None:
        held = Hold(aside.call_id, aside.account, aside.amount_micros)
        charge, captured = capture(held, talk_seconds, row.rate_micros_per_minute)
        entries = [captured, release(held, charge)]
        connection.execute(_SETTLED, {"of_call": row.id, "settled_at": at})
    elif account is not None and row.billing == "collect":
        charge, billed = bill(row.id, account, talk_seconds, row.rate_micros_per_minute)
        entries = [billed]
    else:
        return 0
    if faulted and row.credits_faults and charge and account is not None:
        entries.append(credit(row.id, account, charge, charge))
    moving = [entry for entry in entries if any(posting.amount_micros for posting in entry.postings)]
    post_all(session, moving, at, row.id)
    return charge
