"""Facilities, handsets, inmates, contacts and called parties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar

from sqlalchemy import Engine, Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kinline.accounts.ledger import debit_account, prepaid_account, receivable_account
from kinline.accounts.pins import Lockout, PinBook, check_pin
from kinline.rules.model import (
    Billing,
    CalledParty,
    CallRequest,
    Contact,
    ContactStatus,
    Facility,
    Inmate,
    Language,
    Line,
    NumberClass,
    PastCall,
    Restriction,
    Window,
)
from kinline.rules.profile import PinMode
from kinline.store import audit
from kinline.store.books import balance_of, credit_left
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.models import (
    AccountRow,
    Base,
    BlockRow,
    CalledPartyRow,
    CallRow,
    ContactRow,
    FacilityRow,
    HandsetRow,
    InmateRow,
    RestrictionRow,
    UnitRow,
)

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class HandsetInfo:
    """A handset as the daemon needs it. `psk` is the device's 16-byte key and never shown or logged."""

    id: int
    device_id: str
    psk: bytes
    facility: str
    facility_name: str
    timezone: str
    profile: str
    pin_mode: PinMode
    unit: str | None
    label: str
    enabled: bool
    locked_until: datetime | None

    def __repr__(self) -> str:
        return f"HandsetInfo(device_id={self.device_id!r}, facility={self.facility!r}, unit={self.unit!r})"


@dataclass(frozen=True, slots=True)
class InmateInfo:
    id: int
    number: str
    name: str
    facility: str
    unit: str | None
    language: Language
    status: str
    name_prompt: str | None


@dataclass(frozen=True, slots=True)
class ContactInfo:
    number: str
    label: str
    status: ContactStatus
    number_class: NumberClass
    line: Line | None
    recorded: bool


@dataclass(frozen=True, slots=True)
class PinFound:
    inmate: InmateInfo


@dataclass(frozen=True, slots=True)
class PinWrong:
    """`locked_until` is set when this miss locked the handset."""

    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class PinLocked:
    locked_until: datetime


PinAnswer = PinFound | PinWrong | PinLocked

_Row = TypeVar("_Row", bound=Base)


