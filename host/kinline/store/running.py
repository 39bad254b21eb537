"""Calls that are under way, and whether anything that staff restricted concerns them."""

from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select

from kinline.store.database import Database
from kinline.store.models import CallRow
from kinline.store.restrictions import WHOLE_FACILITY, stands
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import HandsetRow
from kinline.store.tables.restrictions import RestrictionRow


class Running(Database):
    def calls_concerned(self, at: datetime) -> frozenset[int]:
        """Open calls from a place, or by an inmate, under a restriction that stands now, or from a telephone taken out of
        service. Whether it stops the call, the rules say. A small query, for a daemon that asks several times a second.
        """
        with self._looking() as connection:
            return frozenset(connection.scalars(_CONCERNED, {"moment": at}))


# Put together once, which costs more than asking.
_CONCERNS = or_(
    and_(WHOLE_FACILITY, RestrictionRow.facility_id == CallRow.facility_id),
    RestrictionRow.unit_id == HandsetRow.unit_id,
    RestrictionRow.unit_id == InmateRow.unit_id,
    RestrictionRow.handset_id == CallRow.handset_id,
    RestrictionRow.inmate_id == CallRow.inmate_id,
)
_RESTRICTED = select(RestrictionRow.id).where(stands(bindparam("moment", type_=RestrictionRow.ends_at.type)), _CONCERNS).exists()
_CONCERNED = (
    select(CallRow.id)
    .join(HandsetRow, HandsetRow.id == CallRow.handset_id)
    .outerjoin(InmateRow, InmateRow.id == CallRow.inmate_id)
    .where(CallRow.ended_at.is_(None), or_(_RESTRICTED, HandsetRow.enabled.is_(False)))
)
