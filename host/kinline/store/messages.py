"""Messages that staff pass on in an emergency, spoken to the inmate after the PIN."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.rules.model import Language
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.given import LONGEST_MESSAGE
from kinline.store.rows import SYSTEM, handset_row, inmate_row, insert, moment
from kinline.store.tables.people import InmateRow, MessageRow

KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class MessageInfo:
    id: int
    inmate: str
    text: str
    entered_by: str
    entered_at: datetime
    expires_at: datetime
    delivered_at: datetime | None
    handset: str | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """What the handset says now, in the voice of the inmate's language."""

    id: int
    text: str
    language: Language


class Messages(Database):
    def leave_message(
        self,
        facility: str,
        inmate: str,
        text: str,
        expires_at: datetime | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Enter a message; its id. Without `expires_at` it waits for a week. Raises StoreError for a text that cannot be
        spoken or a time that is over.
        """
        when = moment(at)
        expires = expires_at or when + KEPT_FOR
        if expires <= when:
            raise StoreError("the message expires before it is entered; give a later --expires")
        with self._writing() as session:
            row = inmate_row(session, facility, inmate)
            return leave(session, row, text, expires, when, actor)

    def withdraw_message(self, message: int, facility: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Take back a message that nobody has heard. Raises NotFound, Conflict."""
        with self._writing() as session:
            row = session.get(MessageRow, message)
            if row is None or row.inmate.facility.code != facility:
                raise NotFound(f"message {message} of {facility} does not exist; list what there is")
            if row.delivered_at is not None or row.withdrawn_at is not None:
                raise Conflict(f"message {message} was {'heard' if row.delivered_at else 'withdrawn'} already")
            row.withdrawn_at, row.withdrawn_by = moment(at), actor
            audit.record(session, moment(at), actor, "message.withdraw", str(message))

    def messages(self, facility: str, inmate: str) -> list[MessageInfo]:
        """Every message for an inmate: entered, heard, expired, withdrawn."""
        with self._reading() as session:
            whose = inmate_row(session, facility, inmate)
            rows = session.scalars(select(MessageRow).where(MessageRow.inmate_id == whose.id).order_by(MessageRow.id))
            return [_message_info(row, inmate) for row in rows]

    def messages_for(self, inmate_id: int, at: datetime) -> list[WaitingMessage]:
        """What waits for the inmate at the telephone, the oldest first."""
        with self._reading() as session:
            query = select(MessageRow).where(
                MessageRow.inmate_id == inmate_id,
                MessageRow.delivered_at.is_(None),
                MessageRow.withdrawn_at.is_(None),
                MessageRow.expires_at > at,
            )
            rows = session.scalars(query.order_by(MessageRow.id))
            return [WaitingMessage(row.id, row.text, row.inmate.language) for row in rows]  # type: ignore[arg-type]

    def message_heard(self, message: int, device_id: str, at: datetime) -> None:
        """The message was spoken to its end at a telephone; the first time counts. Raises NotFound."""
        with self._writing() as session:
            row = session.get(MessageRow, message, with_for_update=True)
            if row is None:
                raise NotFound(f"message {message} does not exist")
            if row.delivered_at is None:
                row.delivered_at, row.handset_id = at, handset_row(session, device_id).id


def leave(session: Session, inmate: InmateRow, text: str, expires_at: datetime, at: datetime, actor: str) -> int:
    """Enter a message inside a transaction; its id. Raises StoreError for a text that cannot be spoken."""
    spoken = " ".join(text.split())
    if not spoken or len(spoken) > LONGEST_MESSAGE or not spoken.isprintable():
        raise StoreError(f"a message has 1 to {LONGEST_MESSAGE} signs that can be read out; shorten it, or write it anew")
    row = MessageRow(inmate_id=inmate.id, text=spoken, entered_by=actor, entered_at=at, expires_at=expires_at)
    subject = f"{inmate.facility.code}/{inmate.number}"
    # What it says is between staff and inmate: the log holds that there was one.
    return insert(session, row, actor, "message.leave", subject, "message", at, {"expires_at": expires_at.isoformat()})


def _message_info(row: MessageRow, inmate: str) -> MessageInfo:
    return MessageInfo(
        id=row.id,
        inmate=inmate,
        text=row.text,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        expires_at=row.expires_at,
        delivered_at=row.delivered_at,
        handset=row.handset.device_id if row.handset else None,
        withdrawn_at=row.withdrawn_at,
    )
