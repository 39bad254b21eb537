"""The audit log: what staff did, each row chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.store.database import Database
from kinline.store.models import AuditRow
from kinline.store.postgresql import Lock, only_one

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditHead:
    """How far the log goes: its rows, and the last one's hash. Kept elsewhere, it betrays a log cut short or rewritten."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Rows checked, the id of the first row that does not fit the chain, and whether a head kept elsewhere is still
    in it (None: none was given).
    """

    rows: int
    broken_at: int | None
    head: str = FIRST_HASH
    head_found: bool | None = None

    @property
    def whole(self) -> bool:
        return self.broken_at is None and self.head_found is not False


@dataclass(frozen=True, slots=True)
class AuditedDeed:
    """A row of the log."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


def record(
    session: Session,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append a row, inside the transaction of the deed itself: neither exists without the other."""
    only_one(session, Lock.STAFF)
    last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).first()
    row = AuditRow(
        id=last.id + 1 if last else 1,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        details=dict(details or {}),
        previous_hash=last.hash if last else FIRST_HASH,
        hash="",
    )
    row.hash = _hash(row)
    session.add(row)
    session.flush()


def _hash(row: AuditRow) -> str:
    content = [row.id, row.at.astimezone(UTC).isoformat(), row.actor, row.action, row.subject, row.details]
    text = json.dumps([row.previous_hash, *content], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class AuditLog(Database):
    def audit_refusal(self, actor: str, asked: str, roles: Sequence[str], reason: str, at: datetime) -> None:
        """Somebody asked for what is not theirs."""
        with self._writing() as session:
            record(session, at, actor, "refused", asked, {"roles": list(roles), "reason": reason})

    def audit_deed(self, actor: str, action: str, subject: str, details: Mapping[str, Any], at: datetime) -> None:
        """Something is about to be done that changes nothing in the database."""
        with self._writing() as session:
            record(session, at, actor, action, subject, details)

    def verify_audit(self, kept_head: str | None = None) -> AuditReport:
        """Recompute the whole chain, and look for the hash that was kept elsewhere.

        The chain alone cannot tell that its last rows are gone, nor that all of it was written anew.
        """
        previous, count = FIRST_HASH, 0
        found = None if kept_head is None else kept_head == FIRST_HASH
        with self._reading() as session:
            for row in session.scalars(select(AuditRow).order_by(AuditRow.id).execution_options(yield_per=1000)):
                count += 1
                if row.id != count or row.previous_hash != previous or row.hash != _hash(row):
                    return AuditReport(count, row.id, previous, found)
                previous = row.hash
                found = found if kept_head is None else found or row.hash == kept_head
        return AuditReport(count, None, previous, found)

    def audit_head(self) -> AuditHead:
        with self._reading() as session:
            last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1)).first()
            return AuditHead(last.id, last.hash) if last else AuditHead(0, FIRST_HASH)

    def audited(self, limit: int, actor: str | None = None, action: str | None = None) -> list[AuditedDeed]:
        """The newest rows first; of one actor, or of one kind of deed."""
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if actor is not None:
            query = query.where(AuditRow.actor == actor)
        if action is not None:
            query = query.where(AuditRow.action == action)
        with self._reading() as session:
            return [
                AuditedDeed(row.id, row.at, row.actor, row.action, row.subject, row.details) for row in session.scalars(query)
            ]
