"""Posting to the ledger's tables, inside a transaction that someone else has begun."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib import import_module

from sqlalchemy import Connection, Executable, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from kinline.accounts.ledger import Entry, Posting, Standing, account_kind, after, same_movement
from kinline.store.models import AccountRow, EntryRow, HoldRow, PostingRow
from kinline.store.tables.base import AnyRow, check_lengths, columns

# SQLite takes 999 values in one statement at least (SQLITE_MAX_VARIABLE_NUMBER before 3.32), some of them for conditions
# beside a list; a new account has five.
VALUES_A_QUERY = 900
_NAMES_A_QUERY = VALUES_A_QUERY // 5

# What is asked and written between the last digit and the call goes past the ORM: put together once, and columns in place
# of objects, each statement costs a quarter.
_NAMED = AccountRow.name.in_(bindparam("names", expanding=True))
_LOCK = select(AccountRow).where(_NAMED).order_by(AccountRow.name).with_for_update().execution_options(populate_existing=True)
_LOCK_STANDINGS = (
    select(AccountRow.name, AccountRow.balance_micros, AccountRow.credit_limit_micros, AccountRow.closed_at)
    .where(_NAMED)
    .order_by(AccountRow.name)
    .with_for_update()
)
_MOVE = update(AccountRow).where(AccountRow.name == bindparam("of_account")).values(balance_micros=bindparam("balance"))
_ENTER = insert(columns(EntryRow)).returning(columns(EntryRow).c.id, sort_by_parameter_order=True)
_ENTER_POSTINGS = insert(columns(PostingRow))
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


def post_all(session: Session, entries: Sequence[Entry], at: datetime, call_id: int | None = None) -> list[int]:
    """Post what belongs together, each entry once; the ids of those that were new. Raises LedgerError.

    Accounts that the session has as objects do not learn of it.
    """
    connection = _at(session)
    standings = _standings(connection, sorted({posting.account for entry in entries for posting in entry.postings}))
    # Asked under the locks: whoever posted the same entry first has committed it, or waits for us.
    posted = _posted(connection, [entry.key for entry in entries])
    new: list[Entry] = []
    for entry in entries:
        if (before := posted.get(entry.key)) is not None:
            same_movement(entry, before)
            continue
        touched = {posting.account: standings[posting.account] for posting in entry.postings}
        if entry.kind == "payment":  # the only one that looks at what is held
            touched = {name: replace(at_hand, held_micros=held_micros(session, name)) for name, at_hand in touched.items()}
        for name, balance in after(touched, entry).items():
            standings[name] = replace(standings[name], balance_micros=balance)
        posted[entry.key] = entry.postings
        new.append(entry)
    return _write(connection, new, standings, at, call_id) if new else []


def _write(
    connection: Connection, entries: Sequence[Entry], standings: Mapping[str, Standing], at: datetime, call_id: int | None
) -> list[int]:
    moved = sorted({posting.account for entry in entries for posting in entry.postings})
    connection.execute(_MOVE, [{"of_account": name, "balance": standings[name].balance_micros} for name in moved])
    rows = [
        {"key": entry.key, "kind": entry.kind, "call_id": call_id, "at": at, "reference": entry.reference} for entry in entries
    ]
    for row in rows:
        check_lengths(EntryRow, row)
    ids = [int(number) for number in connection.scalars(_ENTER, rows)]
    postings = [
        {"entry_id": number, "account": posting.account, "amount_micros": posting.amount_micros}
        for number, entry in zip(ids, entries, strict=True)
        for posting in entry.postings
    ]
    connection.execute(_ENTER_POSTINGS, postings)
    return ids


def locked(session: Session, accounts: set[str]) -> dict[str, AccountRow]:
    """The accounts' rows, made where they are missing, and nobody else's until the transaction ends.

    All that a transaction touches is asked for at once: names are locked in sorted order, so that none waits in a ring
    when two hosts share one PostgreSQL.
    """
    names, connection = sorted(accounts), _at(session)
    found: dict[str, AccountRow] = {}
    for some in _made(connection, names):
        found.update({row.name: row for row in session.scalars(_LOCK, {"names": some})})
    return found


def _standings(connection: Connection, names: Sequence[str]) -> dict[str, Standing]:
    """As `locked`, without objects."""
    found: dict[str, Standing] = {}
    for some in _made(connection, names):
        found.update({row.name: standing(row) for row in connection.execute(_LOCK_STANDINGS, {"names": some})})
    return found


def _made(connection: Connection, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names, as many at a time as one query takes, once each has its account."""
    make = _make(connection.dialect.name)
    for start in range(0, len(names), _NAMES_A_QUERY):
        some = names[start : start + _NAMES_A_QUERY]
        new = [{"name": name, "kind": account_kind(name), "balance_micros": 0} for name in some]
        for row in new:
            check_lengths(AccountRow, row)
        connection.execute(make, new)
        yield some


@cache
def _make(dialect: str) -> Executable:
    """What makes the accounts that are new, in one database's words; the other's dialect need not be loaded."""
    making: Executable = import_module(f"sqlalchemy.dialects.{dialect}").insert(AccountRow).on_conflict_do_nothing()
    return making


def _at(session: Session) -> Connection:
    """The session's connection, once what the session has to write is written."""
    session.flush()
    return session.connection()


def standing(row: AccountRow | AnyRow, held: int = 0) -> Standing:
    """The account as a movement finds it, with what is held from it."""
    return Standing(row.balance_micros, row.credit_limit_micros or 0, held, row.closed_at is not None)


def held_micros(session: Session, account: str) -> int:
    """What is set aside from an account for calls under way."""
    held = select(func.coalesce(func.sum(HoldRow.amount_micros), 0))
    return int(session.scalar(held.where(HoldRow.account == account, HoldRow.settled_at.is_(None))) or 0)


def balance_of(at: Session | Connection, account: str) -> int:
    return at.scalar(_BALANCE, {"account": account}) or 0


def credit_left(connection: Connection, account: str) -> int | None:
    """What may still be charged to a receivable: limit less what is billed and held. None if no credit is arranged."""
    row = connection.execute(_CREDIT, {"account": account}).one_or_none()
    if row is None or row.closed_at is not None or row.credit_limit_micros is None:
        return None
    return int(max(0, row.credit_limit_micros + row.balance_micros))


def _posted(connection: Connection, keys: Sequence[str]) -> dict[str, tuple[Posting, ...]]:
    """The postings of those entries whose keys were used before."""
    found: dict[str, list[Posting]] = {}
    for start in range(0, len(keys), VALUES_A_QUERY):
        for key, account, amount in connection.execute(_POSTED, {"keys": keys[start : start + VALUES_A_QUERY]}):
            found.setdefault(key, []).append(Posting(account, amount))
    return {key: tuple(postings) for key, postings in found.items()}
