"""Money and PINs, pure: what moves, what it costs, and who is who."""

from kinline.accounts.ledger import (
    AccountKind,
    Entry,
    Hold,
    InsufficientFunds,
    Ledger,
    LedgerError,
    Posting,
    bill,
    capture,
    debit_account,
    deposit,
    hold,
    prepaid_account,
    receivable_account,
    refund,
    release,
)
from kinline.accounts.lockout import Lockout
from kinline.accounts.money import MICROS_A_DOLLAR, affordable_seconds, charge_micros
from kinline.accounts.pins import PinBook, PinError

__all__ = [
    "MICROS_A_DOLLAR",
    "AccountKind",
    "Entry",
    "Hold",
    "InsufficientFunds",
    "Ledger",
    "LedgerError",
    "Lockout",
    "PinBook",
    "PinError",
    "Posting",
    "affordable_seconds",
    "bill",
    "capture",
    "charge_micros",
    "debit_account",
    "deposit",
    "hold",
    "prepaid_account",
    "receivable_account",
    "refund",
    "release",
]
