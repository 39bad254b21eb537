"""The telephones' alarms: raised and cleared by what they report, read by staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from kinline.store.database import Database
from kinline.store.rows import handset_row, moment
from kinline.store.tables.alarms import AlarmRow
from kinline.store.tables.places import FacilityRow, HandsetRow


@dataclass(frozen=True, slots=True)
class AlarmInfo:
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
        """What is wrong with a telephone now, kind to detail: new kinds are raised, those that are gone are cleared.

        Raises NotFound.
        """
        when = moment(at)
        with self._writing() as session:
            handset = handset_row(session, device_id)
            rows = session.scalars(select(AlarmRow).where(AlarmRow.handset_id == handset.id, AlarmRow.cleared_at.is_(None)))
            known = set()
            for row in rows:
                if standing.get(row.kind) == row.detail:
                    known.add(row.kind)
                else:
                    row.cleared_at = when
            for kind, detail in standing.items():
                if kind not in known:
                    session.add(AlarmRow(handset_id=handset.id, kind=kind, detail=detail, raised_at=when))

    def alarms(self, facility: str | None = None, cleared: bool = False) -> list[AlarmInfo]:
        """The alarms that stand, or with `cleared` all that ever were; the newest first."""
        wanted = select(AlarmRow).join(HandsetRow).join(FacilityRow).order_by(AlarmRow.id.desc())
        if facility is not None:
            wanted = wanted.where(FacilityRow.code == facility)
        if not cleared:
            wanted = wanted.where(AlarmRow.cleared_at.is_(None))
        with self._reading() as session:
            return [_alarm_info(row) for row in session.scalars(wanted)]


def _alarm_info(row: AlarmRow) -> AlarmInfo:
    unit = row.handset.unit.name if row.handset.unit else None
    return AlarmInfo(
        id=row.id,
        handset=row.handset.device_id,
        facility=row.handset.facility.code,
        unit=unit,
        kind=row.kind,
        detail=row.detail,
        raised_at=row.raised_at,
        cleared_at=row.cleared_at,
    )
