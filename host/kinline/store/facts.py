"""What the rules look at for one attempt, gathered in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from kinline.accounts.ledger import debit_account, prepaid_account, receivable_account
from kinline.rules.model import (
    Billing,
    CalledParty,
    CallRequest,
    Contact,
    Facility,
    Inmate,
    PastCall,
    Place,
    Restriction,
)
from kinline.store.books import balance_of, credit_left
from kinline.store.counsel import in_force
from kinline.store.database import Database
from kinline.store.models import CalledPartyRow, CallRow
from kinline.store.places import windows_of
from kinline.store.registers import closed_prefixes, is_barred, standing_blocks
from kinline.store.restrictions import as_fact, concerning, whole_facility
from kinline.store.rows import handset_row
from kinline.store.tables.lists import ArrangementRow, ContactRow, PrefixRow
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, HandsetRow, UnitRow
from kinline.store.tables.restrictions import RestrictionRow


class Facts(Database):
    def call_request(
        self,
        inmate_id: int | None,
        number: str,
        device_id: str,
        at: datetime,
        billing: Billing | None = None,
        history_since: datetime | None = None,
    ) -> CallRequest:
        """Everything that the rules look at for one attempt; history from `history_since` where it is given."""
        with self._reading() as session:
            handset = handset_row(session, device_id)
            home = handset.facility
            inmate = session.get(InmateRow, inmate_id) if inmate_id is not None else None
            unit_ids = {row.unit_id for row in (handset, inmate) if row is not None and row.unit_id is not None}
            rows = concerning(session, at, home.id, unit_ids, handset.id, inmate_id)
            prefixes = closed_prefixes(session, home)
            past = _history(session, inmate, history_since) if inmate and history_since else ()
            return CallRequest(
                at=at,
                number=number,
                facility=_facility(session, home, [row for row in rows if whole_facility(row)], prefixes, at),
                unit=_unit(handset, inmate, [row for row in rows if row.unit_id is not None], at),
                phone=_phone(handset, [row for row in rows if row.handset_id is not None], at),
                inmate=_inmate(session, inmate, handset, rows, at) if inmate else None,
                billing=billing,
                called_party=_called_party(session, number, home, inmate, prefixes),
                history=past,
            )

    def dialed(self, inmate_id: int | None, device_id: str, digits: str) -> str:
        """The number that an inmate's own short code stands for, or the digits as they were keyed."""
        with self._reading() as session:
            inmate = session.get(InmateRow, inmate_id) if inmate_id is not None else None
            if inmate is None or inmate.facility_id != handset_row(session, device_id).facility_id:
                return digits
            return next((row.number for row in inmate.contacts if row.dial is not None and row.dial == digits), digits)

    def balance_micros(self, account: str) -> int:
        with self._reading() as session:
            return balance_of(session, account)


# All this is asked between the last digit and the call: put together once, which costs more than asking, and columns
# where objects say no more.
_UNITS = select(UnitRow).where(UnitRow.facility_id == bindparam("home"))
_OPEN_CALL = select(CallRow.id).where(CallRow.inmate_id == bindparam("caller"), CallRow.ended_at.is_(None))
_CONTACTS = (
    select(
        ContactRow.number,
        ContactRow.status,
        ContactRow.number_class,
        ContactRow.line,
        ContactRow.call_seconds,
        ContactRow.recorded,
    )
    .where(ContactRow.inmate_id == bindparam("caller"))
    .order_by(ContactRow.id)
)
_ARRANGEMENTS = select(ArrangementRow).where(ArrangementRow.inmate_id == bindparam("caller"))
_LINE = select(CalledPartyRow.line).where(CalledPartyRow.number == bindparam("called"))
_PAST = (
    select(CallRow.started_at, CallRow.talk_seconds, CallRow.number, CallRow.outcome, CallRow.number_class)
    .where(CallRow.inmate_id == bindparam("caller"), CallRow.started_at >= bindparam("since"), CallRow.ended_at.is_not(None))
    .order_by(CallRow.started_at)
)


def _suspension(rows: Sequence[RestrictionRow], at: datetime) -> tuple[bool, bool, tuple[Restriction, ...]]:
    """Suspended now without a known end; whether counsel too; and the suspensions that end or are to come."""
    endless = [row for row in rows if row.ends_at is None and (row.starts_at is None or row.starts_at <= at)]
    facts = [as_fact(row) for row in endless]
    others = tuple(as_fact(row) for row in rows if row not in endless)
    return bool(endless), any(fact.counsel for fact in facts), others


