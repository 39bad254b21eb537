"""Contact lists: what an inmate asks for, what staff decide about it, and the history of both."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.people.lists import INMATES_OWN, TAKES_A_PLACE, Deed, ReviewError, next_change, reviewed
from kinline.rules.model import ContactStatus, Line, NumberClass
from kinline.rules.profile import ContactList
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, StoreError
from kinline.store.given import NewContact
from kinline.store.registers import is_barred
from kinline.store.rows import SYSTEM, facility_row, inmate_row, moment, one
from kinline.store.tables.lists import ContactRow, ListEventRow
from kinline.store.tables.people import InmateRow

NOT_APPROVED = "not approved"
"""All that an inmate is told of a refusal. What stands behind a bar is nobody's to hear."""


@dataclass(frozen=True, slots=True)
class ContactInfo:
    number: str
    label: str
    status: ContactStatus
    number_class: NumberClass
    line: Line | None
    recorded: bool
    dial: str | None = None
    requested_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ListEvent:
    """One step in a list's history. `counts` is whether the list's change window counts it."""

    at: datetime
    number: str
    deed: Deed
    by: str
    reason: str
    counts: bool


class Contacts(Database):
    def add_contact(
        self,
        facility: str,
        inmate_number: str,
        number: str,
        label: str = "",
        status: ContactStatus = "approved",
        number_class: NumberClass = "social",
        line: Line | None = None,
        recorded: bool = True,
        maximum: int | None = None,
        actor: str = SYSTEM,
        rule: ContactList | None = None,
        exempt: str = "",
        at: datetime | None = None,
    ) -> int:
        """Put a number on a list and decide about it in one step, as staff do who copy an approved list.

        With the list's `rule` this is the inmate's change like any other, unless `exempt` says why not. Raises Conflict
        if the number is on the list already or is barred, or the list is full or may not change yet.
        """
        with self._writing() as session:
            inmate, when = inmate_row(session, facility, inmate_number), moment(at)
            if rule is not None:
                _check_window(session, inmate, number_class, rule, exempt, when)
                maximum = rule.maximum
            entry = NewContact(number, label, number_class, line, recorded)
            return enter_contact(session, inmate, entry, status, maximum, when, actor, exempt).id

    def request_contact(
        self,
        facility: str,
        inmate_number: str,
        entry: NewContact,
        rule: ContactList,
        exempt: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> ContactInfo:
        """Enter what an inmate asks for; it waits for review where the list's rule has one.

        `exempt` is staff's reason to take a change outside the window, such as their own mistake. Raises Conflict if the
        list may not change yet, is full, or has the number.
        """
        with self._writing() as session:
            inmate, when = inmate_row(session, facility, inmate_number), moment(at)
            _check_window(session, inmate, entry.number_class, rule, exempt, when)
            barred = is_barred(session, entry.number, inmate.facility_id, inmate.id)
            status: ContactStatus = "pending" if rule.reviewed else "denied" if barred else "approved"
            row = _enter(session, inmate, entry, status, rule.maximum, when)
            _remember(session, row, "requested", when, actor, exempt, not exempt)
            if not rule.reviewed:
                _decide(session, row, status, when, actor, "barred" if barred else "no review is asked for")
            details = {"class": entry.number_class, "status": row.status, "exempt": exempt}
            audit.record(session, when, actor, "contact.request", _subject(inmate, entry.number), details)
            return contact_info(row)

    def review_contact(
        self,
        facility: str,
        inmate_number: str,
        number: str,
        wanted: ContactStatus,
        reason: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> ContactInfo:
        """Approve, deny, or take off. A barred number is denied whatever was `wanted`. Raises Conflict, NotFound."""
        with self._writing() as session:
            inmate, when = inmate_row(session, facility, inmate_number), moment(at)
            row = _contact(session, inmate, number)
            barred = is_barred(session, number, inmate.facility_id, inmate.id)
            try:
                status = reviewed(row.status, wanted, barred)  # type: ignore[arg-type]
            except ReviewError as error:
                raise Conflict(f"{number} on the list of {inmate_number}: {error}") from error
            _decide(session, row, status, when, actor, "barred" if status != wanted else reason)
            details = {"status": status, "reason": row.reason}
            audit.record(session, when, actor, f"contact.{_VERBS[status]}", _subject(inmate, number), details)
            return contact_info(row)

    def withdraw_contact(
        self,
        facility: str,
        inmate_number: str,
        number: str,
        rule: ContactList,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> ContactInfo:
        """Take a number off at the inmate's own wish, which is a change of the list. Raises Conflict, NotFound."""
        with self._writing() as session:
            inmate, when = inmate_row(session, facility, inmate_number), moment(at)
            row = _contact(session, inmate, number)
            if row.status not in TAKES_A_PLACE:
                raise Conflict(f"{number} is {row.status}, so there is nothing to withdraw; list what is there")
            _check_window(session, inmate, row.number_class, rule, "", when)
            row.status, row.dial, row.decided_at, row.decided_by, row.reason = "removed", None, when, actor, "withdrawn"
            _remember(session, row, "withdrawn", when, actor, "", True)
            audit.record(session, when, actor, "contact.withdraw", _subject(inmate, number))
            return contact_info(row)

    def set_speed_dial(
        self,
        facility: str,
        inmate_number: str,
        number: str,
        dial: str | None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> None:
        """Give a number of the list the inmate's own short code, or take it away. Raises Conflict if the code is taken."""
        if dial is not None and not (dial.isascii() and dial.isdigit() and len(dial) <= 2):
            raise StoreError(f"{dial!r} is not a short code; it has one or two digits")
        with self._writing() as session:
            inmate = inmate_row(session, facility, inmate_number)
            row = _contact(session, inmate, number)
            other = next((c for c in inmate.contacts if dial is not None and c.dial == dial and c is not row), None)
            if other is not None:
                raise Conflict(f"code {dial} of {inmate_number} dials {other.number}; choose another, or take it away there")
            row.dial = dial
            audit.record(session, moment(at), actor, "contact.dial", _subject(inmate, number), {"dial": dial})

    def contacts(self, facility: str, inmate_number: str) -> list[ContactInfo]:
        with self._reading() as session:
            return [contact_info(row) for row in inmate_row(session, facility, inmate_number).contacts]

    def requested_contacts(self, facility: str) -> list[tuple[str, ContactInfo]]:
        """What waits for review at a facility, the longest waiting first, each with its inmate's number."""
        with self._reading() as session:
            home = facility_row(session, facility)
            query = select(ContactRow).join(InmateRow).where(ContactRow.status == "pending", InmateRow.facility_id == home.id)
            rows = session.scalars(query.order_by(ContactRow.requested_at, ContactRow.id))
            return [(row.inmate.number, contact_info(row)) for row in rows]

    def list_history(self, facility: str, inmate_number: str) -> list[ListEvent]:
        """Everything that happened to an inmate's list: who asked, who decided, when and why."""
        with self._reading() as session:
            inmate = inmate_row(session, facility, inmate_number)
            rows = session.scalars(select(ListEventRow).where(ListEventRow.inmate_id == inmate.id).order_by(ListEventRow.id))
            return [ListEvent(r.at, r.number, r.deed, r.by, r.reason, r.counts) for r in rows]  # type: ignore[arg-type]


_VERBS: dict[ContactStatus, str] = {"approved": "approve", "denied": "deny", "removed": "remove", "pending": "request"}


def enter_contact(
    session: Session,
    inmate: InmateRow,
    entry: NewContact,
    status: ContactStatus,
    maximum: int | None,
    at: datetime,
    actor: str,
    exempt: str = "",
) -> ContactRow:
    """Put a number on a list in the state that staff say. Raises Conflict."""
    if status == "approved" and is_barred(session, entry.number, inmate.facility_id, inmate.id):
        raise Conflict(f"{entry.number} is {NOT_APPROVED}: it is in the register of barred numbers")
    row = _enter(session, inmate, entry, status, maximum, at)
    _remember(session, row, "requested", at, actor, exempt or "entered by staff", not exempt)
    if status != "pending":
        _decide(session, row, status, at, actor, "entered by staff")
    details = {"class": entry.number_class, "status": status, "exempt": exempt}
    audit.record(session, at, actor, "contact.add", _subject(inmate, entry.number), details)
    return row


def _enter(
    session: Session, inmate: InmateRow, entry: NewContact, status: ContactStatus, maximum: int | None, at: datetime
) -> ContactRow:
    if entry.number_class == "privileged":
        raise StoreError(
            f"{entry.number}: an attorney's number becomes privileged by an arrangement that legal staff enter; "
            "use kinline counsel arrange"
        )
    row = next((contact for contact in inmate.contacts if contact.number == entry.number), None)
    if row is not None and row.status in TAKES_A_PLACE:
        what = f"{entry.number} on the list of {inmate.number}"
        raise Conflict(f"{what} exists already and is {row.status}; choose another, or list what there is")
    social = [c for c in inmate.contacts if c.number_class == "social" and c.status in TAKES_A_PLACE]
    if maximum is not None and entry.number_class == "social" and len(social) >= maximum and status in TAKES_A_PLACE:
        raise Conflict(f"the list of {inmate.number} is full with {maximum} numbers; remove one first")
    if row is None:
        row = ContactRow(number=entry.number)
        inmate.contacts.append(row)
    row.label, row.number_class, row.line = entry.label, entry.number_class, entry.line
    row.recorded, row.call_seconds, row.status = entry.recorded, entry.call_seconds, status
    row.requested_at, row.decided_at, row.decided_by, row.reason, row.dial = at, None, None, "", None
    session.flush()
    return row


def _check_window(session: Session, inmate: InmateRow, number_class: str, rule: ContactList, exempt: str, at: datetime) -> None:
    if exempt or number_class != "social":
        return
    query = select(ListEventRow.at).where(ListEventRow.inmate_id == inmate.id, ListEventRow.counts)
    opens = next_change(session.scalars(query), at, rule.change_every_days, ZoneInfo(inmate.facility.timezone))
    if opens is not None:
        raise Conflict(
            f"the list of {inmate.number} may be changed once in {rule.change_every_days} days ({rule.source}); "
            f"the next change is open from {opens:%Y-%m-%d}"
        )


def _decide(session: Session, row: ContactRow, status: ContactStatus, at: datetime, actor: str, reason: str) -> None:
    row.status, row.decided_at, row.decided_by, row.reason = status, at, actor, reason
    if status not in TAKES_A_PLACE:
        row.dial = None
    _remember(session, row, status, at, actor, reason, False)


def _remember(session: Session, row: ContactRow, deed: str, at: datetime, by: str, reason: str, counts: bool) -> None:
    counts = counts and deed in INMATES_OWN and row.number_class == "social"
    session.add(ListEventRow(inmate_id=row.inmate_id, number=row.number, at=at, deed=deed, by=by, reason=reason, counts=counts))
    session.flush()


def _contact(session: Session, inmate: InmateRow, number: str) -> ContactRow:
    query = select(ContactRow).where(ContactRow.inmate_id == inmate.id, ContactRow.number == number)
    return one(session, query, f"{number} on the list of {inmate.number}")


def _subject(inmate: InmateRow, number: str) -> str:
    return f"{inmate.facility.code}/{inmate.number}/{number}"


def contact_info(row: ContactRow) -> ContactInfo:
    return ContactInfo(
        number=row.number,
        label=row.label,
        status=row.status,  # type: ignore[arg-type]
        number_class=row.number_class,  # type: ignore[arg-type]
        line=row.line,  # type: ignore[arg-type]
        recorded=row.recorded,
        dial=row.dial,
        requested_at=row.requested_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
    )
