"""The telephones' alarms, in the audit log: nobody can make one not have been. Read by staff, derived from its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.models import AuditRow
from kinline.store.rows import handset_row, moment
from kinline.store.tables.places import HandsetRow

_ACTION = "handset.alarms"


@dataclass(frozen=True, slots=True)
class AlarmInfo:
    """`id` is the row of the audit log that raised it; `cleared_at` is None while it stands."""

    id: int
    handset: str
    facility: str
    unit: str | None
    kind: str
    detail: str
    raised_at: datetime
    cleared_at: datetime | None


class Alarms(Database):
    def report_alarms(self, device_id: str, standing: Mapping[str, str], at: datetime | None = None) -> None:
        """What is wrong with a telephone now, kind to detail; written only if it is news. Raises NotFound."""
        with self._writing() as session:
            handset = handset_row(session, device_id)
            last = _rows(session, device_id)[-1:]
            if dict(standing) != (last[0].details["standing"] if last else {}):
                actor = f"handset {handset.device_id}"
                audit.record(session, moment(at), actor, _ACTION, device_id, {"standing": dict(standing)})

    def alarms(self, facility: str | None = None, cleared: bool = False) -> list[AlarmInfo]:
        """The alarms that stand, or with `cleared` all that ever were; the newest first."""
        with self._reading() as session:
            handsets = session.scalars(select(HandsetRow).order_by(HandsetRow.device_id)).all()
            found = [
                alarm
                for handset in handsets
                if facility in (None, handset.facility.code)
                for alarm in _told(handset, _rows(session, handset.device_id))
            ]
        return sorted((a for a in found if cleared or a.cleared_at is None), key=lambda a: (-a.id, a.kind))


def _rows(session: Session, device_id: str) -> list[AuditRow]:
    wanted = select(AuditRow).where(AuditRow.action == _ACTION, AuditRow.subject == device_id).order_by(AuditRow.id)
    return list(session.scalars(wanted))


def _told(handset: HandsetRow, rows: list[AuditRow]) -> list[AlarmInfo]:
    """One telephone's alarms, each from the row that raised it to the one that no longer has it."""
    over: list[AlarmInfo] = []
    standing: dict[str, AlarmInfo] = {}
    for row in rows:
        now: dict[str, str] = row.details["standing"]
        for kind in [kind for kind, alarm in standing.items() if now.get(kind) != alarm.detail]:
            over.append(_cleared(standing.pop(kind), row.at))
        for kind, detail in now.items():
            if kind not in standing:
                unit = handset.unit.name if handset.unit else None
                standing[kind] = AlarmInfo(row.id, handset.device_id, handset.facility.code, unit, kind, detail, row.at, None)
    return [*over, *standing.values()]


def _cleared(alarm: AlarmInfo, at: datetime) -> AlarmInfo:
    return AlarmInfo(alarm.id, alarm.handset, alarm.facility, alarm.unit, alarm.kind, alarm.detail, alarm.raised_at, at)