class People(Database):
    def __init__(self, engine: Engine, pins: PinBook) -> None:
        super().__init__(engine)
        self._pins = pins

    # Set-up

    def add_facility(
        self,
        code: str,
        name: str,
        timezone: str,
        profile: str,
        pin_mode: PinMode = "id+pin",
        caller_id: str | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Raises Conflict if the code is taken."""
        row = FacilityRow(code=code, name=name, timezone=timezone, profile=profile, pin_mode=pin_mode, caller_id=caller_id)
        return self._add(row, actor, "facility.add", code, f"facility {code}")

    def add_unit(self, facility: str, name: str, windows: Sequence[Window] | None = None, actor: str = SYSTEM) -> int:
        """A living unit, with its own calling windows where it has some."""
        with self._writing() as session:
            home = _facility(session, facility)
            row = UnitRow(facility_id=home.id, name=name, windows=_windows_json(windows))
            return _insert(session, row, actor, "unit.add", f"{facility}/{name}", f"unit {name} of {facility}")

    def add_handset(
        self,
        device_id: str,
        psk: bytes,
        facility: str,
        unit: str | None = None,
        label: str = "",
        actor: str = SYSTEM,
    ) -> int:
        if len(psk) != 16:
            raise StoreError("a handset's key has 16 bytes, that is 32 hexadecimal digits")
        with self._writing() as session:
            home = _facility(session, facility)
            row = HandsetRow(
                device_id=device_id,
                psk=psk,
                facility_id=home.id,
                unit_id=_unit_id(session, home, unit),
                label=label,
            )
            return _insert(session, row, actor, "handset.add", device_id, f"handset {device_id}")

    def add_inmate(
        self,
        facility: str,
        number: str,
        name: str,
        pin: str | None = None,
        unit: str | None = None,
        language: Language = "en",
        name_prompt: str | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Raises Conflict if the number, or in a PIN-only facility the PIN, is taken; PinError for a malformed PIN."""
        with self._writing() as session:
            home = _facility(session, facility)
            row = InmateRow(
                facility_id=home.id,
                unit_id=_unit_id(session, home, unit),
                number=number,
                name=name,
                language=language,
                name_prompt=name_prompt,
            )
            if pin is not None:
                self._give_pin(row, home, pin)
            return _insert(session, row, actor, "inmate.add", f"{facility}/{number}", _inmate_clash(home, number))

    def set_pin(self, facility: str, number: str, pin: str, actor: str = SYSTEM) -> None:
        with self._writing() as session:
            home = _facility(session, facility)
            row = _inmate(session, facility, number)
            self._give_pin(row, home, pin)
            try:
                session.flush()
            except IntegrityError as error:
                raise Conflict("another inmate of this facility has this PIN; choose another") from error
            audit.record(session, _now(), actor, "inmate.set-pin", f"{facility}/{number}")

    def set_inmate_status(self, facility: str, number: str, status: str, actor: str = SYSTEM) -> None:
        """`active` may call; any other status may not."""
        with self._writing() as session:
            _inmate(session, facility, number).status = status
            audit.record(session, _now(), actor, "inmate.status", f"{facility}/{number}", {"status": status})

    def restrict_inmate(
        self,
        facility: str,
        number: str,
        starts_at: datetime | None,
        ends_at: datetime | None,
        reason: str,
        actor: str = SYSTEM,
    ) -> int:
        with self._writing() as session:
            inmate = _inmate(session, facility, number)
            row = RestrictionRow(inmate_id=inmate.id, starts_at=starts_at, ends_at=ends_at, reason=reason)
            return _insert(session, row, actor, "inmate.restrict", f"{facility}/{number}", "restriction")

    def suspend_facility(self, facility: str, suspended: bool, actor: str = SYSTEM) -> None:
        with self._writing() as session:
            _facility(session, facility).suspended = suspended
            audit.record(session, _now(), actor, "facility.suspend", facility, {"suspended": suspended})

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
    ) -> int:
        """Raises Conflict if the number is on the list already or the list holds its `maximum`."""
        with self._writing() as session:
            inmate = _inmate(session, facility, inmate_number)
            social = [row for row in inmate.contacts if row.number_class == "social" and row.status != "removed"]
            if maximum is not None and number_class == "social" and len(social) >= maximum:
                raise Conflict(f"the list of {inmate_number} is full with {maximum} numbers; remove one first")
            row = ContactRow(
                inmate_id=inmate.id,
                number=number,
                label=label,
                status=status,
                number_class=number_class,
                line=line,
                recorded=recorded,
            )
            subject = f"{facility}/{inmate_number}/{number}"
            return _insert(session, row, actor, "contact.add", subject, f"{number} on the list of {inmate_number}")

    def block_number(
        self,
        number: str,
        by: Literal["called_party", "staff"],
        facility: str | None = None,
        note: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> bool:
        """Refuse calls to a number, from one facility or from all; False if that block stands already."""
        with self._writing() as session:
            home = _facility(session, facility) if facility is not None else None
            return place_block(session, number, by, home.id if home else None, at or _now(), note, actor)

    def unblock_number(self, number: str, facility: str | None = None, actor: str = SYSTEM) -> int:
        """Lift the standing blocks on a number (of one facility, or all); how many were lifted."""
        with self._writing() as session:
            standing = _standing_blocks(number)
            if facility is not None:
                standing = standing.where(BlockRow.facility_id == _facility(session, facility).id)
            rows = session.scalars(standing).all()
            for row in rows:
                row.lifted_at = _now()
            if rows:
                audit.record(session, _now(), actor, "number.unblock", number, {"blocks": len(rows)})
            return len(rows)

    # Look-ups

    def facilities(self) -> list[FacilityRow]:
        with self._reading() as session:
            return list(session.scalars(select(FacilityRow).order_by(FacilityRow.code)))

    def handsets(self) -> list[HandsetInfo]:
        with self._reading() as session:
            return [_handset_info(row) for row in session.scalars(select(HandsetRow).order_by(HandsetRow.device_id))]

    def handset(self, device_id: str) -> HandsetInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return _handset_info(_handset(session, device_id))

    def inmates(self, facility: str | None = None) -> list[InmateInfo]:
        with self._reading() as session:
            query = select(InmateRow).order_by(InmateRow.facility_id, InmateRow.number)
            if facility is not None:
                query = query.where(InmateRow.facility_id == _facility(session, facility).id)
            return [_inmate_info(row) for row in session.scalars(query)]

    def inmate(self, facility: str, number: str) -> InmateInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return _inmate_info(_inmate(session, facility, number))

    def contacts(self, facility: str, inmate_number: str) -> list[ContactInfo]:
        with self._reading() as session:
            return [_contact_info(row) for row in _inmate(session, facility, inmate_number).contacts]

    # The call's questions

    def inmate_by_pin(self, device_id: str, inmate_number: str | None, pin: str, at: datetime) -> PinAnswer:
        """Who is at the handset. Counts a miss against the handset, which locks after three.

        `inmate_number` is None in a PIN-only facility. Whatever was keyed is answered, never raised on.
        """
        with self._writing() as session:
            handset = _handset(session, device_id)
            lock = Lockout(handset.pin_misses, handset.lock_level, handset.locked_until)
            if lock.locked_until is not None and lock.locked(at):
                return PinLocked(lock.locked_until)
            inmate = self._candidate(session, handset.facility, inmate_number, pin)
            found = self._pins.verify(inmate.pin_hash if inmate else None, pin)
            active = found and inmate is not None and inmate.status == "active"
            after = lock.succeeded() if active else lock.missed(at)
            handset.pin_misses, handset.lock_level = after.misses, after.level
            handset.locked_until = after.locked_until
            if active and inmate is not None:
                return PinFound(_inmate_info(inmate))
            return PinWrong(after.locked_until if after.locked(at) else None)

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
            handset = _handset(session, device_id)
            inmate = session.get(InmateRow, inmate_id) if inmate_id is not None else None
            past = _history(session, inmate, history_since) if inmate and history_since else ()
            return CallRequest(
                at=at,
                number=number,
                facility=_facility_facts(session, handset.facility),
                inmate=_inmate_facts(session, inmate, handset) if inmate else None,
                billing=billing,
                called_party=_called_party_facts(session, number, handset.facility_id),
                history=past,
            )

    def balance_micros(self, account: str) -> int:
        with self._reading() as session:
            return balance_of(session, account)

    # Parts

    def _add(self, row: Base, actor: str, action: str, subject: str, what: str) -> int:
        with self._writing() as session:
            return _insert(session, row, actor, action, subject, what)

    def _give_pin(self, row: InmateRow, home: FacilityRow, pin: str) -> None:
        row.pin_hash = self._pins.hash(check_pin(pin))
        row.pin_index = self._pins.index(home.id, pin) if home.pin_mode == "pin" else None

    def _candidate(self, session: Session, facility: FacilityRow, inmate_number: str | None, pin: str) -> InmateRow | None:
        query = select(InmateRow).where(InmateRow.facility_id == facility.id)
        if facility.pin_mode == "pin":
            return session.scalar(query.where(InmateRow.pin_index == self._pins.index(facility.id, pin)))
        # PostgreSQL refuses some characters that no inmate number has.
        number = inmate_number if inmate_number and inmate_number.isprintable() else ""
        return session.scalar(query.where(InmateRow.number == number))


def place_block(session: Session, number: str, by: str, facility_id: int | None, at: datetime, note: str, actor: str) -> bool:
    """Place a block inside a transaction; False if the same one stands already."""
    called_party(session, number)
    for row in session.scalars(_standing_blocks(number)):
        if row.by == by and row.facility_id in (facility_id, None):
            return False
    session.add(BlockRow(number=number, facility_id=facility_id, by=by, placed_at=at, note=note))
    audit.record(session, at, actor, "number.block", number, {"by": by, "facility_id": facility_id, "note": note})
    return True


def called_party(session: Session, number: str) -> CalledPartyRow:
    row = session.get(CalledPartyRow, number)
    if row is None:
        row = CalledPartyRow(number=number)
        session.add(row)
        session.flush()
    return row


def _insert(session: Session, row: Base, actor: str, action: str, subject: str, what: str) -> int:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"{what} exists already; choose another name, or list what there is") from error
    audit.record(session, _now(), actor, action, subject)
    return int(getattr(row, "id"))  # noqa: B009 - every row that comes here has one, which Base does not know


