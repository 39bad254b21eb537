"""Facilities, their living units, and handsets."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, SecretStr

from kinline.operations.desk import Desk
from kinline.operations.fields import (
    Argument,
    AtFacility,
    DeviceId,
    FacilityCode,
    Label,
    Option,
    PersonName,
    ProfileName,
    TelephoneNumber,
    TimeZone,
    UnitName,
    WindowText,
    window_of,
)
from kinline.operations.operation import Answer, Order, Question, noun, operation
from kinline.rules.profile import PinMode

noun("facility", "Facilities and their living units.")
noun("handset", "Handsets: which there are and where they hang.")


class FacilityAdd(Order):
    code: Annotated[FacilityCode, Argument("CODE"), Field(description="A short name for commands and settings.")]
    name: Annotated[PersonName, Field(description="The name that called parties hear.")]
    timezone: Annotated[TimeZone, Field(description="For example America/New_York.")]
    profile: Annotated[ProfileName, Field(description="The calling rules.")] = "generic"
    pin_mode: Annotated[PinMode | None, Field(description="Without it, as the profile says.")] = None
    caller_id: Annotated[TelephoneNumber | None, Field(description="The number that called parties see.")] = None


class FacilityAdded(Answer):
    facility: str
    pin_mode: PinMode


@operation(
    "facility.add",
    roles={"supervisor"},
    example={"code": "west", "name": "West Facility", "timezone": "America/Denver", "profile": "ct-doc"},
    tell="Added facility {facility}, with PIN mode {pin_mode}.",
)
def add_facility(desk: Desk, request: FacilityAdd) -> FacilityAdded:
    """Add a facility."""
    desk.need_whole_site()
    mode = request.pin_mode or desk.profile(request.profile).pin.mode
    desk.store.add_facility(
        request.code, request.name, request.timezone, request.profile, mode, request.caller_id, desk.by
    )
    return FacilityAdded(facility=request.code, pin_mode=mode)


class FacilityList(Question):
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
        Field(
            description="Its own calling hours, as 08:00-11:00; repeat for more. Without: the profile's.", max_length=20
        ),
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


class HandsetAdd(Order):
    device: DeviceId
    key: Annotated[
        SecretStr,
        Field(description="The board's key: 32 hexadecimal digits.", json_schema_extra={"pattern": "^[0-9A-Fa-f]{32}$"}),
    ]
    unit: Annotated[UnitName | None, Field(description="The living unit where it hangs.")] = None
    label: Annotated[Label, Field(description="What is written on it.")] = ""
    facility: AtFacility = None


class HandsetAdded(Answer):
    device: str
    facility: str
    unit: str | None


@operation(
    "handset.add",
    roles={"technician", "supervisor"},
    example={"device": "wall-9", "key": "00112233445566778899aabbccddeeff", "unit": "B2"},
    tell="Added handset {device} to {facility}.",
    verb=False,
)
def add_handset(desk: Desk, request: HandsetAdd) -> HandsetAdded:
    """Enrol a handset by the key that is flashed into it."""
    home = desk.home(request.facility)
    try:
        key = bytes.fromhex(request.key.get_secret_value())
    except ValueError:
        # The store refuses a key of the wrong length with the words that fit here too.
        key = b""
    desk.store.add_handset(request.device, key, home, request.unit, request.label, desk.by)
    return HandsetAdded(device=request.device, facility=home, unit=request.unit)


class HandsetList(Question):
    facility: AtFacility = None


class HandsetLine(Answer):
    device_id: str
    facility: str
    unit: str | None
    label: str
    enabled: bool
    locked_until: datetime | None


@operation(
    "handset.list",
    roles={"counselor", "technician", "investigator"},
    example={},
    empty="No handset yet. Add one: kinline handset add",
)
def list_handsets(desk: Desk, request: HandsetList) -> list[HandsetLine]:
    """List the handsets. Their keys are never shown."""
    only = desk.within(request.facility)
    return [HandsetLine.model_validate(row) for row in desk.store.handsets() if only in (None, row.facility)]
