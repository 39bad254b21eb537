"""What was heard on the lines of calls, kept beside their records."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.store.models import CallRow
from kinline.store.people import People
from kinline.store.tables.heard import SignRow, TypedRow

UNREAD = ("privileged", "anonymous")
"""Classes of number of whose calls nothing that was typed is kept, and no sign noted."""


@dataclass(frozen=True, slots=True)
class SignInfo:
    """A sign on the line, and how sure it is, 0 to 100."""

    sign: str
    confidence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TypedInfo:
    """What one side ("caller" or "called_party") typed on a text telephone."""

    side: str
    text: str
    at: datetime


class HeardOnLines(People):
    def note_sign(self, call_id: int, sign: str, confidence: int, at: datetime) -> None:
        """Keep a sign; nothing is kept of a privileged or anonymous call."""
        with self._calling() as session:
            row = session.get(CallRow, call_id)
            if row is not None and row.number_class not in UNREAD:
                session.add(SignRow(call_id=call_id, sign=sign, confidence=confidence, at=at))

    def keep_text(self, call_id: int, side: str, text: str, at: datetime) -> None:
        """Keep what was typed, if the call was accepted and its talk may be recorded; otherwise nothing is."""
        with self._calling() as session:
            row = session.get(CallRow, call_id)
            if row is None or row.accepted_at is None or not row.recorded or row.number_class in UNREAD:
                return
            session.add(TypedRow(call_id=call_id, side=side, text=text[:200], at=at))


def signs_of(session: Session, call_id: int) -> tuple[SignInfo, ...]:
    rows = session.scalars(select(SignRow).where(SignRow.call_id == call_id).order_by(SignRow.id))
    return tuple(SignInfo(row.sign, row.confidence, row.at) for row in rows)


def typed_in(session: Session, call_id: int) -> tuple[TypedInfo, ...]:
    rows = session.scalars(select(TypedRow).where(TypedRow.call_id == call_id).order_by(TypedRow.id))
    return tuple(TypedInfo(row.side, row.text, row.at) for row in rows)
