"""Recordings as the database knows them: whose they are, what they were when they were closed, and who heard them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound
from kinline.store.models import CallRow
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, HandsetRow
from kinline.store.tables.recordings import RecordingRow


@dataclass(frozen=True, slots=True)
class RecordingClosed:
    """What a recording was when it was closed; see `RecordingRow`."""

    key_id: str
    rate: int
    frames: int
    missing_frames: int
    chunks: int
    link: str
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """A call's recording. `closed` is None for one that its host did not live to close."""

    call: int
    facility: str
    handset: str | None
    inmate: str | None
    number: str
    started_at: datetime
    talk_seconds: int
    file: Path
    closed: RecordingClosed | None


class Recordings(Database):
    def recording_closed(self, call_id: int, closed: RecordingClosed, at: datetime) -> None:
        """Keep what the file was. The first time counts."""
        with self._calling() as session:
            if session.get(RecordingRow, call_id) is None:
                session.add(
                    RecordingRow(
                        call_id=call_id,
                        key_id=closed.key_id,
                        rate=closed.rate,
                        frames=closed.frames,
                        missing_frames=closed.missing_frames,
                        chunks=closed.chunks,
                        link=closed.link,
                        closed_at=at,
                        trouble=closed.trouble[:200] if closed.trouble else None,
                    )
                )

    def recording(self, call_id: int, facility: str | None = None) -> RecordingInfo:
        """The recording of a call that is over. Raises NotFound, also for another facility's; Conflict while it goes on."""
        with self._reading() as session:
            return _finished(session, call_id, facility)

    def recordings(self, limit: int = 50, facility: str | None = None) -> list[RecordingInfo]:
        """Of calls that are over, the newest first."""
        with self._reading() as session:
            query = _query(facility).where(CallRow.ended_at.is_not(None)).order_by(CallRow.id.desc()).limit(limit)
            return [_info(row) for row in session.execute(query)]

    def recording_used(
        self, call_id: int, deed: str, details: Mapping[str, Any], at: datetime, actor: str, facility: str | None = None
    ) -> RecordingInfo:
        """Note in the audit log that somebody is about to hear, check or take away a recording; then it is theirs."""
        with self._writing() as session:
            info = _finished(session, call_id, facility)
            audit.record(session, at, actor, deed, f"call {call_id}", details)
            return info


def _query(facility: str | None) -> Select[CallRow, str, str | None, str | None, RecordingRow | None]:
    query: Select[Any, Any, Any, Any, Any] = (
        select(CallRow, FacilityRow.code, HandsetRow.device_id, InmateRow.number, RecordingRow)
        .join(FacilityRow, FacilityRow.id == CallRow.facility_id)
        .outerjoin(HandsetRow, HandsetRow.id == CallRow.handset_id)
        .outerjoin(InmateRow, InmateRow.id == CallRow.inmate_id)
        .outerjoin(RecordingRow, RecordingRow.call_id == CallRow.id)
        .where(CallRow.recording.is_not(None))
    )
    return query if facility is None else query.where(FacilityRow.code == facility)


def _finished(session: Session, call_id: int, facility: str | None) -> RecordingInfo:
    row = session.execute(_query(facility).where(CallRow.id == call_id)).one_or_none()
    if row is None:
        raise NotFound(f"call {call_id} has no recording; `kinline recordings list` shows those that have one")
    if row[0].ended_at is None:
        raise Conflict(f"call {call_id} is still being recorded; wait until it is over, or listen: kinline monitor listen")
    return _info(row)


def _info(row: Row[CallRow, str, str | None, str | None, RecordingRow | None]) -> RecordingInfo:
    call, facility, handset, inmate, kept = row
    closed = None
    if kept is not None:
        closed = RecordingClosed(kept.key_id, kept.rate, kept.frames, kept.missing_frames, kept.chunks, kept.link, kept.trouble)
    return RecordingInfo(
        call=call.id,
        facility=facility,
        handset=handset,
        inmate=inmate,
        number=call.number,
        started_at=call.started_at,
        talk_seconds=call.talk_seconds,
        file=Path(call.recording or ""),
        closed=closed,
    )
