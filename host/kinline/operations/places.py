"""Facilities and their living units."""

from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import (
    Argument,
    AtFacility,
    DeviceId,
    FacilityCode,
    Option,
    PersonName,
    ProfileName,
    TelephoneNumber,
    TimeZone,
    UnitName,
    WindowText,
    window_of,
)
from kinline.operations.legal import above_caps, with_caps
from kinline.operations.named import Prefix
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.pricing import priced
from kinline.rules.profile import PinMode
from kinline.store.errors import StoreError
from kinline.store.given import OwnLimits


class FacilityAdd(Order):
    code: Annotated[FacilityCode, Argument("CODE"), Field(description="A short name for commands and settings.")]
    name: Annotated[PersonName, Field(description="The name that called parties hear.")]
    timezone: Annotated[TimeZone, Field(description="For example America/New_York.")]
    profile: Annotated[ProfileName, Field(description="The calling rules.")] = "generic"
    pin_mode: Annotated[PinMode | None, Field(description="Without it, as the profile says.")] = None
    caller_id: Annotated[TelephoneNumber | None, Field(description="The number that called parties see.")] = None


class FacilityAdded(Answer):
    """`above_caps`: each price that is above a legal cap, in words."""

    facility: str
    pin_mode: PinMode
    above_caps: list[str]


@operation(
    "facility.add",
    roles={"supervisor"},
    example={"code": "west", "name": "West Facility", "timezone": "America/Denver", "profile": "ct-doc"},
    tell=lambda done: with_caps(f"Added facility {done.facility}, with PIN mode {done.pin_mode}.", done.above_caps),
)
def add_facility(desk: Desk, request: FacilityAdd) -> FacilityAdded:
    """Add a facility."""
    desk.need_whole_site()
    profile = desk.profile(request.profile)
    mode = request.pin_mode or profile.pin.mode
    desk.store.add_facility(request.code, request.name, request.timezone, request.profile, mode, request.caller_id, desk.by)
    above = above_caps(profile, desk.now.astimezone(ZoneInfo(request.timezone)).date())
    return FacilityAdded(facility=request.code, pin_mode=mode, above_caps=above)


class FacilityList(Question):
    keeps_to_unit: ClassVar[bool] = True
    facility: AtFacility = None


class FacilityLine(Answer):
    code: str
    name: str
    timezone: str
    profile: str
    pin_mode: PinMode
    suspended: bool
    caller_id: str | None


@operation(
    "facility.list",
    roles={"counselor", "legal", "investigator", "technician"},
    example={},
    empty="No facility yet. Add one: kinline facility add",
)
def list_facilities(desk: Desk, request: FacilityList) -> list[FacilityLine]:
    """List the facilities."""
    only = desk.within(request.facility)
    return [FacilityLine.model_validate(row) for row in desk.store.facilities() if only in (None, row.code)]


class UnitAdd(Order):
    name: Annotated[UnitName, Argument("NAME"), Field(description="The living unit.")]
    windows: Annotated[
        list[WindowText] | None,
        Option("--window"),
        Field(description="Its own calling hours, as 08:00-11:00; repeat for more. Without: the profile's.", max_length=20),
    ] = None
    facility: AtFacility = None


class UnitAdded(Answer):
    facility: str
    unit: str


@operation(
    "facility.add-unit",
    roles={"supervisor"},
    example={"name": "C1", "windows": ["08:00-11:00", "13:00-22:00"]},
    tell="Added unit {unit} to {facility}.",
)
def add_unit(desk: Desk, request: UnitAdd) -> UnitAdded:
    """Add a living unit to a facility."""
    home = desk.home(request.facility)
    windows = [window_of(text) for text in request.windows] if request.windows else None
    desk.store.add_unit(home, request.name, windows, desk.by)
    return UnitAdded(facility=home, unit=request.name)


class FacilityChange(Order):
    name: Annotated[PersonName | None, Field(description="The name that called parties hear.")] = None
    timezone: Annotated[TimeZone | None, Field(description="For example America/New_York.")] = None
    profile: Annotated[ProfileName | None, Field(description="The calling rules.")] = None
    caller_id: Annotated[TelephoneNumber | None, Field(description="The number that called parties see.")] = None
    local_prefixes: Annotated[
        list[Prefix] | None,
        Option("--local"),
        Field(description="How numbers begin that are local here, as +1202; repeat for more.", max_length=100),
    ] = None
    facility: AtFacility = None


class FacilityChanged(Answer):
    """`above_caps`: each price of a new profile that is above a legal cap, in words."""

    facility: str
    above_caps: list[str]


@operation(
    "facility.change",
    roles={"supervisor"},
    example={"name": "North Jail", "local_prefixes": ["+1202"]},
    tell=lambda done: with_caps(f"Changed facility {done.facility}.", done.above_caps),
)
def change_facility(desk: Desk, request: FacilityChange) -> FacilityChanged:
    """Change what is given about a facility; the rest stays."""
    home = desk.home(request.facility)
    profile = desk.profile(request.profile) if request.profile is not None else None
    given = request.model_dump(exclude={"facility"})
    desk.store.change_facility(home, **given, at=desk.now, actor=desk.by)
    above = above_caps(priced(profile, desk.store.rates(home), desk.today_at(home)), desk.today_at(home)) if profile else []
    return FacilityChanged(facility=home, above_caps=above)


class PlaceLimit(Order):
    unit: Annotated[UnitName | None, Field(description="For this unit.")] = None
    handset: Annotated[DeviceId | None, Field(description="For this telephone.")] = None
    windows: Annotated[
        list[WindowText] | None,
        Option("--window"),
        Field(description="Calling hours, as 08:00-11:00; repeat for more. Without: the wider place's.", max_length=20),
    ] = None
    call_seconds: Annotated[int | None, Field(ge=1, le=86_400, description="Longest call. Without: the wider place's.")] = None
    recorded: Annotated[bool, Field(description="Whether calls from here may be recorded.")] = True
    facility: AtFacility = None


class PlaceLimited(Answer):
    facility: str
    unit: str | None
    handset: str | None


@operation(
    "facility.limit",
    roles={"supervisor"},
    example={"unit": "B2", "windows": ["08:00-21:00"], "call_seconds": 600},
    tell="The limits are set anew.",
)
def limit_place(desk: Desk, request: PlaceLimit) -> PlaceLimited:
    """Give a facility, a unit or a telephone its own limits, in place of all that it had."""
    if request.unit is not None and request.handset is not None:
        raise StoreError("name a unit or a handset, not both; with neither, the limits are the facility's")
    home = desk.home(request.facility)
    windows = [window_of(text) for text in request.windows] if request.windows else None
    limits = OwnLimits(windows, request.call_seconds, request.recorded)
    desk.store.limit_place(home, limits, request.unit, request.handset, desk.now, desk.by)
    return PlaceLimited(facility=home, unit=request.unit, handset=request.handset)


class UnitList(Question):
    keeps_to_unit: ClassVar[bool] = True
    facility: AtFacility = None


class UnitLine(Answer):
    name: str
    windows: list[str]
    call_seconds: int | None
    recorded: bool


@operation(
    "facility.units",
    roles={"counselor", "technician"},
    example={},
    empty="No unit yet. Add one: kinline facility add-unit NAME",
)
def list_units(desk: Desk, request: UnitList) -> list[UnitLine]:
    """List a facility's living units with their own limits."""
    return [
        UnitLine(
            name=unit.name,
            windows=[str(window) for window in unit.windows or ()],
            call_seconds=unit.call_seconds,
            recorded=unit.recorded,
        )
        for unit in desk.store.units(desk.home(request.facility))
    ]
