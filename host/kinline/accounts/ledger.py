"""Double entry: every movement is an entry whose postings sum to zero.

An account is a name: "debit:7" (an inmate's), "prepaid:+12025550123" (a called party's), "held:41" (set aside for
call 41), "receivable:…" (billed later), and the house's own "revenue" and "cash". Only receivables and cash may fall
below zero: they stand for what is owed to the provider and for money outside.
An entry's key says what it does once for all, so that doing it again is recognised and refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kinline.accounts.money import charge_micros

AccountKind = Literal["debit", "prepaid", "held", "receivable", "revenue", "cash"]

REVENUE = "revenue"
CASH = "cash"

_MAY_OWE = frozenset({"receivable", "cash"})


class LedgerError(ValueError):
    """A movement that the books do not allow."""


class InsufficientFunds(LedgerError):
    """The account holds less than the movement takes."""


@dataclass(frozen=True, slots=True)
class Posting:
    account: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced movement. Raises LedgerError when built unbalanced."""

    key: str
    kind: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        if sum(posting.amount_micros for posting in self.postings) != 0:
            raise LedgerError(f"the entry {self.key} does not balance")


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for one call."""

    call_id: int
    account: str
    amount_micros: int


def debit_account(inmate_id: int) -> str:
    return f"debit:{inmate_id}"


def prepaid_account(number: str) -> str:
    return f"prepaid:{number}"


def receivable_account(method: str, number: str) -> str:
    return f"receivable:{method}:{number}"


def held_account(call_id: int) -> str:
    return f"held:{call_id}"


def account_kind(account: str) -> AccountKind:
    """The kind that an account's name begins with. Raises LedgerError for a name of no kind."""
    kind = account.partition(":")[0]
    match kind:
        case "debit" | "prepaid" | "held" | "receivable" | "revenue" | "cash":
            return kind
    raise LedgerError(f"{account!r} is not the name of an account")


def may_owe(account: str) -> bool:
    return account_kind(account) in _MAY_OWE


def deposit(account: str, amount_micros: int, reference: str) -> Entry:
    """Money from outside. `reference` identifies the payment: the same one is taken once."""
    return _movement(f"deposit:{account}:{reference}", "deposit", CASH, account, _positive(amount_micros))


def refund(account: str, amount_micros: int, reference: str) -> Entry:
    """Money of the account's holder handed back."""
    return _movement(f"refund:{account}:{reference}", "refund", account, CASH, _positive(amount_micros))


def hold(call_id: int, account: str, amount_micros: int) -> tuple[Hold, Entry]:
    """Set aside the most that a call may cost."""
    if amount_micros < 0:
        raise LedgerError("a hold is never negative")
    entry = _movement(f"call:{call_id}:hold", "hold", account, held_account(call_id), amount_micros)
    return Hold(call_id, account, amount_micros), entry


def capture(held: Hold, talk_seconds: int, rate_micros_per_minute: int) -> tuple[int, Entry]:
    """The charge for the talk, never more than was held, and its entry."""
    charge = min(charge_micros(rate_micros_per_minute, talk_seconds), held.amount_micros)
    entry = _movement(f"call:{held.call_id}:capture", "capture", held_account(held.call_id), REVENUE, charge)
    return charge, entry


def release(held: Hold, captured_micros: int) -> Entry:
    """What the call did not use goes back where it came from."""
    if not 0 <= captured_micros <= held.amount_micros:
        raise LedgerError(f"call {held.call_id}: captured more than was held")
    rest = held.amount_micros - captured_micros
    return _movement(f"call:{held.call_id}:release", "release", held_account(held.call_id), held.account, rest)


def bill(call_id: int, account: str, talk_seconds: int, rate_micros_per_minute: int) -> tuple[int, Entry]:
    """The charge of a call that is paid later, and its entry against a receivable."""
    charge = charge_micros(rate_micros_per_minute, talk_seconds)
    return charge, _movement(f"call:{call_id}:bill", "bill", account, REVENUE, charge)


def _movement(key: str, kind: str, source: str, target: str, amount_micros: int) -> Entry:
    return Entry(key, kind, (Posting(source, -amount_micros), Posting(target, amount_micros)))


def _positive(amount_micros: int) -> int:
    if amount_micros <= 0:
        raise LedgerError("an amount of money must be above zero")
    return amount_micros


@dataclass(slots=True)
class Ledger:
    """The books in memory: what the database must agree with, entry by entry."""

    balances: dict[str, int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def post(self, entry: Entry) -> bool:
        """Apply an entry once; False if its key was applied before. Raises InsufficientFunds, then nothing moved."""
        if entry.key in self.keys:
            return False
        self.balances.update(after(self.balances, entry.postings))
        self.keys.add(entry.key)
        return True

    def balance(self, account: str) -> int:
        return self.balances.get(account, 0)

    def trial_balance(self) -> int:
        """Zero, always."""
        return sum(self.balances.values())


def after(balances: Mapping[str, int], postings: Iterable[Posting]) -> dict[str, int]:
    """New balances of the accounts that the postings touch. Raises InsufficientFunds."""
    changed: dict[str, int] = {}
    for posting in postings:
        old = changed.get(posting.account, balances.get(posting.account, 0))
        changed[posting.account] = old + posting.amount_micros
    for account, balance in changed.items():
        if balance < 0 and not may_owe(account):
            raise InsufficientFunds(f"{account} holds too little: it would stand at {balance} micro-dollars")
    return changed
