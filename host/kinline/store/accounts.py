"""Money in and out of accounts, credit, closing, and what the law wants of accounts that nobody uses."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kinline.accounts.inactivity import (
    RESETTING_ENTRIES,
    RESETTING_NOTES,
    Activity,
    InactiveAccount,
    inactive,
)
from kinline.accounts.ledger import (
    AccountKind,
    Entry,
    LedgerError,
    closing,
    credit,
    deposit,
    payment,
    payment_micros,
    receivable_account,
    refund,
)
from kinline.store import audit
from kinline.store.billing import paying_account
from kinline.store.books import balance_of, held_micros, locked, post, standing
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound
from kinline.store.given import NoteKind
from kinline.store.models import AccountRow, CallRow, EntryRow, PostingRow
from kinline.store.tables.money import AccountNoteRow

SYSTEM = "system"

# Whose money it is: the other kinds are the house's own books.
_HOLDERS: tuple[AccountKind, ...] = ("debit", "prepaid", "receivable")


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account. `held_micros` is set aside for calls under way; `credit_left_micros` is None without credit.

    `owed_micros` is what was billed and not paid: never with `balance_micros` above zero.
    """

    account: str
    kind: AccountKind
    balance_micros: int
    held_micros: int
    owed_micros: int
    credit_limit_micros: int | None
    credit_left_micros: int | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BooksReport:
    """`wrong` are the accounts whose balance is not the sum of their postings."""

    accounts: int
    entries: int
    trial_balance_micros: int
    wrong: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.wrong and self.trial_balance_micros == 0


