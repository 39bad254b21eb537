"""PINs: given, made, and unlocked."""

from typing import Annotated

from pydantic import Field, SecretStr

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, Hidden, Pin
from kinline.operations.named import TheInmate
from kinline.operations.operation import Answer, Order, operation
from kinline.rules.profile import PinMode


class InmateSetPin(Order):
    inmate: TheInmate
    pin: Annotated[Pin, Hidden("pin"), Field(description="Four to eight digits.")]
    facility: AtFacility = None


class InmatePinSet(Answer):
    facility: str
    inmate: str


@operation(
    "inmate.set-pin",
    roles={"counselor"},
    example={"inmate": "1001", "pin": "604418"},
    tell="Inmate {inmate} has a new PIN.",
)
def set_pin(desk: Desk, request: InmateSetPin) -> InmatePinSet:
    """Give an inmate the PIN that they chose."""
    home = desk.home(request.facility)
    desk.store.set_pin(home, request.inmate, request.pin.get_secret_value(), desk.by)
    return InmatePinSet(facility=home, inmate=request.inmate)


class InmateIssuePin(Order):
    inmate: TheInmate
    facility: AtFacility = None


class IssuedPin(Answer):
    """`made`, a line NUMBER,PIN, goes into a file by the command, and never leaves the host otherwise."""

    facility: str
    inmate: str
    made: SecretStr


@operation(
    "inmate.issue-pin",
    roles={"counselor"},
    example={"inmate": "1001"},
    tell="Inmate {inmate} has a new PIN.",
    over_http=False,
    verb=False,
)
def issue_pin(desk: Desk, request: InmateIssuePin) -> IssuedPin:
    """Make a new PIN for an inmate, which nobody else of a PIN-only facility has, and write it down once."""
    home = desk.home(request.facility)
    made = desk.store.issue_pin(home, request.inmate, desk.now, desk.by)
    return IssuedPin(facility=home, inmate=request.inmate, made=SecretStr(f"{request.inmate},{made}\n"))


class InmateUnlock(Order):
    inmate: TheInmate
    facility: AtFacility = None


@operation(
    "inmate.unlock",
    roles={"counselor"},
    example={"inmate": "1001"},
    tell="Inmate {inmate} may try the PIN again.",
)
def unlock_pin(desk: Desk, request: InmateUnlock) -> InmatePinSet:
    """End the locks that wrong PINs brought on an inmate's number. A telephone's own lock passes by itself."""
    home = desk.home(request.facility)
    desk.store.unlock_pin(home, request.inmate, desk.now, desk.by)
    return InmatePinSet(facility=home, inmate=request.inmate)


class FacilityPinMode(Order):
    mode: Annotated[PinMode, Argument("MODE"), Field(description="id+pin, pin or none.")]
    facility: AtFacility = None


class FacilityPinModeSet(Answer):
    """`made` holds the PINs that had to be made, a line NUMBER,PIN each; see IssuedPin."""

    facility: str
    pin_mode: PinMode
    renewed: int
    made: SecretStr


@operation(
    "facility.set-pin-mode",
    roles={"supervisor"},
    example={"mode": "pin"},
    tell="{facility} has the PIN mode {pin_mode}; {renewed} PINs were made.",
    over_http=False,
    verb=False,
)
def set_facility_pin_mode(desk: Desk, request: FacilityPinMode) -> FacilityPinModeSet:
    """Change how a facility asks who is calling. Going over to PINs alone makes a new PIN for every inmate."""
    home = desk.home(request.facility)
    made = desk.store.set_facility_pin_mode(home, request.mode, desk.now, desk.by)
    lines = "".join(f"{number},{pin}\n" for number, pin in made.items())
    return FacilityPinModeSet(facility=home, pin_mode=request.mode, renewed=len(made), made=SecretStr(lines))
