"""Handsets: where they hang, and how they ask who is calling."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, DeviceId, Label, Option, UnitName, yes_or_no
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.profile import PinMode
from kinline.store.errors import NotFound
from kinline.store.given import PinModeOf

Key = Annotated[
    SecretStr,
    Field(description="The board's key: 32 hexadecimal digits.", json_schema_extra={"pattern": "^[0-9A-Fa-f]{32}$"}),
]


class HandsetAdd(Order):
    device: DeviceId
    key: Key
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
    desk.store.add_handset(request.device, _bytes(request.key), home, request.unit, request.label, desk.by)
    return HandsetAdded(device=request.device, facility=home, unit=request.unit)


def _bytes(key: SecretStr) -> bytes:
    try:
        return bytes.fromhex(key.get_secret_value())
    except ValueError:
        return b""  # the store refuses a key of the wrong length with the words that fit here too


class HandsetList(Question):
    keeps_to_unit: ClassVar[bool] = True
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
    shown = [row for row in desk.store.handsets() if only in (None, row.facility) and desk.sees(row.unit)]
    return [HandsetLine.model_validate(row) for row in shown]


class HandsetChange(Order):
    device: Annotated[DeviceId, Argument("DEVICE"), Field(description="The board's id.")]
    unit: Annotated[UnitName | None, Field(description="The living unit where it hangs now.")] = None
    label: Annotated[Label | None, Field(description="What is written on it.")] = None
    in_service: Annotated[bool | None, Option(read=yes_or_no), Field(description="yes or no; no: it calls nobody.")] = None
    pin_mode: Annotated[
        PinMode | Literal["facility"] | None,
        Field(description="How it asks who is calling; a booking phone: none; facility: as its facility."),
    ] = None
    text_telephone: Annotated[
        bool | None, Option(read=yes_or_no), Field(description="yes or no; yes: one stands here, and callers are typed to.")
    ] = None
    facility: AtFacility = None


class HandsetChanged(Answer):
    device: str


@operation(
    "handset.change",
    roles={"technician", "supervisor"},
    example={"device": "h1", "unit": "B2", "label": "Day room", "pin_mode": "none"},
    tell="Changed handset {device}.",
)
def change_handset(desk: Desk, request: HandsetChange) -> HandsetChanged:
    """Change what is given about a telephone; the rest stays."""
    home = desk.home(request.facility)
    if desk.store.handset(request.device).facility != home:
        raise NotFound(f"handset {request.device!r} of {home} does not exist; list what there is")
    desk.store.change_handset(
        request.device,
        request.unit,
        request.label,
        request.in_service,
        None if request.pin_mode is None else PinModeOf(None if request.pin_mode == "facility" else request.pin_mode),
        desk.now,
        desk.by,
        request.text_telephone,
    )
    return HandsetChanged(device=request.device)


class HandsetRevoke(Order):
    device: Annotated[DeviceId, Argument("DEVICE"), Field(description="The board's id.")]
    facility: AtFacility = None


@operation(
    "handset.revoke",
    roles={"technician", "supervisor"},
    example={"device": "h1"},
    tell="The key of handset {device} is worthless from now on.",
)
def revoke_handset(desk: Desk, request: HandsetRevoke) -> HandsetChanged:
    """Revoke the key of a stolen telephone, at once and for ever; a board in its place gets a key of its own."""
    home = desk.home(request.facility)
    if desk.store.handset(request.device).facility != home:
        raise NotFound(f"handset {request.device!r} of {home} does not exist; list what there is")
    desk.store.revoke_handset(request.device, desk.now, desk.by)
    return HandsetChanged(device=request.device)


class HandsetRekey(Order):
    device: DeviceId
    key: Key
    facility: AtFacility = None


@operation(
    "handset.rekey",
    roles={"technician", "supervisor"},
    example={"device": "h1", "key": "ffeeddccbbaa99887766554433221100"},
    tell="Handset {device} is in service under its new key; the one before opens nothing.",
    verb=False,
)
def rekey_handset(desk: Desk, request: HandsetRekey) -> HandsetChanged:
    """Give a telephone's station the key of the board that hangs there now, and take it into service."""
    home = desk.home(request.facility)
    if desk.store.handset(request.device).facility != home:
        raise NotFound(f"handset {request.device!r} of {home} does not exist; list what there is")
    desk.store.rekey_handset(request.device, _bytes(request.key), desk.now, desk.by)
    return HandsetChanged(device=request.device)
