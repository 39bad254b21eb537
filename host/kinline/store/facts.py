"""What the rules look at for one attempt, gathered in one transaction.

It is asked between the last digit and the call: past the ORM, by statements that are put together once.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select

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
from kinline.store.registers import blockers, closed_prefixes, is_barred
from kinline.store.restrictions import Concern, concerning, whole_facility
from kinline.store.rows import handset_row, unknown
from kinline.store.tables.base import AnyRow, columns
from kinline.store.tables.lists import ArrangementRow, ContactRow
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, HandsetRow, UnitRow


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
        """Everything that the rules look at for one attempt; history from `history_since` where it is given.

        Raises NotFound where there is no such handset.
        """
        with self._looking() as connection:
            phone = connection.execute(_PHONE, {"device": device_id}).one_or_none()
            if phone is None:
                raise unknown(f"handset {device_id!r}")
            home = connection.execute(_HOME, {"home": phone.facility_id}).one()
            inmate = connection.execute(_INMATE, {"caller": inmate_id}).one_or_none() if inmate_id is not None else None
            lives = inmate.unit_id if inmate is not None else None
            units = {unit.id: unit for unit in connection.execute(_UNITS, {"home": home.id, "lives": lives})}
            concerns = concerning(connection, at, home.id, phone.unit_id, lives, phone.id, inmate_id)
            prefixes = closed_prefixes(connection, home.id)
            past = _history(connection, inmate.id, history_since) if inmate is not None and history_since else ()
            return CallRequest(
                at=at,
                number=number,
                facility=_facility(home, units.values(), [each for each in concerns if whole_facility(each)], prefixes, at),
                unit=_unit(
                    units.get(phone.unit_id), units.get(lives), [each for each in concerns if each.unit_id is not None], at
                ),
                phone=_phone(phone, [each for each in concerns if each.handset_id is not None], at),
                inmate=_inmate(connection, inmate, units.get(lives), phone, concerns, at) if inmate is not None else None,
                billing=billing,
                called_party=_called_party(connection, number, home, inmate_id if inmate is not None else None, prefixes),
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


_PHONE = select(
    HandsetRow.id,
    HandsetRow.device_id,
    HandsetRow.facility_id,
    HandsetRow.unit_id,
    HandsetRow.enabled,
    HandsetRow.windows,
    HandsetRow.call_seconds,
    HandsetRow.recorded,
).where(HandsetRow.device_id == bindparam("device"))
_HOME = select(columns(FacilityRow)).where(FacilityRow.id == bindparam("home"))
_UNITS = select(columns(UnitRow)).where(or_(UnitRow.facility_id == bindparam("home"), UnitRow.id == bindparam("lives")))
_INMATE = select(
    InmateRow.id,
    InmateRow.number,
    InmateRow.facility_id,
    InmateRow.unit_id,
    InmateRow.language,
    InmateRow.status,
    InmateRow.call_seconds,
    InmateRow.recorded,
    InmateRow.arrested_at,
    InmateRow.custodial_parent,
    select(CallRow.id).where(CallRow.inmate_id == InmateRow.id, CallRow.ended_at.is_(None)).exists().label("on_call"),
).where(InmateRow.id == bindparam("caller"))
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
_ARRANGEMENTS = select(
    ArrangementRow.number, ArrangementRow.starts_at, ArrangementRow.ends_at, ArrangementRow.withdrawn_at
).where(ArrangementRow.inmate_id == bindparam("caller"))
_LINE = select(CalledPartyRow.line).where(CalledPartyRow.number == bindparam("called"))
_PAST = (
    select(CallRow.started_at, CallRow.talk_seconds, CallRow.number, CallRow.outcome, CallRow.number_class)
    .where(CallRow.inmate_id == bindparam("caller"), CallRow.started_at >= bindparam("since"), CallRow.ended_at.is_not(None))
    .order_by(CallRow.started_at)
)


def _suspension(concerns: Sequence[Concern], at: datetime) -> tuple[bool, bool, tuple[Restriction, ...]]:
    """Suspended now without a known end; whether counsel too; and the suspensions that end or are to come."""
    facts = [concern.fact for concern in concerns]
    endless = [fact for fact in facts if fact.until is None and (fact.since is None or fact.since <= at)]
    others = tuple(fact for fact in facts if fact not in endless)
    return bool(endless), any(fact.counsel for fact in endless), others


def _facility(
    home: AnyRow, units: Iterable[AnyRow], concerns: Sequence[Concern], prefixes: Sequence[AnyRow], at: datetime
) -> Facility:
    suspended, counsel, suspensions = _suspension(concerns, at)
    own = [unit for unit in units if unit.facility_id == home.id]
    return Facility(
        timezone=home.timezone,
        suspended=suspended,
        counsel_suspended=counsel,
        suspensions=suspensions,
        hours=windows_of(home),
        schedules={unit.name: windows for unit in own if (windows := windows_of(unit)) is not None},
        call_seconds=home.call_seconds,
        recorded=home.recorded,
        caller_id=home.caller_id,
        blocked_prefixes=tuple(prefix.prefix for prefix in prefixes if not prefix.third_party),
    )


def _unit(hangs: AnyRow | None, lives: AnyRow | None, concerns: Sequence[Concern], at: datetime) -> Place:
    """The unit where the telephone hangs and the one where the inmate lives, as one place: the stricter word of each."""
    units = [unit for unit in (hangs, lives) if unit is not None]
    suspended, counsel, suspensions = _suspension(concerns, at)
    return Place(
        name=units[0].name if units else "",
        suspended=suspended,
        counsel_suspended=counsel,
        suspensions=suspensions,
        # The living unit's own hours are in the facility's schedules.
        hours=windows_of(hangs) if hangs is not None else None,
        call_seconds=min((unit.call_seconds for unit in units if unit.call_seconds is not None), default=None),
        recorded=all(unit.recorded for unit in units),
    )


def _phone(phone: AnyRow, concerns: Sequence[Concern], at: datetime) -> Place:
    suspended, counsel, suspensions = _suspension(concerns, at)
    return Place(
        name=phone.device_id,
        # A telephone out of service is so for every call, with counsel too.
        suspended=suspended or not phone.enabled,
        counsel_suspended=counsel or not phone.enabled,
        suspensions=suspensions,
        hours=windows_of(phone),
        call_seconds=phone.call_seconds,
        recorded=phone.recorded,
    )


def _inmate(
    connection: Connection, row: AnyRow, lives: AnyRow | None, phone: AnyRow, concerns: Sequence[Concern], at: datetime
) -> Inmate:
    account = debit_account(row.id)
    return Inmate(
        id=row.number,
        unit=lives.name if lives is not None else None,
        language=row.language,
        active=row.status == "active" and row.facility_id == phone.facility_id,
        on_call=row.on_call,
        debit_micros=balance_of(connection, account),
        contacts=_contacts(connection, row.id, at),
        restrictions=tuple(concern.fact for concern in concerns if concern.inmate_id == row.id),
        call_seconds=row.call_seconds,
        recorded=row.recorded,
        arrested_at=row.arrested_at,
        custodial_parent=row.custodial_parent,
    )


def _contacts(connection: Connection, inmate_id: int, at: datetime) -> tuple[Contact, ...]:
    """The list, and the attorneys of the arrangements in force, whose numbers need not be on it."""
    contacts = connection.execute(_CONTACTS, {"caller": inmate_id}).all()
    arrangements = connection.execute(_ARRANGEMENTS, {"caller": inmate_id})
    counsel = {arrangement.number for arrangement in arrangements if in_force(arrangement, at)}
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
    connection: Connection, number: str, home: AnyRow, inmate_id: int | None, prefixes: Sequence[AnyRow]
) -> CalledParty:
    line = connection.scalar(_LINE, {"called": number})
    blocked_by = blockers(connection, number, home.id)
    credit = credit_left(connection, receivable_account("direct_bill", number))
    return CalledParty(
        blocked="called_party" in blocked_by,
        # A bar closes the number also where the rules ask for no list.
        blocked_by_facility="staff" in blocked_by or is_barred(connection, number, home.id, inmate_id),
        third_party_service=any(row.third_party and number.startswith(row.prefix) for row in prefixes),
        prepaid_micros=balance_of(connection, prepaid_account(number)),
        direct_bill=credit is not None,
        direct_bill_credit_micros=credit,
        line=line,  # type: ignore[arg-type]
        # A facility that has not said what is local to it leaves that open.
        local=any(number.startswith(prefix) for prefix in home.local_prefixes) if home.local_prefixes else None,
    )


def _history(connection: Connection, inmate_id: int, since: datetime) -> tuple[PastCall, ...]:
    past = connection.execute(_PAST, {"caller": inmate_id, "since": since})
    return tuple(PastCall(row.started_at, row.talk_seconds, row.number, row.outcome or "", row.number_class) for row in past)
