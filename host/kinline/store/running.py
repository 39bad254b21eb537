"""Calls that are under way, and whether anything that staff restricted concerns them."""

from datetime import datetime

from sqlalchemy import and_, or_, select

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
        here = RestrictionRow
        concerns = or_(
            and_(WHOLE_FACILITY, here.facility_id == CallRow.facility_id),
            here.unit_id == HandsetRow.unit_id,
            here.unit_id == InmateRow.unit_id,
            here.handset_id == CallRow.handset_id,
            here.inmate_id == CallRow.inmate_id,
        )
        restricted = select(here.id).where(stands(at), concerns).exists()
        query = (
            select(CallRow.id)
            .join(HandsetRow, HandsetRow.id == CallRow.handset_id)
            .outerjoin(InmateRow, InmateRow.id == CallRow.inmate_id)
            .where(CallRow.ended_at.is_(None), or_(restricted, HandsetRow.enabled.is_(False)))
        )
        with self._reading() as session:
            return frozenset(session.scalars(query))
