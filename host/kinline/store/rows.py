"""Finding and adding rows by the names that staff use, inside a transaction that someone else has begun."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kinline.store import audit
from kinline.store.errors import Conflict, NotFound
from kinline.store.models import CalledPartyRow
from kinline.store.tables.base import Base
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, HandsetRow, UnitRow

SYSTEM = "system"

_Row = TypeVar("_Row", bound=Base)


def moment(at: datetime | None) -> datetime:
    """The moment given, or now."""
    return at or datetime.now(UTC)


def insert(
    session: Session,
    row: Base,
    actor: str,
    action: str,
    subject: str,
    what: str,
    at: datetime | None = None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Add a row with its audit row; the row's id. Raises Conflict naming `what` if it exists."""
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(f"{what} exists already; choose another name, or list what there is") from error
    audit.record(session, moment(at), actor, action, subject, details)
    return int(getattr(row, "id"))  # noqa: B009 - every row that comes here has one, which Base does not know


# Asked between the last digit and the call: put together once, which costs more than asking.
_HANDSET = select(HandsetRow).where(HandsetRow.device_id == bindparam("device"))
_HANDSET_IDS = select(HandsetRow.facility_id, HandsetRow.id).where(HandsetRow.device_id == bindparam("device"))


def facility_row(session: Session, code: str) -> FacilityRow:
    return one(session, select(FacilityRow).where(FacilityRow.code == code), f"facility {code!r}")


def handset_row(session: Session, device_id: str) -> HandsetRow:
    row = session.scalar(_HANDSET, {"device": device_id})
    if row is None:
        raise unknown(f"handset {device_id!r}")
    return row


def handset_ids(session: Session, device_id: str) -> tuple[int, int]:
    """Those of the facility and of the handset: all that a call's record needs."""
    found = session.execute(_HANDSET_IDS, {"device": device_id}).one_or_none()
    if found is None:
        raise unknown(f"handset {device_id!r}")
    return found.facility_id, found.id


def inmate_row(session: Session, facility: str, number: str) -> InmateRow:
    home = facility_row(session, facility)
    query = select(InmateRow).where(InmateRow.facility_id == home.id, InmateRow.number == number)
    return one(session, query, f"inmate {number!r} of {facility}")


def unit_row(session: Session, home: FacilityRow, unit: str) -> UnitRow:
    query = select(UnitRow).where(UnitRow.facility_id == home.id, UnitRow.name == unit)
    return one(session, query, f"unit {unit!r} of {home.code}")


def unit_id(session: Session, home: FacilityRow, unit: str | None) -> int | None:
    return None if unit is None else unit_row(session, home, unit).id


def called_party(session: Session, number: str) -> CalledPartyRow:
    """The called party's row, made at the first mention of the number."""
    row = session.get(CalledPartyRow, number)
    if row is None:
        row = CalledPartyRow(number=number)
        session.add(row)
        session.flush()
    return row


def one(session: Session, query: Select[_Row], what: str) -> _Row:
    """The row that the query finds. Raises NotFound naming `what`."""
    row = session.scalar(query)
    if row is None:
        raise unknown(what)
    return row


def unknown(what: str) -> NotFound:
    return NotFound(f"{what} does not exist; add it first, or check the spelling")
