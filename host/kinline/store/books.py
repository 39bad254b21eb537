"""Posting to the ledger's tables, inside a transaction that someone else has begun."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.accounts.ledger import Entry, account_kind, after
from kinline.store.models import AccountRow, EntryRow, PostingRow


def post(session: Session, entry: Entry, at: datetime, call_id: int | None = None) -> bool:
    """Post an entry once; False if its key was posted before. Raises InsufficientFunds, then nothing moved."""
    if session.scalar(select(EntryRow.id).where(EntryRow.key == entry.key)) is not None:
        return False
    rows = {name: _account(session, name) for name in sorted({posting.account for posting in entry.postings})}
    for name, balance in after({n: row.balance_micros for n, row in rows.items()}, entry.postings).items():
        rows[name].balance_micros = balance
    session.flush()
    row = EntryRow(key=entry.key, kind=entry.kind, call_id=call_id, at=at)
    row.postings = [PostingRow(account=p.account, amount_micros=p.amount_micros) for p in entry.postings]
    session.add(row)
    session.flush()
    return True


def balance_of(session: Session, account: str) -> int:
    return session.scalar(select(AccountRow.balance_micros).where(AccountRow.name == account)) or 0


def _account(session: Session, name: str) -> AccountRow:
    # The row lock orders two hosts on one PostgreSQL; names are locked in sorted order, so none waits in a ring.
    row = session.get(AccountRow, name, with_for_update=True)
    if row is None:
        row = AccountRow(name=name, kind=account_kind(name), balance_micros=0)
        session.add(row)
        session.flush()
    return row
