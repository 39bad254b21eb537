"""Double entry: every movement is an entry whose postings sum to zero.

An account is a name: "debit:7" (an inmate's), "prepaid:+12025550123" (a called party's), "held:41" (set aside for
call 41), "receivable:direct_bill:+12025550123" (billed later), and the house's own "revenue" and "cash". Cash and
collect receivables may fall without bound: they stand for money outside. A direct-bill receivable may fall to its
credit limit; a hold on it keeps two calls from using the same credit. Every other account stays at zero or above.
An entry's key says what it does once for all, so that doing it again is recognised.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from kinline.accounts.money import LARGEST_MICROS, MICROS_A_DOLLAR, MoneyError, charge_micros, dollars, whole_micros

AccountKind = Literal["debit", "prepaid", "held", "receivable", "revenue", "cash"]
EntryKind = Literal["deposit", "refund", "hold", "capture", "release", "bill", "payment", "credit"]

REVENUE = "revenue"
CASH = "cash"

# A single payment above this is a slip of the decimal point until somebody splits it: the deposits that
# families make are tens of dollars.
LARGEST_PAYMENT_MICROS = 10_000 * MICROS_A_DOLLAR
LONGEST_REFERENCE = 80


class LedgerError(MoneyError):
    """A movement that the books do not allow."""


class InsufficientFunds(LedgerError):
    """The account holds less than the movement takes."""


class AccountClosed(LedgerError):
    """The account was closed and takes no more entries."""


class KeyReused(LedgerError):
    """A key that names one movement came again with another."""


@dataclass(frozen=True, slots=True)
class Posting:
    account: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced movement. Raises LedgerError when built unbalanced. `reference` is the payment's own id, if any."""

    key: str
    kind: EntryKind
    postings: tuple[Posting, ...]
    reference: str | None = None

    def __post_init__(self) -> None:
        if sum(whole_micros(posting.amount_micros) for posting in self.postings) != 0:
            raise LedgerError(f"the entry {self.key} does not balance")


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside for one call."""

    call_id: int
    account: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a movement finds it.

    `credit_micros`: how far below zero it may fall. `held_micros`: what is set aside from it for calls under way.
    """

    balance_micros: int = 0
    credit_micros: int = 0
    held_micros: int = 0
    closed: bool = False

    @property
    def position_micros(self) -> int:
        """What is the holder's (or, below zero, what the holder owes): a hold does not change it."""
        return self.balance_micros + self.held_micros

    @property
    def spendable_micros(self) -> int:
        """What a call may be charged to: the money, or the credit that is left."""
        return max(0, self.balance_micros + self.credit_micros)


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
    """Whether the account may fall below zero without a limit of its own."""
    return account_kind(account) == "cash" or account.startswith("receivable:collect:")


def deposit(account: str, amount_micros: int, reference: str, source: str | None = None) -> Entry:
    """Money from outside. `reference` identifies the payment: the same one is taken once.

    A `source`, such as a kiosk, gives each of its payments one reference whatever the account; without a source the
    references of each account are its own.
    """
    if account_kind(account) not in ("debit", "prepaid"):
        raise LedgerError(f"{account} takes no deposits; money owed is paid with a payment")
    key = f"deposit:{source or account}:{_checked(reference)}"
    return _movement(key, "deposit", CASH, account, payment_micros(amount_micros), reference)


def refund(account: str, amount_micros: int, reference: str) -> Entry:
    """Money of the account's holder handed back. It never comes from credit: see `after`."""
    if account_kind(account) not in ("debit", "prepaid", "receivable"):
        raise LedgerError(f"{account} holds nobody's money; a charge is taken back with a credit")
    return _movement(f"refund:{account}:{_checked(reference)}", "refund", account, CASH, _positive(amount_micros), reference)


def payment(account: str, amount_micros: int, reference: str) -> Entry:
    """Money from outside for what was billed. It never exceeds what was billed: see `after`."""
    if account_kind(account) != "receivable":
        raise LedgerError(f"{account} owes nothing; money for it is a deposit")
    key = f"payment:{account}:{_checked(reference)}"
    return _movement(key, "payment", CASH, account, payment_micros(amount_micros), reference)


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


def credit(call_id: int, account: str, amount_micros: int, charged_micros: int) -> Entry:
    """A call's charge given back, whole or in part; once a call."""
    if not 0 < whole_micros(amount_micros) <= charged_micros:
        raise LedgerError(
            f"call {call_id} was charged {dollars(charged_micros)}; {dollars(amount_micros)} cannot be given back for it"
        )
    return _movement(f"call:{call_id}:credit", "credit", REVENUE, account, amount_micros)


def _movement(key: str, kind: EntryKind, source: str, target: str, amount_micros: int, reference: str | None = None) -> Entry:
    return Entry(key, kind, (Posting(source, -amount_micros), Posting(target, amount_micros)), reference)


def payment_micros(amount_micros: int) -> int:
    """The amount of one payment, checked. Raises MoneyError."""
    if _positive(amount_micros) > LARGEST_PAYMENT_MICROS:
        raise LedgerError(
            f"{dollars(amount_micros)} is more than one payment may be ({dollars(LARGEST_PAYMENT_MICROS)}); "
            "check it, or pay in parts"
        )
    return amount_micros


