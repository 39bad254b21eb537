"""Inmates and their PINs."""

from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, Hidden, InmateNumber, Matching, PersonName, Pin, UnitName
from kinline.operations.operation import Answer, Order, Question, noun, operation
from kinline.rules.model import Language

noun("inmate", "Inmates and their PINs.")

TheInmate = Annotated[InmateNumber, Argument("INMATE"), Field(description="The inmate's number.")]
Status = Annotated[str, Matching(r"[a-z][a-z-]*", "a status; write one word, for example active or released", 20)]


class InmateAdd(Order):
    inmate: TheInmate
    name: Annotated[PersonName, Field(description="The name that called parties hear until one is recorded.")]
    unit: Annotated[UnitName | None, Field(description="The living unit.")] = None
    language: Annotated[Language, Field(description="The language that the inmate hears first.")] = "en"
    pin: Annotated[Pin | None, Hidden("pin"), Field(description="Four to eight digits; it can be given later.")] = None
    facility: AtFacility = None


class InmateAdded(Answer):
    facility: str
    inmate: str


@operation(
    "inmate.add",
    roles={"counselor"},
    example={"inmate": "1009", "name": "Kim Example", "unit": "B2", "language": "es", "pin": "604417"},
    tell="Added inmate {inmate} to {facility}.",
)
def add_inmate(desk: Desk, request: InmateAdd) -> InmateAdded:
    """Add an inmate and ask for the PIN."""
    home = desk.home(request.facility)
    pin = request.pin.get_secret_value() if request.pin else None
    desk.store.add_inmate(home, request.inmate, request.name, pin, request.unit, request.language, actor=desk.by)
    return InmateAdded(facility=home, inmate=request.inmate)


class InmateList(Question):
    facility: AtFacility = None


class InmateLine(Answer):
    number: str
    name: str
    unit: str | None
    language: Language
    status: str


@operation(
    "inmate.list",
    roles={"counselor", "legal", "investigator"},
    example={},
    empty="No inmate yet. Add one: kinline inmate add",
)
def list_inmates(desk: Desk, request: InmateList) -> list[InmateLine]:
    """List the inmates."""
    infos = desk.store.inmates(desk.home(request.facility))
    return [
        InmateLine(number=i.number, name=i.name, unit=i.unit, language=i.language, status=i.status) for i in infos
    ]


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
    """Give an inmate a new PIN."""
    home = desk.home(request.facility)
    desk.store.set_pin(home, request.inmate, request.pin.get_secret_value(), desk.by)
    return InmatePinSet(facility=home, inmate=request.inmate)


class InmateStatus(Order):
    inmate: TheInmate
    status: Annotated[
        Status, Argument("STATUS"), Field(description="active, or any other word: such an inmate cannot call.")
    ]
    facility: AtFacility = None


class InmateStatusSet(Answer):
    inmate: str
    status: str


@operation(
    "inmate.status",
    roles={"supervisor"},
    example={"inmate": "1002", "status": "transferred"},
    tell="Inmate {inmate} is {status}.",
)
def set_status(desk: Desk, request: InmateStatus) -> InmateStatusSet:
    """Let an inmate call, or not."""
    desk.store.set_inmate_status(desk.home(request.facility), request.inmate, request.status, desk.by)
    return InmateStatusSet(inmate=request.inmate, status=request.status)
