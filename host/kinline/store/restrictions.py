"""Restrictions of inmates and suspensions of places, each for a time or until staff lift it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Connection, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from kinline.rules.model import Restriction, RestrictionKind
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.rows import SYSTEM, facility_row, handset_row, inmate_row, insert, moment, unit_row
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow, HandsetRow, UnitRow
from kinline.store.tables.restrictions import DeterminationRow, RestrictionRow


@dataclass(frozen=True, slots=True)
class RestrictionInfo:
    """What is restricted: an inmate, a telephone, a unit, or (none of them named) the facility."""

    id: int
    facility: str
    unit: str | None
    handset: str | None
    inmate: str | None
    kind: RestrictionKind
    since: datetime | None
    until: datetime | None
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    counsel: bool


class Restrictions(Database):
    def restrict(
        self,
        facility: str,
        unit: str | None = None,
        handset: str | None = None,
        inmate: str | None = None,
        kind: RestrictionKind = "administrative",
        since: datetime | None = None,
        until: datetime | None = None,
        reason: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """No calls for one inmate, or from one telephone, one unit, or the whole facility, from `since` (None: from now on) until
        `until` (None: until lifted); the restriction's id. Counsel is covered only by a determination.

        Raises StoreError if more than one subject is named or the time is empty; NotFound.
        """
        if sum(name is not None for name in (unit, handset, inmate)) > 1:
            raise StoreError("name one of inmate, handset and unit, or none of them for the whole facility")
        if until is not None and until <= (since or moment(at)):
            raise StoreError("the restriction ends before it begins; give a later --until, or none")
        with self._writing() as session:
            home, when = facility_row(session, facility), moment(at)
            row = RestrictionRow(
                facility_id=home.id,
                unit_id=unit_row(session, home, unit).id if unit is not None else None,
                handset_id=_handset_in(session, home, handset).id if handset is not None else None,
                inmate_id=inmate_row(session, facility, inmate).id if inmate is not None else None,
                kind=kind,
                starts_at=since,
                ends_at=until,
                reason=reason,
                placed_at=when,
                placed_by=actor,
            )
            subject = "/".join(part for part in (facility, unit, handset, inmate) if part is not None)
            action = "inmate.restrict" if inmate is not None else "place.suspend"
            times = {"from": row.starts_at, "until": until}
            details = {"kind": kind, "reason": reason} | {k: v.isoformat() if v else None for k, v in times.items()}
            return insert(session, row, actor, action, subject, "restriction", when, details)

    def suspend_facility(self, facility: str, suspended: bool, actor: str = SYSTEM) -> None:
        """Stop every call of a facility until this is lifted, or lift all that stops it. Saying so twice changes nothing."""
        with self._writing() as session:
            home, now = facility_row(session, facility), moment(None)
            rows = [row for row in standing(session, now) if row.facility_id == home.id and whole_facility(row)]
            if suspended and not any(row.ends_at is None for row in rows):
                row = RestrictionRow(facility_id=home.id, kind="lockdown", placed_at=now, placed_by=actor)
                session.add(row)
            for row in rows if not suspended else ():
                row.lifted_at, row.lifted_by = now, actor
            audit.record(session, now, actor, "facility.suspend", facility, {"suspended": suspended})

    def lift_restriction(
        self, restriction: int, facility: str, reason: str = "", at: datetime | None = None, actor: str = SYSTEM
    ) -> RestrictionInfo:
        """End a restriction of a facility early. Raises NotFound, or Conflict if it has ended."""
        with self._writing() as session:
            row = restriction_row(session, restriction, facility)
            when = moment(at)
            if row.lifted_at is not None or (row.ends_at is not None and row.ends_at <= when):
                raise Conflict(f"restriction {restriction} has ended already; list what stands")
            row.lifted_at, row.lifted_by, row.lift_reason = when, actor, reason
            audit.record(session, when, actor, "restriction.lift", str(restriction), {"reason": reason})
            return _restriction_info(session, row)

    def restriction(self, restriction: int, facility: str) -> RestrictionInfo:
        """Raises NotFound, also for a restriction of another facility."""
        with self._reading() as session:
            return _restriction_info(session, restriction_row(session, restriction, facility))

    def restrictions(self, facility: str, at: datetime | None = None, ended_too: bool = False) -> list[RestrictionInfo]:
        """Those of a facility that stand at `at` or are to come; with `ended_too`, all there ever were."""
        with self._reading() as session:
            home = facility_row(session, facility)
            query = select(RestrictionRow).where(RestrictionRow.facility_id == home.id).order_by(RestrictionRow.id)
            rows = session.scalars(query).all()
            kept = rows if ended_too else [row for row in rows if _not_over(row, moment(at))]
            return [_restriction_info(session, row) for row in kept]


def restriction_row(session: Session, restriction: int, facility: str) -> RestrictionRow:
    """Raises NotFound, also for a restriction of another facility."""
    row = session.get(RestrictionRow, restriction)
    if row is None or row.facility_id != facility_row(session, facility).id:
        raise NotFound(f"restriction {restriction} of {facility} does not exist; list what stands")
    return row


def not_over(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Of restrictions: those that stand at a moment, or are to come."""
    return and_(RestrictionRow.lifted_at.is_(None), or_(RestrictionRow.ends_at.is_(None), RestrictionRow.ends_at > at))