def _positive(amount_micros: int) -> int:
    if whole_micros(amount_micros) <= 0:
        raise LedgerError("an amount of money must be above zero")
    return amount_micros


def _checked(reference: str) -> str:
    if not 1 <= len(reference) <= LONGEST_REFERENCE or not reference.isprintable() or reference != reference.strip():
        raise LedgerError(
            f"{reference[:40]!r} cannot be a payment's reference; write 1 to {LONGEST_REFERENCE} printable characters "
            "with no space at the ends"
        )
    return reference


def same_movement(entry: Entry, posted: Iterable[Posting]) -> None:
    """Raises KeyReused, naming both, unless what was posted before under the entry's key is the entry itself."""
    before = _sorted(posted)
    if _sorted(entry.postings) != before:
        raise KeyReused(
            f"{entry.key} was used before for {_told(before)} and comes again for {_told(_sorted(entry.postings))}; "
            "give the new movement a reference of its own, or leave it out"
        )


def _sorted(postings: Iterable[Posting]) -> tuple[Posting, ...]:
    return tuple(sorted(postings, key=lambda posting: (posting.account, posting.amount_micros)))


def _told(postings: Iterable[Posting]) -> str:
    into = [posting for posting in postings if posting.amount_micros >= 0]
    return " and ".join(f"{dollars(posting.amount_micros)} to {posting.account}" for posting in into)


def closing(account: str, standing: Standing, reference: str) -> Entry | None:
    """What closing an account pays out; None if it is empty. Raises LedgerError while it is in use or owes."""
    if standing.held_micros:
        raise LedgerError(f"{account} pays for a call under way; close it when the call has ended")
    if standing.balance_micros < 0:
        raise LedgerError(f"{account} owes {dollars(-standing.balance_micros)}; it can be closed when that is paid")
    return refund(account, standing.balance_micros, reference) if standing.balance_micros else None


@dataclass(slots=True)
class Ledger:
    """The books in memory: what the database must agree with, entry by entry."""

    balances: dict[str, int] = field(default_factory=dict)
    keys: dict[str, tuple[Posting, ...]] = field(default_factory=dict)
    credit: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    holds: dict[str, str] = field(default_factory=dict)
    """The account that each call's held account was filled from."""

    def post(self, entry: Entry) -> bool:
        """Apply an entry once; False if it was applied before.

        Raises KeyReused, InsufficientFunds, AccountClosed or LedgerError; then nothing moved.
        """
        if (before := self.keys.get(entry.key)) is not None:
            same_movement(entry, before)
            return False
        self.balances.update(after({p.account: self.standing(p.account) for p in entry.postings}, entry))
        self.keys[entry.key] = entry.postings
        if entry.kind == "hold":
            source, held = entry.postings
            self.holds[held.account] = source.account
        return True

    def standing(self, account: str) -> Standing:
        held = sum(self.balance(name) for name, source in self.holds.items() if source == account)
        return Standing(self.balance(account), self.credit.get(account, 0), held, account in self.closed)

    def balance(self, account: str) -> int:
        return self.balances.get(account, 0)

    def trial_balance(self) -> int:
        """Zero, always."""
        return sum(self.balances.values())


def after(standings: Mapping[str, Standing], entry: Entry) -> dict[str, int]:
    """New balances of the accounts that an entry touches. Raises InsufficientFunds, AccountClosed or LedgerError."""
    changed: dict[str, int] = {}
    for posting in entry.postings:
        standing = standings[posting.account]
        if standing.closed:
            raise AccountClosed(f"{posting.account} is closed; open it again first, or name another account")
        changed[posting.account] = changed.get(posting.account, standing.balance_micros) + posting.amount_micros
    for account, balance in changed.items():
        _check_balance(entry, account, standings[account], balance)
    return changed


def _check_balance(entry: Entry, account: str, before: Standing, balance: int) -> None:
    if abs(balance) > LARGEST_MICROS:
        raise LedgerError(f"{account} would stand at {balance} micro-dollars, more than an account can hold")
    kind = account_kind(account)
    if entry.kind == "payment" and kind == "receivable" and balance + before.held_micros > 0:
        raise LedgerError(
            f"{account} owes {dollars(max(0, -before.position_micros))} and no more is taken; put the rest on a prepaid account"
        )
    lent = 0 if entry.kind == "refund" else before.credit_micros
    unlimited = may_owe(account) and not (entry.kind == "refund" and kind == "receivable")
    # A limit that was lowered below what is owed stops new charges, never a payment.
    if unlimited or balance >= -lent or balance >= before.balance_micros:
        return
    if kind == "held":
        raise InsufficientFunds(f"{account}: nothing more is held for this call; it was settled before")
    raise InsufficientFunds(
        f"{account} holds too little: {dollars(max(0, before.balance_micros + lent))} is there, "
        f"{dollars(before.balance_micros - balance)} is needed"
    )
