"""Restrictions of inmates, and suspensions of telephones, units and facilities."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility, DeviceId, InmateNumber, Moment, Option, UnitName
from kinline.operations.named import TheId, TheReason
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.model import RestrictionKind

if TYPE_CHECKING:
    from kinline.store.restrictions import RestrictionInfo


class RestrictionAdd(Order):
    reason: TheReason
    inmate: Annotated[InmateNumber | None, Field(description="For this inmate.")] = None
    handset: Annotated[DeviceId | None, Field(description="For this telephone.")] = None
    unit: Annotated[UnitName | None, Field(description="For this unit; with none of the three, the whole facility.")] = None
    kind: Annotated[RestrictionKind, Field(description="A sanction ends what a law guarantees only to others.")] = (
        "administrative"
    )
    since: Annotated[Moment | None, Option("--from"), Field(alias="from", description="Without it: now.")] = None
    until: Annotated[Moment | None, Field(description="Without it: until it is lifted.")] = None
    facility: AtFacility = None


class RestrictionAdded(Answer):
    id: int
    facility: str


@operation(
    "restriction.add",
    roles={"counselor"},
    example={"inmate": "1001", "reason": "report 12", "kind": "sanction", "until": "2026-03-05T00:00:00-05:00"},
    tell="Restriction {id} stands. Counsel is reached all the same: see counsel determine.",
)
def add_restriction(desk: Desk, request: RestrictionAdd) -> RestrictionAdded:
    """Stop the calls of an inmate, or from a telephone, a unit or a whole facility."""
    home = desk.home(request.facility)
    if request.inmate is None:
        # A counselor's matter are inmates; a place concerns everyone there.
        desk.need_role("supervisor", "to stop the calls from a place")
    row = desk.store.restrict(
        home,
        request.unit,
        request.handset,
        request.inmate,
        request.kind,
        request.since,
        request.until,
        request.reason,
        desk.now,
        desk.by,
    )
    return RestrictionAdded(id=row, facility=home)


class RestrictionLift(Order):
    keeps_to_unit: ClassVar[bool] = True
    id: TheId
    reason: TheReason
    facility: AtFacility = None


@operation(
    "restriction.lift",
    roles={"counselor"},
    example={"id": 1, "reason": "served"},
    tell="Restriction {id} is lifted.",
)
def lift_restriction(desk: Desk, request: RestrictionLift) -> RestrictionAdded:
    """End a restriction early."""
    home = desk.home(request.facility)
    info = desk.store.restriction(request.id, home)
    desk.keep_within_unit(info.inmate, info.handset, info.unit)
    if info.inmate is None:
        desk.need_role("supervisor", "to open a place again")
    desk.store.lift_restriction(request.id, home, request.reason, desk.now, desk.by)
    return RestrictionAdded(id=request.id, facility=home)


class RestrictionList(Question):
    keeps_to_unit: ClassVar[bool] = True
    ended: Annotated[bool, Field(description="Those too that have ended.")] = False
    facility: AtFacility = None


class RestrictionLine(Answer):
    """What it stops: an inmate, a telephone, a unit, or (none of them named) the facility."""

    id: int
    inmate: str | None
    handset: str | None
    unit: str | None
    kind: RestrictionKind
    since: Annotated[datetime | None, Field(alias="from")]
    until: datetime | None
    reason: str
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None
    lift_reason: str | None
    counsel: bool


@operation(
    "restriction.list",
    roles={"counselor", "legal", "investigator", "technician"},
    example={},
    empty="Nothing is restricted.",
)
def list_restrictions(desk: Desk, request: RestrictionList) -> list[RestrictionLine]:
    """List what is restricted at a facility, now or later."""
    home = desk.home(request.facility)
    infos = [info for info in desk.store.restrictions(home, desk.now, request.ended) if _concerns(desk, home, info)]
    return [
        RestrictionLine(
            id=info.id,
            inmate=info.inmate,
            handset=info.handset,
            unit=info.unit,
            kind=info.kind,
            since=info.since,
            until=info.until,
            reason=info.reason,
            placed_by=info.placed_by,
            lifted_at=info.lifted_at,
            lifted_by=info.lifted_by,
            lift_reason=info.lift_reason,
            counsel=info.counsel,
        )
        for info in infos
    ]


def _concerns(desk: Desk, home: str, info: "RestrictionInfo") -> bool:
    """Whether the one who asks may know of it: their unit's own, and what concerns the whole facility."""
    if desk.actor.unit is None or (info.inmate is None and info.handset is None and info.unit is None):
        return True
    units = {row.number: row.unit for row in desk.store.inmates(home)}
    telephones = {row.device_id: row.unit for row in desk.store.handsets()}
    own = (info.unit, units.get(info.inmate or ""), telephones.get(info.handset or ""))
    return desk.actor.unit in own


class FacilitySuspend(Order):
    facility: AtFacility = None


class FacilitySuspended(Answer):
    facility: str
    suspended: bool


@operation("facility.suspend", roles={"supervisor"}, example={}, tell="No calls from {facility} until facility resume.")
def suspend_facility(desk: Desk, request: FacilitySuspend) -> FacilitySuspended:
    """Stop every call of a facility until it is told to resume."""
    home = desk.home(request.facility)
    desk.store.suspend_facility(home, True, desk.by)
    return FacilitySuspended(facility=home, suspended=True)


@operation("facility.resume", roles={"supervisor"}, example={}, tell="Calls from {facility} are open again.")
def resume_facility(desk: Desk, request: FacilitySuspend) -> FacilitySuspended:
    """Lift all that stops the calls of the facility as a whole."""
    home = desk.home(request.facility)
    desk.store.suspend_facility(home, False, desk.by)
    return FacilitySuspended(facility=home, suspended=False)
