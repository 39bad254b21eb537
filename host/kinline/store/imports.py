"""Sheets of inmates, contacts and barred numbers: all of a sheet is taken, or none, with every bad line told."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.accounts.pins import PinBook, check_pin
from kinline.people.sheet import Column, Fault, Row, SheetError, one_of, plain_text, read_sheet
from kinline.rules.model import ContactStatus
from kinline.rules.numbers import to_e164
from kinline.rules.profile import ContactList
from kinline.store import audit
from kinline.store.contacts import enter_contact
from kinline.store.database import Database
from kinline.store.errors import StoreError
from kinline.store.given import NewContact
from kinline.store.registers import place_bar
from kinline.store.rows import SYSTEM, facility_row, inmate_row, moment
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, UnitRow


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines were taken; for barred numbers also off whose lists they went, as FACILITY/NUMBER."""

    rows: int
    removed_from: tuple[str, ...] = ()


def _phone_number(text: str) -> str:
    full = to_e164("".join(sign for sign in text if sign not in " ()-."))
    if full is None:
        raise ValueError(f"{text!r} is not a telephone number; write it as dialed, or in full as +12025550123")
    return full


def _inmate_number(text: str) -> str:
    if not (text.isascii() and text.replace("-", "").isalnum() and text[0] != "-" and len(text) <= 20):
        raise ValueError(f"{text!r} is not an inmate's number; it has up to 20 letters, digits and hyphens")
    return text


def _short(most: int, check: Callable[[str], str] = plain_text) -> Callable[[str], str]:
    def checked(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"{len(text)} signs are too many; at most {most} fit")
        return check(text)

    return checked


INMATES = {
    "number": Column(_inmate_number),
    "name": Column(_short(200)),
    "unit": Column(_short(60), needed=False),
    "language": Column(one_of("en", "es"), needed=False, default="en"),
    "pin": Column(check_pin, needed=False),
}
CONTACTS = {
    "inmate": Column(_inmate_number),
    "number": Column(_phone_number),
    "label": Column(_short(100), needed=False),
    "class": Column(one_of("social", "free", "relay"), needed=False, default="social"),
    "line": Column(one_of("landline", "cell"), needed=False),
    "status": Column(one_of("approved", "pending"), needed=False, default="approved"),
}
NUMBERS = {
    "number": Column(_phone_number),
    "kind": Column(one_of("victim", "do_not_call", "owner_request")),
    "reference": Column(_short(200)),
}


class Imports(Database):
    _pins: PinBook

    def import_inmates(
        self, facility: str, data: bytes, source: str, at: datetime | None = None, actor: str = SYSTEM
    ) -> Imported:
        """Add the inmates of a sheet with the columns INMATES. Raises SheetError with every fault, NotFound."""
        rows = read_sheet(data, INMATES, ("number",), source)
        # Hashing is slow on purpose; the write lock is not held for it.
        hashes = {row.line: self._pins.hash(row["pin"]) for row in rows if row["pin"]}
        with self._writing() as session:
            home = facility_row(session, facility)
            units = {row.name: row.id for row in session.scalars(select(UnitRow).where(UnitRow.facility_id == home.id))}
            taken = set(session.scalars(select(InmateRow.number).where(InmateRow.facility_id == home.id)))
            _raise_faults(source, [fault for row in rows for fault in _inmate_faults(row, home, units, taken)])
            session.add_all(
                InmateRow(
                    facility_id=home.id,
                    unit_id=units[row["unit"]] if row["unit"] else None,
                    number=row["number"],
                    name=row["name"],
                    language=row["language"],
                    pin_hash=hashes.get(row.line),
                )
                for row in rows
            )
            session.flush()
            _log(session, "inmate.import", facility, rows, data, at, actor)
            return Imported(len(rows))

    def import_contacts(
        self, facility: str, data: bytes, source: str, rule: ContactList, at: datetime | None = None, actor: str = SYSTEM
    ) -> Imported:
        """Enter the contacts of a sheet with the columns CONTACTS, under the list's maximum.

        Staff copy lists that stand, so the change window is begun by it and not asked. Raises SheetError, NotFound.
        """
        rows = read_sheet(data, CONTACTS, ("inmate", "number"), source)
        faults: list[Fault] = []
        with self._writing() as session:
            for row in rows:
                with _told(faults, row, "number"):
                    inmate = inmate_row(session, facility, row["inmate"])
                    status: ContactStatus = row["status"]  # type: ignore[assignment]
                    enter_contact(session, inmate, _new_contact(row), status, rule.maximum, moment(at), actor)
            _raise_faults(source, faults)
            _log(session, "contact.import", facility, rows, data, at, actor)
            return Imported(len(rows))

    def import_barred(
        self, facility: str | None, data: bytes, source: str, at: datetime | None = None, actor: str = SYSTEM
    ) -> Imported:
        """Bar the numbers of a sheet with the columns NUMBERS at a facility, or everywhere. Raises SheetError, NotFound."""
        rows = read_sheet(data, NUMBERS, ("number", "kind"), source)
        faults: list[Fault] = []
        removed: list[str] = []
        with self._writing() as session:
            home = facility_row(session, facility) if facility is not None else None
            for row in rows:
                with _told(faults, row, "number"):
                    kind, reference = row["kind"], row["reference"]
                    placed = place_bar(session, row["number"], kind, reference, home, None, moment(at), actor)  # type: ignore[arg-type]
                    removed += placed.removed_from
            _raise_faults(source, faults)
            _log(session, "number.import", facility or "everywhere", rows, data, at, actor)
            return Imported(len(rows), tuple(removed))


def _inmate_faults(row: Row, home: FacilityRow, units: dict[str, int], taken: set[str]) -> Iterator[Fault]:
    if row["number"] in taken:
        yield Fault(row.line, "number", f"inmate {row['number']} of {home.code} exists already; leave the line out")
    if row["unit"] and row["unit"] not in units:
        yield Fault(row.line, "unit", f"there is no unit {row['unit']!r} in {home.code}; add it first, or check the spelling")
    if row["pin"] and home.pin_mode == "pin":
        reason = "where PINs alone tell who it is, Kinline makes them: leave the column out, then issue the PINs"
        yield Fault(row.line, "pin", reason)


def _new_contact(row: Row) -> NewContact:
    return NewContact(
        number=row["number"],
        label=row["label"],
        number_class=row["class"],  # type: ignore[arg-type]
        line=row["line"] or None,  # type: ignore[arg-type]
    )


@contextmanager
def _told(faults: list[Fault], row: Row, column: str) -> Iterator[None]:
    """What the store refuses about a line becomes that line's fault."""
    try:
        yield
    except StoreError as error:
        faults.append(Fault(row.line, column, str(error)))


def _raise_faults(source: str, faults: list[Fault]) -> None:
    if faults:
        raise SheetError(source, faults)


def _log(session: Session, action: str, subject: str, rows: list[Row], data: bytes, at: datetime | None, actor: str) -> None:
    details = {"rows": len(rows), "sha256": hashlib.sha256(data).hexdigest()}
    audit.record(session, moment(at), actor, action, subject, details)
