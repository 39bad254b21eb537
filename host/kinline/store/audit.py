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

FIRST_HASH = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Rows checked, and the id of the first row that does not fit the chain."""

    rows: int
    broken_at: int | None


def record(
    session: Session,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append a row, inside the transaction of the deed itself: neither exists without the other."""
    last = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(1).with_for_update()).first()
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

    def verify_audit(self) -> AuditReport:
        """Recompute the whole chain."""
        previous, count = FIRST_HASH, 0
        with self._reading() as session:
            for row in session.scalars(select(AuditRow).order_by(AuditRow.id)):
                count += 1
                if row.id != count or row.previous_hash != previous or row.hash != _hash(row):
                    return AuditReport(count, row.id)
                previous = row.hash
        return AuditReport(count, None)