def _inmate_clash(home: FacilityRow, number: str) -> str:
    return f"inmate {number} of {home.code}" + (", or another inmate with this PIN," if home.pin_mode == "pin" else "")


def _facility(session: Session, code: str) -> FacilityRow:
    return _one(session, select(FacilityRow).where(FacilityRow.code == code), f"facility {code!r}")


def _handset(session: Session, device_id: str) -> HandsetRow:
    return _one(session, select(HandsetRow).where(HandsetRow.device_id == device_id), f"handset {device_id!r}")


def _inmate(session: Session, facility: str, number: str) -> InmateRow:
    home = _facility(session, facility)
    query = select(InmateRow).where(InmateRow.facility_id == home.id, InmateRow.number == number)
    return _one(session, query, f"inmate {number!r} of {facility}")


def _unit_id(session: Session, home: FacilityRow, unit: str | None) -> int | None:
    if unit is None:
        return None
    query = select(UnitRow).where(UnitRow.facility_id == home.id, UnitRow.name == unit)
    return _one(session, query, f"unit {unit!r} of {home.code}").id


def _one(session: Session, query: Select[_Row], what: str) -> _Row:
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"{what} does not exist; add it first, or check the spelling")
    return row


def _standing_blocks(number: str) -> Select[BlockRow]:
    return select(BlockRow).where(BlockRow.number == number, BlockRow.lifted_at.is_(None))


