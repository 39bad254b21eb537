"""Posting to the ledger's tables, inside a transaction that someone else has begun."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Executable, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from kinline.accounts.ledger import Entry, Posting, Standing, account_kind, after, same_movement
from kinline.store.models import AccountRow, EntryRow, HoldRow, PostingRow

# SQLite takes 999 values in one statement at least (SQLITE_MAX_VARIABLE_NUMBER before 3.32), some of them for conditions
# beside a list; a new account has five.
VALUES_A_QUERY = 900
_NAMES_A_QUERY = VALUES_A_QUERY // 5

# Put together once: what is asked between the last digit and the call costs less than to say it.
_MAKE: Mapping[str, Executable] = {
    "sqlite": sqlite.insert(AccountRow).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(AccountRow).on_conflict_do_nothing(),
}
_LOCK = (
    select(AccountRow)
    .where(AccountRow.name.in_(bindparam("names", expanding=True)))
    .order_by(AccountRow.name)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_POSTED = (
    select(EntryRow.key, PostingRow.account, PostingRow.amount_micros)
    .join(EntryRow.postings)
    .where(EntryRow.key.in_(bindparam("keys", expanding=True)))
)
_BALANCE = select(AccountRow.balance_micros).where(AccountRow.name == bindparam("account"))
_CREDIT = select(AccountRow.closed_at, AccountRow.credit_limit_micros, AccountRow.balance_micros).where(
    AccountRow.name == bindparam("account")
)


def post(session: Session, entry: Entry, at: datetime, call_id: int | None = None) -> bool:
    """Post an entry once; False if it was posted before. Raises LedgerError, then nothing moved."""
    return bool(post_all(session, [entry], at, call_id))


def post_all(session: Session, entries: Sequence[Entry], at: datetime, call_id: int | None = None) -> list[EntryRow]:
    """Post what belongs together, each entry once; the rows of those that were new. Raises LedgerError."""
    rows = locked(session, {posting.account for entry in entries for posting in entry.postings})
    # Asked under the locks: whoever posted the same entry first has committed it, or waits for us.
    posted = _posted(session, entries)
    made = []
    for entry in entries:
        if (before := posted.get(entry.key)) is not None:
            same_movement(entry, before)
            continue
        # Only a payment looks at what is held; the others spare the question.
        with_held = entry.kind == "payment"
        standings = {
            p.account: standing(rows[p.account], held_micros(session, p.account) if with_held else 0) for p in entry.postings
        }
        for name, balance in after(standings, entry).items():
            rows[name].balance_micros = balance
        row = EntryRow(key=entry.key, kind=entry.kind, call_id=call_id, at=at, reference=entry.reference)
        row.postings = [PostingRow(account=p.account, amount_micros=p.amount_micros) for p in entry.postings]
        made.append(row)
        posted[entry.key] = entry.postings
    session.add_all(made)
    session.flush()
    return made


def locked(session: Session, accounts: set[str]) -> dict[str, AccountRow]:
    """The accounts' rows, made where they are missing, and nobody else's until the transaction ends.

    All that a transaction touches is asked for at once: names are locked in sorted order, so that none waits in a ring
    when two hosts share one PostgreSQL.
    """
    session.flush()
    names, found = sorted(accounts), {}
    make = _MAKE[session.get_bind().dialect.name]
    for start in range(0, len(names), _NAMES_A_QUERY):
        some = names[start : start + _NAMES_A_QUERY]
        new = [{"name": name, "kind": account_kind(name), "balance_micros": 0} for name in some]
        session.connection().execute(make, new)
        found.update({row.name: row for row in session.scalars(_LOCK, {"names": some})})
    return found


def standing(row: AccountRow, held: int) -> Standing:
    """The account as a movement finds it, with what is held from it."""
    return Standing(row.balance_micros, row.credit_limit_micros or 0, held, row.closed_at is not None)


def held_micros(session: Session, account: str) -> int:
    """What is set aside from an account for calls under way."""
    held = select(func.coalesce(func.sum(HoldRow.amount_micros), 0))
    return int(session.scalar(held.where(HoldRow.account == account, HoldRow.settled_at.is_(None))) or 0)


def balance_of(session: Session, account: str) -> int:
    return session.scalar(_BALANCE, {"account": account}) or 0


def credit_left(session: Session, account: str) -> int | None:
    """What may still be charged to a receivable: limit less what is billed and held. None if no credit is arranged."""
    row = session.execute(_CREDIT, {"account": account}).one_or_none()
    if row is None or row.closed_at is not None or row.credit_limit_micros is None:
        return None
    return int(max(0, row.credit_limit_micros + row.balance_micros))


def _posted(session: Session, entries: Sequence[Entry]) -> dict[str, tuple[Posting, ...]]:
    """The postings of those entries whose keys were used before."""
    found: dict[str, list[Posting]] = {}
    keys = [entry.key for entry in entries]
    for start in range(0, len(keys), VALUES_A_QUERY):
        for key, account, amount in session.execute(_POSTED, {"keys": keys[start : start + VALUES_A_QUERY]}):
            found.setdefault(key, []).append(Posting(account, amount))
    return {key: tuple(postings) for key, postings in found.items()}
