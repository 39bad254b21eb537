"""Inmates: who they are and where they live."""

from typing import Annotated, ClassVar

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import (
    Argument,
    AtFacility,
    FacilityCode,
    Hidden,
    Matching,
    Moment,
    Option,
    PersonName,
    Pin,
    UnitName,
    yes_or_no,
)
from kinline.operations.named import Sheet, SheetTaken, TheInmate
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.model import Language

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
    keeps_to_unit: ClassVar[bool] = True
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
        InmateLine(number=i.number, name=i.name, unit=i.unit, language=i.language, status=i.status)
        for i in infos
        if desk.sees(i.unit)
    ]


class InmateChange(Order):
    inmate: TheInmate
    name: Annotated[PersonName | None, Field(description="The name that called parties hear until one is recorded.")] = None
    language: Annotated[Language | None, Field(description="The language that the inmate hears first.")] = None
    arrested_at: Annotated[Moment | None, Field(description="From when the calls count that a booking guarantees.")] = None
    custodial_parent: Annotated[
        bool | None, Option(read=yes_or_no), Field(description="yes or no: further calls after a booking.")
    ] = None
    call_seconds: Annotated[int | None, Field(ge=0, le=86_400, description="Longest call; 0: no limit of their own.")] = None
    recorded: Annotated[bool | None, Option(read=yes_or_no), Field(description="yes or no; no: never, whatever else says.")] = (
        None
    )
    voice_exempt: Annotated[
        bool | None, Option(read=yes_or_no), Field(description="yes or no; yes: no check of the voice, as for who cannot speak.")
    ] = None
    text_telephone: Annotated[
        bool | None, Option(read=yes_or_no), Field(description="yes or no; yes: what the inmate is told is typed, once known.")
    ] = None
    facility: AtFacility = None


@operation(
    "inmate.change",
    roles={"counselor"},
    example={"inmate": "1001", "language": "es"},
    tell="Changed inmate {inmate} of {facility}.",
)
def change_inmate(desk: Desk, request: InmateChange) -> InmateAdded:
    """Change what is given about an inmate; the rest stays."""
    home = desk.home(request.facility)
    given = request.model_dump(exclude={"inmate", "facility"})
    desk.store.change_inmate(home, request.inmate, **given, at=desk.now, actor=desk.by)
    return InmateAdded(facility=home, inmate=request.inmate)


class InmateMove(Order):
    inmate: TheInmate
    unit: Annotated[UnitName | None, Field(description="The living unit; without it, none.")] = None
    to_facility: Annotated[FacilityCode | None, Option("--to"), Field(description="Another facility.")] = None
    facility: AtFacility = None


@operation(
    "inmate.move",
    roles={"counselor"},
    example={"inmate": "1002", "unit": "B2"},
    tell="Inmate {inmate} lives in {facility}.",
)
def move_inmate(desk: Desk, request: InmateMove) -> InmateAdded:
    """Move an inmate, with list, money and restrictions, to another unit or facility."""
    if request.to_facility is not None:
        desk.keep_within(request.to_facility)
    home = desk.home(request.facility)
    desk.store.move_inmate(home, request.inmate, request.unit, request.to_facility, desk.now, desk.by)
    return InmateAdded(facility=request.to_facility or home, inmate=request.inmate)


class InmateImport(Order):
    sheet: Sheet
    facility: AtFacility = None


@operation(
    "inmate.import",
    roles={"counselor"},
    example={"sheet": "number,name,unit,language\n1011,Ray Example,B2,es\n"},
    tell="Added {rows} inmates.",
)
def import_inmates(desk: Desk, request: InmateImport) -> SheetTaken:
    """Add a sheet of inmates, all or none: number,name and, if you like, unit,language,pin."""
    done = desk.store.import_inmates(desk.home(request.facility), request.sheet.encode(), "the sheet", desk.now, desk.by)
    return SheetTaken(rows=done.rows)


class InmateStatus(Order):
    inmate: TheInmate
    status: Annotated[Status, Argument("STATUS"), Field(description="active, or any other word: such an inmate cannot call.")]
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
