"""Inmates: who they are, where they live, whether they may call."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.accounts.pins import PinBook, check_pin
from kinline.rules.model import Language
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, StoreError
from kinline.store.registers import drop_barred
from kinline.store.rows import SYSTEM, facility_row, inmate_row, insert, moment, unit_id
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow


@dataclass(frozen=True, slots=True)
class InmateInfo:
    id: int
    number: str
    name: str
    facility: str
    unit: str | None
    language: Language
    status: str
    voice_exempt: bool
    text_telephone: bool


class Inmates(Database):
    _pins: PinBook

    def add_inmate(
        self,
        facility: str,
        number: str,
        name: str,
        pin: str | None = None,
        unit: str | None = None,
        language: Language = "en",
        actor: str = SYSTEM,
        arrested_at: datetime | None = None,
        custodial_parent: bool = False,
    ) -> int:
        """Raises Conflict if the number, or in a PIN-only facility the PIN, is taken; PinError for a malformed PIN."""
        with self._writing() as session:
            home = facility_row(session, facility)
            row = InmateRow(
                facility_id=home.id,
                unit_id=unit_id(session, home, unit),
                number=number,
                name=name,
                language=language,
                arrested_at=arrested_at,
                custodial_parent=custodial_parent,
            )
            if pin is not None:
                give_pin(self._pins, row, home, pin)
            if pin is not None:
                refuse_taken(session, row)
            return insert(session, row, actor, "inmate.add", f"{facility}/{number}", f"inmate {number} of {facility}")

    def set_inmate_status(self, facility: str, number: str, status: str, actor: str = SYSTEM) -> None:
        """`active` may call; any other status may not."""
        with self._writing() as session:
            inmate_row(session, facility, number).status = status
            audit.record(session, moment(None), actor, "inmate.status", f"{facility}/{number}", {"status": status})

    def change_inmate(
        self,
        facility: str,
        number: str,
        name: str | None = None,
        language: Language | None = None,
        arrested_at: datetime | None = None,
        custodial_parent: bool | None = None,
        call_seconds: int | None = None,
        recorded: bool | None = None,
        voice_exempt: bool | None = None,
        text_telephone: bool | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> None:
        """Change what is given; the rest stays. `call_seconds` 0 ends a limit of the inmate's own."""
        wanted = {
            "name": name,
            "language": language,
            "arrested_at": arrested_at,
            "custodial_parent": custodial_parent,
            "call_seconds": call_seconds,
            "recorded": recorded,
            "voice_exempt": voice_exempt,
            "text_telephone": text_telephone,
        }
        changes = {key: value for key, value in wanted.items() if value is not None}
        if not changes:
            raise StoreError(f"inmate {number}: nothing to change was given")
        with self._writing() as session:
            row = inmate_row(session, facility, number)
            for key, value in changes.items():
                setattr(row, key, value if key != "call_seconds" else value or None)
            told = {key: value.isoformat() if isinstance(value, datetime) else value for key, value in changes.items()}
            audit.record(session, moment(at), actor, "inmate.change", f"{facility}/{number}", told)

    def move_inmate(
        self,
        facility: str,
        number: str,
        unit: str | None = None,
        to_facility: str | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> None:
        """To another unit (None: to none), or to another facility, with list, money and restrictions.

        In a facility that goes by PIN alone the PIN has to be made anew, since it may be somebody's there. Numbers that
        the new facility bars go off the list. Raises Conflict if the inmate's number is taken there.
        """
        with self._writing() as session:
            row, when = inmate_row(session, facility, number), moment(at)
            home = row.facility if to_facility is None else facility_row(session, to_facility)
            details = {"unit": unit, "facility": home.code}
            if home.id != row.facility_id:
                taken = select(InmateRow.id).where(InmateRow.facility_id == home.id, InmateRow.number == number)
                if session.scalar(taken) is not None:
                    raise Conflict(f"inmate {number} exists in {home.code} already; give one of the two another number")
                if "pin" in (home.pin_mode, row.facility.pin_mode):
                    row.pin_hash = row.pin_index = None
                row.facility = home
            row.unit_id = unit_id(session, home, unit)
            session.flush()
            drop_barred(session, row, when, actor)
            audit.record(session, when, actor, "inmate.move", f"{facility}/{number}", details)

    def inmates(self, facility: str | None = None) -> list[InmateInfo]:
        with self._reading() as session:
            query = select(InmateRow).order_by(InmateRow.facility_id, InmateRow.number)
            if facility is not None:
                query = query.where(InmateRow.facility_id == facility_row(session, facility).id)
            return [inmate_info(row) for row in session.scalars(query)]

    def inmate(self, facility: str, number: str) -> InmateInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return inmate_info(inmate_row(session, facility, number))


def give_pin(pins: PinBook, row: InmateRow, home: FacilityRow, pin: str) -> None:
    """Put a PIN's hash, and where PINs are told apart its index, into an inmate's row."""
    row.pin_hash = pins.hash(check_pin(pin))
    row.pin_index = pins.index(home.id, pin) if home.pin_mode == "pin" else None


def refuse_taken(session: Session, row: InmateRow) -> None:
    """Raises Conflict for a PIN that would not tell its inmate from another. The words do not say that it is somebody's."""
    same = select(InmateRow.id).where(InmateRow.facility_id == row.facility_id, InmateRow.pin_index == row.pin_index)
    with session.no_autoflush:
        taken = row.pin_index is not None and session.scalar(same.where(InmateRow.number != row.number)) is not None
    if taken:
        raise pin_refused(row)


def pin_refused(row: InmateRow) -> Conflict:
    return Conflict(f"this PIN cannot be given; choose another, or let Kinline make one: kinline inmate issue-pin {row.number}")


def inmate_info(row: InmateRow) -> InmateInfo:
    return InmateInfo(
        id=row.id,
        number=row.number,
        name=row.name,
        facility=row.facility.code,
        unit=row.unit.name if row.unit else None,
        language=row.language,  # type: ignore[arg-type]
        status=row.status,
        voice_exempt=row.voice_exempt,
        text_telephone=row.text_telephone,
    )
