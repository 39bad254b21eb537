"""Callers' names in their own voices: kept once, heard and erased by staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import NotFound, StoreError
from kinline.store.rows import SYSTEM, facility_row, handset_row, inmate_row, moment
from kinline.store.tables.people import LONGEST_SOUND, InmateRow, SpokenNameRow
from kinline.store.tables.places import HandsetRow


@dataclass(frozen=True, slots=True)
class SpokenNameInfo:
    """That a name is kept, since when, and at which telephone it was said."""

    inmate: str
    recorded_at: datetime
    handset: str


class SpokenNames(Database):
    def keep_name(self, inmate_id: int, sound: bytes, device_id: str, at: datetime) -> None:
        """Keep what the inmate said; the first stays until staff erase it. Raises StoreError for no sound or too much."""
        if not 0 < len(sound) <= LONGEST_SOUND or len(sound) % 2:
            raise StoreError(f"a spoken name has 2 to {LONGEST_SOUND} bytes, in pairs; {len(sound)} were given")
        with self._writing() as session:
            inmate = session.get(InmateRow, inmate_id)
            if inmate is None:
                raise NotFound(f"inmate {inmate_id} does not exist")
            if session.get(SpokenNameRow, inmate_id) is not None:
                return
            row = SpokenNameRow(inmate_id=inmate_id, sound=sound, recorded_at=at, handset_id=handset_row(session, device_id).id)
            session.add(row)
            subject = f"{inmate.facility.code}/{inmate.number}"
            audit.record(session, at, SYSTEM, "name.keep", subject, {"handset": device_id})

    def name_sound(self, inmate_id: int) -> bytes | None:
        """The name in the inmate's voice, None where none is kept."""
        with self._reading() as session:
            return session.scalar(select(SpokenNameRow.sound).where(SpokenNameRow.inmate_id == inmate_id))

    def spoken_names(self, facility: str) -> list[SpokenNameInfo]:
        """Of the inmates of a facility, by their numbers."""
        with self._reading() as session:
            query = (
                select(InmateRow.number, SpokenNameRow.recorded_at, HandsetRow.device_id)
                .join(SpokenNameRow, SpokenNameRow.inmate_id == InmateRow.id)
                .join(HandsetRow, HandsetRow.id == SpokenNameRow.handset_id)
                .where(InmateRow.facility_id == facility_row(session, facility).id)
                .order_by(InmateRow.number)
            )
            return [SpokenNameInfo(*row) for row in session.execute(query)]

    def name_heard(self, facility: str, number: str, at: datetime | None = None, actor: str = SYSTEM) -> bytes:
        """The sound, for staff who hear it, which is written down. Raises NotFound."""
        with self._writing() as session:
            sound = _kept(session, facility, number).sound
            audit.record(session, moment(at), actor, "name.play", f"{facility}/{number}")
            return sound

    def erase_name(self, facility: str, number: str, reason: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """The inmate is asked anew at the next visit. Raises NotFound."""
        with self._writing() as session:
            session.delete(_kept(session, facility, number))
            audit.record(session, moment(at), actor, "name.erase", f"{facility}/{number}", {"reason": reason})


def _kept(session: Session, facility: str, number: str) -> SpokenNameRow:
    row = session.get(SpokenNameRow, inmate_row(session, facility, number).id)
    if row is None:
        raise NotFound(f"no name of inmate {number} is kept in their own voice; they are asked at their next visit")
    return row