def _handset_info(row: HandsetRow) -> HandsetInfo:
    return HandsetInfo(
        id=row.id,
        device_id=row.device_id,
        psk=row.psk,
        facility=row.facility.code,
        facility_name=row.facility.name,
        timezone=row.facility.timezone,
        profile=row.facility.profile,
        pin_mode=row.facility.pin_mode,  # type: ignore[arg-type]
        unit=row.unit.name if row.unit else None,
        label=row.label,
        enabled=row.enabled,
        locked_until=row.locked_until,
    )


def _inmate_info(row: InmateRow) -> InmateInfo:
    return InmateInfo(
        id=row.id,
        number=row.number,
        name=row.name,
        facility=row.facility.code,
        unit=row.unit.name if row.unit else None,
        language=row.language,  # type: ignore[arg-type]
        status=row.status,
        name_prompt=row.name_prompt,
    )


def _contact_info(row: ContactRow) -> ContactInfo:
    return ContactInfo(
        number=row.number,
        label=row.label,
        status=row.status,  # type: ignore[arg-type]
        number_class=row.number_class,  # type: ignore[arg-type]
        line=row.line,  # type: ignore[arg-type]
        recorded=row.recorded,
    )


def _facility_facts(session: Session, row: FacilityRow) -> Facility:
    units = session.scalars(select(UnitRow).where(UnitRow.facility_id == row.id))
    return Facility(
        timezone=row.timezone,
        suspended=row.suspended,
        schedules={
            unit.name: tuple(Window.parse(*window) for window in unit.windows) for unit in units if unit.windows is not None
        },
        recorded=row.recorded,
        caller_id=row.caller_id,
    )


def _inmate_facts(session: Session, row: InmateRow, handset: HandsetRow) -> Inmate:
    open_call = select(CallRow.id).where(CallRow.inmate_id == row.id, CallRow.ended_at.is_(None))
    return Inmate(
        id=row.number,
        unit=row.unit.name if row.unit else None,
        language=row.language,  # type: ignore[arg-type]
        active=row.status == "active" and row.facility_id == handset.facility_id,
        on_call=session.scalar(open_call) is not None,
        debit_micros=balance_of(session, debit_account(row.id)),
        contacts=tuple(
            Contact(
                number=contact.number,
                status=contact.status,  # type: ignore[arg-type]
                number_class=contact.number_class,  # type: ignore[arg-type]
                line=contact.line,  # type: ignore[arg-type]
                recorded=contact.recorded,
            )
            for contact in row.contacts
        ),
        restrictions=tuple(Restriction(since=r.starts_at, until=r.ends_at) for r in row.restrictions),
    )


def _called_party_facts(session: Session, number: str, facility_id: int) -> CalledParty:
    blocks = [row for row in session.scalars(_standing_blocks(number)) if row.facility_id in (facility_id, None)]
    balance = session.get(AccountRow, prepaid_account(number))
    credit = credit_left(session, receivable_account("direct_bill", number))
    return CalledParty(
        blocked=any(row.by == "called_party" for row in blocks),
        blocked_by_facility=any(row.by == "staff" for row in blocks),
        prepaid_micros=balance.balance_micros if balance else 0,
        direct_bill=credit is not None,
        direct_bill_credit_micros=credit,
    )


def _history(session: Session, inmate: InmateRow, since: datetime) -> tuple[PastCall, ...]:
    query = (
        select(CallRow)
        .where(CallRow.inmate_id == inmate.id, CallRow.started_at >= since, CallRow.ended_at.is_not(None))
        .order_by(CallRow.started_at)
    )
    return tuple(
        PastCall(start=row.started_at, talk_seconds=row.talk_seconds, number=row.number, outcome=row.outcome or "")
        for row in session.scalars(query)
    )


def _windows_json(windows: Sequence[Window] | None) -> list[list[str]] | None:
    return None if windows is None else [str(window).split("-") for window in windows]


def _now() -> datetime:
    return datetime.now(UTC)
