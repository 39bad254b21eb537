"""The money of one call, inside the transaction that opens or closes its record."""

from datetime import datetime

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
from kinline.accounts.money import charge_micros
from kinline.store.books import post, post_all
from kinline.store.errors import StoreError
from kinline.store.models import CallRow, HoldRow


def paying_account(row: CallRow) -> str | None:
    """The account that a call is charged to; None for a free one."""
    match row.billing:
        case "prepaid":
            return prepaid_account(row.number)
        case "debit":
            if row.inmate_id is None:
                raise StoreError("a debit call needs an inmate to pay it")
            return debit_account(row.inmate_id)
        case "collect" | "direct_bill":
            return receivable_account(row.billing, row.number)
    return None


def set_aside(session: Session, row: CallRow, at: datetime) -> None:
    """Hold the most that the call may cost. Raises InsufficientFunds or AccountClosed; then nothing moved.

    A collect call has no hold: nobody gave it a limit that a second call could overdraw.
    """
    account = paying_account(row)
    price = charge_micros(row.rate_micros_per_minute, row.limit_seconds)
    if account is None or price == 0 or row.billing == "collect":
        return
    held, entry = hold(row.id, account, price)
    post(session, entry, at, row.id)
    session.add(HoldRow(call_id=row.id, account=held.account, amount_micros=held.amount_micros))
    session.flush()


def settle(session: Session, row: CallRow, talk_seconds: int, at: datetime, faulted: bool) -> int:
    """Capture and release, or bill; the charge in micro-dollars.

    A call that a fault ended is credited at once where the record says so.
    """
    account = paying_account(row)
    held_row = session.get(HoldRow, row.id)
    entries: list[Entry] = []
    if held_row is not None:
        held = Hold(held_row.call_id, held_row.account, held_row.amount_micros)
        charge, captured = capture(held, talk_seconds, row.rate_micros_per_minute)
        entries = [captured, release(held, charge)]
        held_row.settled_at = at
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