def stands(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Of restrictions: those that hold at a moment."""
    return and_(not_over(at), or_(RestrictionRow.starts_at.is_(None), RestrictionRow.starts_at <= at))


def standing(session: Session, at: datetime) -> Sequence[RestrictionRow]:
    """The restrictions that hold at a moment."""
    return session.scalars(select(RestrictionRow).where(stands(at))).all()


@dataclass(frozen=True, slots=True)
class Concern:
    """A restriction as the rules see it, and what of a call it concerns."""

    unit_id: int | None
    handset_id: int | None
    inmate_id: int | None
    fact: Restriction


def concerning(
    connection: Connection,
    at: datetime,
    facility_id: int,
    hangs_in: int | None,
    lives_in: int | None,
    handset_id: int,
    inmate_id: int | None,
) -> list[Concern]:
    """The restrictions that stand at a moment, or are to come, and concern a call from there by this inmate.

    `hangs_in` is the telephone's unit and `lives_in` the inmate's.
    """
    whose = {
        "moment": at,
        "home": facility_id,
        "hangs_in": hangs_in,
        "lives_in": lives_in,
        "phone": handset_id,
        "caller": inmate_id,
    }
    return [
        Concern(
            row.unit_id,
            row.handset_id,
            row.inmate_id,
            Restriction(since=row.starts_at, until=row.ends_at, kind=row.kind, counsel=row.counsel),
        )
        for row in connection.execute(_CONCERNING, whose)
    ]


WHOLE_FACILITY = and_(RestrictionRow.unit_id.is_(None), RestrictionRow.handset_id.is_(None), RestrictionRow.inmate_id.is_(None))
"""What `whole_facility` says of a row, for a query."""

_COVERS_COUNSEL = (
    select(DeterminationRow.id)
    .where(DeterminationRow.restriction_id == RestrictionRow.id, DeterminationRow.withdrawn_at.is_(None))
    .exists()
)
"""What `covers_counsel` says of a row, for a query."""

# Asked between the last digit and the call: put together once, which costs more than asking. Nobody's id is NULL, which
# equals nothing.
_CONCERNING = (
    select(
        RestrictionRow.unit_id,
        RestrictionRow.handset_id,
        RestrictionRow.inmate_id,
        RestrictionRow.starts_at,
        RestrictionRow.ends_at,
        RestrictionRow.kind,
        _COVERS_COUNSEL.label("counsel"),
    )
    .where(
        not_over(bindparam("moment", type_=RestrictionRow.ends_at.type)),
        or_(
            and_(RestrictionRow.facility_id == bindparam("home"), WHOLE_FACILITY),
            RestrictionRow.unit_id == bindparam("hangs_in"),
            RestrictionRow.unit_id == bindparam("lives_in"),
            RestrictionRow.handset_id == bindparam("phone"),
            RestrictionRow.inmate_id == bindparam("caller"),
        ),
    )
    .order_by(RestrictionRow.id)
)


def whole_facility(what: RestrictionRow | Concern) -> bool:
    return what.unit_id is None and what.handset_id is None and what.inmate_id is None


def covers_counsel(row: RestrictionRow) -> bool:
    """Whether a determination that was not withdrawn makes this restriction cover counsel too."""
    return any(determination.withdrawn_at is None for determination in row.determinations)


def _not_over(row: RestrictionRow, at: datetime) -> bool:
    return row.lifted_at is None and (row.ends_at is None or row.ends_at > at)


def _handset_in(session: Session, home: FacilityRow, device_id: str) -> HandsetRow:
    row = handset_row(session, device_id)
    if row.facility_id != home.id:
        raise NotFound(f"handset {device_id!r} of {home.code} does not exist; it hangs in {row.facility.code}")
    return row


def _restriction_info(session: Session, row: RestrictionRow) -> RestrictionInfo:
    facility = session.get_one(FacilityRow, row.facility_id)
    unit = session.get(UnitRow, row.unit_id) if row.unit_id is not None else None
    handset = session.get(HandsetRow, row.handset_id) if row.handset_id is not None else None
    inmate = session.get(InmateRow, row.inmate_id) if row.inmate_id is not None else None
    return RestrictionInfo(
        id=row.id,
        facility=facility.code,
        unit=unit.name if unit else None,
        handset=handset.device_id if handset else None,
        inmate=inmate.number if inmate else None,
        kind=row.kind,  # type: ignore[arg-type]
        since=row.starts_at,
        until=row.ends_at,
        reason=row.reason,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_reason=row.lift_reason,
        counsel=covers_counsel(row),
    )