def _facility(
    session: Session, row: FacilityRow, rows: Sequence[RestrictionRow], prefixes: Sequence[PrefixRow], at: datetime
) -> Facility:
    suspended, counsel, suspensions = _suspension(rows, at)
    units = session.scalars(_UNITS, {"home": row.id})
    return Facility(
        timezone=row.timezone,
        suspended=suspended,
        counsel_suspended=counsel,
        suspensions=suspensions,
        hours=windows_of(row),
        schedules={unit.name: windows for unit in units if (windows := windows_of(unit)) is not None},
        call_seconds=row.call_seconds,
        recorded=row.recorded,
        caller_id=row.caller_id,
        blocked_prefixes=tuple(prefix.prefix for prefix in prefixes if not prefix.third_party),
    )


def _unit(handset: HandsetRow, inmate: InmateRow | None, rows: Sequence[RestrictionRow], at: datetime) -> Place:
    """The unit where the telephone hangs and the one where the inmate lives, as one place: the stricter word of each."""
    units = [unit for unit in (handset.unit, inmate.unit if inmate else None) if unit is not None]
    suspended, counsel, suspensions = _suspension(rows, at)
    return Place(
        name=units[0].name if units else "",
        suspended=suspended,
        counsel_suspended=counsel,
        suspensions=suspensions,
        # The living unit's own hours are in the facility's schedules.
        hours=windows_of(handset.unit) if handset.unit is not None else None,
        call_seconds=min((unit.call_seconds for unit in units if unit.call_seconds is not None), default=None),
        recorded=all(unit.recorded for unit in units),
    )


def _phone(row: HandsetRow, rows: Sequence[RestrictionRow], at: datetime) -> Place:
    suspended, counsel, suspensions = _suspension(rows, at)
    return Place(
        name=row.device_id,
        # A telephone out of service is so for every call, with counsel too.
        suspended=suspended or not row.enabled,
        counsel_suspended=counsel or not row.enabled,
        suspensions=suspensions,
        hours=windows_of(row),
        call_seconds=row.call_seconds,
        recorded=row.recorded,
    )


def _inmate(session: Session, row: InmateRow, handset: HandsetRow, rows: Sequence[RestrictionRow], at: datetime) -> Inmate:
    return Inmate(
        id=row.number,
        unit=row.unit.name if row.unit else None,
        language=row.language,  # type: ignore[arg-type]
        active=row.status == "active" and row.facility_id == handset.facility_id,
        on_call=session.scalar(_OPEN_CALL, {"caller": row.id}) is not None,
        debit_micros=balance_of(session, debit_account(row.id)),
        contacts=_contacts(session, row, at),
        restrictions=tuple(as_fact(restriction) for restriction in rows if restriction.inmate_id == row.id),
        call_seconds=row.call_seconds,
        recorded=row.recorded,
        arrested_at=row.arrested_at,
        custodial_parent=row.custodial_parent,
    )


def _contacts(session: Session, row: InmateRow, at: datetime) -> tuple[Contact, ...]:
    """The list, and the attorneys of the arrangements in force, whose numbers need not be on it."""
    contacts = session.execute(_CONTACTS, {"caller": row.id}).all()
    counsel = {
        arrangement.number for arrangement in session.scalars(_ARRANGEMENTS, {"caller": row.id}) if in_force(arrangement, at)
    }
    listed = tuple(
        Contact(
            number=contact.number,
            status=contact.status,
            number_class=contact.number_class,
            line=contact.line,
            call_seconds=contact.call_seconds,
            recorded=contact.recorded,
        )
        for contact in contacts
        if contact.number not in counsel
    )
    lines = {contact.number: contact.line for contact in contacts}
    arranged = tuple(
        Contact(number=number, number_class="privileged", line=lines.get(number), recorded=False) for number in sorted(counsel)
    )
    return listed + arranged


def _called_party(
    session: Session, number: str, home: FacilityRow, inmate: InmateRow | None, prefixes: Sequence[PrefixRow]
) -> CalledParty:
    line = session.scalar(_LINE, {"called": number})
    blocks = [row for row in standing_blocks(session, number) if row.facility_id in (home.id, None)]
    credit = credit_left(session, receivable_account("direct_bill", number))
    return CalledParty(
        blocked=any(row.by == "called_party" for row in blocks),
        # A bar closes the number also where the rules ask for no list.
        blocked_by_facility=any(row.by == "staff" for row in blocks) or is_barred(session, number, home, inmate),
        third_party_service=any(row.third_party and number.startswith(row.prefix) for row in prefixes),
        prepaid_micros=balance_of(session, prepaid_account(number)),
        direct_bill=credit is not None,
        direct_bill_credit_micros=credit,
        line=line,  # type: ignore[arg-type]
        # A facility that has not said what is local to it leaves that open.
        local=any(number.startswith(prefix) for prefix in home.local_prefixes) if home.local_prefixes else None,
    )


def _history(session: Session, inmate: InmateRow, since: datetime) -> tuple[PastCall, ...]:
    past = session.execute(_PAST, {"caller": inmate.id, "since": since})
    return tuple(PastCall(row.started_at, row.talk_seconds, row.number, row.outcome or "", row.number_class) for row in past)