class Accounts(Database):
    def deposit(
        self,
        account: str,
        amount_micros: int,
        reference: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Take a payment once by its `reference`; the new balance in micro-dollars. Raises LedgerError."""
        return self._move(deposit(account, amount_micros, reference), account, "account.deposit", at, actor)

    def refund(
        self,
        account: str,
        amount_micros: int,
        reference: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Hand money back once by its `reference`; the new balance. Raises InsufficientFunds."""
        return self._move(refund(account, amount_micros, reference), account, "account.refund", at, actor)

    def pay(
        self,
        account: str,
        amount_micros: int,
        reference: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Take a payment for what a receivable owes, never more; the new balance. Raises LedgerError."""
        return self._move(payment(account, amount_micros, reference), account, "account.pay", at, actor)

    def credit_call(
        self,
        call_id: int,
        amount_micros: int | None = None,
        reason: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Give a call's charge back, whole or in part, once; the account's new balance. Raises LedgerError."""
        with self._writing() as session:
            row = session.get(CallRow, call_id)
            if row is None:
                raise NotFound(f"call {call_id} does not exist; kinline calls list shows those that do")
            account = paying_account(row.billing, row.inmate_id, row.number)
            if row.ended_at is None or account is None:
                raise LedgerError(f"call {call_id} was charged to nobody; there is nothing to give back")
            amount = row.charged_micros if amount_micros is None else amount_micros
            entry, moment = credit(call_id, account, amount, row.charged_micros), at or datetime.now(UTC)
            if post(session, entry, moment, call_id):
                details = {"account": account, "amount_micros": amount, "reason": reason}
                audit.record(session, moment, actor, "call.credit", str(call_id), details)
            return balance_of(session, account)

    def set_credit_limit(
        self, number: str, limit_micros: int | None, at: datetime | None = None, actor: str = SYSTEM
    ) -> AccountInfo:
        """Let a called party be billed up to a limit; None ends it, what is owed stays owed.

        A limit below what is owed stops new calls until enough is paid.
        """
        if limit_micros is not None:
            payment_micros(limit_micros)
        account = receivable_account("direct_bill", number)
        with self._writing() as session:
            row = locked(session, {account})[account]
            _open_or_refuse(row)
            row.credit_limit_micros = limit_micros
            details = {"limit_micros": limit_micros}
            audit.record(session, at or datetime.now(UTC), actor, "account.credit-limit", account, details)
            return _info(session, row)

    def close_account(self, account: str, reference: str, at: datetime | None = None, actor: str = SYSTEM) -> int:
        """Pay out what an account holds and take nothing more into it; what was paid out. Raises LedgerError."""
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            _existing(session, account)
            row = locked(session, {account, "cash"})[account]
            if row.closed_at is not None:
                return 0
            entry = closing(account, standing(row, held_micros(session, account)), reference)
            paid = row.balance_micros
            if entry is not None and not post(session, entry, moment):
                raise LedgerError(f"the refund {reference!r} of {account} was made before; give this one its own reference")
            row.closed_at, row.credit_limit_micros = moment, None
            details = {"paid_out_micros": paid, "reference": reference}
            audit.record(session, moment, actor, "account.close", account, details)
            return paid

    def open_account(self, account: str, at: datetime | None = None, actor: str = SYSTEM) -> bool:
        """Let a closed account be used again; False if it was not closed."""
        with self._writing() as session:
            _existing(session, account)
            row = locked(session, {account})[account]
            if row.closed_at is None:
                return False
            row.closed_at = None
            audit.record(session, at or datetime.now(UTC), actor, "account.open", account)
            return True

    def note_account(self, account: str, kind: NoteKind, note: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Write down that the holder wants to keep the account (`interest`), or that staff reached out (`contacted`)."""
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            _existing(session, account)
            session.add(AccountNoteRow(account=account, kind=kind, at=moment, note=note[:400]))
            audit.record(session, moment, actor, "account.note", account, {"kind": kind, "note": note[:400]})

    def account(self, account: str) -> AccountInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return _info(session, _existing(session, account))

    def accounts(self) -> list[AccountInfo]:
        """Every account that is somebody's."""
        with self._reading() as session:
            query = select(AccountRow).where(AccountRow.kind.in_(_HOLDERS)).order_by(AccountRow.name)
            return [_info(session, row) for row in session.scalars(query)]

    def inactive_accounts(self, at: datetime) -> list[InactiveAccount]:
        """Accounts with money that nobody used for so long that their holders are to be contacted and refunded."""
        with self._reading() as session:
            used, wanted = _last_used(session), _last_notes(session, RESETTING_NOTES)
            contacted = _last_notes(session, frozenset({"contacted"}))
            rows = session.scalars(select(AccountRow).where(AccountRow.kind.in_(_HOLDERS), AccountRow.balance_micros > 0))
            return inactive(
                [
                    Activity(
                        account=row.name,
                        balance_micros=row.balance_micros,
                        # Money only comes by a deposit, or by a credit for a call that was held for or billed.
                        last_at=max(used[row.name], wanted.get(row.name, used[row.name])),
                        contacted_at=contacted.get(row.name),
                    )
                    for row in rows
                ],
                at,
            )

    def verify_books(self) -> BooksReport:
        """Add up every account from its postings."""
        with self._reading() as session:
            postings = select(PostingRow.account, func.sum(PostingRow.amount_micros)).group_by(PostingRow.account)
            sums = dict(session.execute(postings).all())
            balances = dict(session.execute(select(AccountRow.name, AccountRow.balance_micros)).all())
            entries = session.scalar(select(func.count(EntryRow.id))) or 0
        wrong = sorted(name for name in balances.keys() | sums.keys() if balances.get(name, 0) != sums.get(name, 0))
        return BooksReport(len(balances), entries, sum(balances.values()), tuple(wrong))

    def trial_balance(self) -> int:
        """Sum of all balances: zero, always."""
        with self._reading() as session:
            return sum(session.scalars(select(AccountRow.balance_micros)))

    def _move(self, entry: Entry, account: str, action: str, at: datetime | None, actor: str) -> int:
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            if post(session, entry, moment):
                amount = max(posting.amount_micros for posting in entry.postings)
                details: dict[str, Any] = {"amount_micros": amount, "reference": entry.reference}
                audit.record(session, moment, actor, action, account, details)
            return balance_of(session, account)


def _last_used(session: Session) -> dict[str, datetime]:
    query = select(PostingRow.account, func.max(EntryRow.at)).join(EntryRow, EntryRow.id == PostingRow.entry_id)
    query = query.where(EntryRow.kind.in_(RESETTING_ENTRIES)).group_by(PostingRow.account)
    return dict(session.execute(query).all())


def _last_notes(session: Session, kinds: frozenset[str]) -> dict[str, datetime]:
    query = select(AccountNoteRow.account, func.max(AccountNoteRow.at)).where(AccountNoteRow.kind.in_(kinds))
    return dict(session.execute(query.group_by(AccountNoteRow.account)).all())


def _existing(session: Session, account: str) -> AccountRow:
    row = session.get(AccountRow, account)
    if row is None or row.kind not in _HOLDERS:
        raise NotFound(f"account {account!r} does not exist; it is made by its first deposit or call")
    return row


def _open_or_refuse(row: AccountRow) -> None:
    if row.closed_at is not None:
        raise Conflict(f"{row.name} is closed; open it again first")


def _info(session: Session, row: AccountRow) -> AccountInfo:
    held, limit = held_micros(session, row.name), row.credit_limit_micros
    return AccountInfo(
        account=row.name,
        kind=row.kind,  # type: ignore[arg-type]
        balance_micros=row.balance_micros,
        held_micros=held,
        owed_micros=max(0, -(row.balance_micros + held)),
        credit_limit_micros=limit,
        credit_left_micros=None if limit is None else max(0, limit + row.balance_micros),
        closed_at=row.closed_at,
    )
