"""Lines that a facility opens to everyone, beside those that its profile names."""

from typing import Annotated, Literal

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility, Label, Matching, Note
from kinline.operations.named import TheNumber
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.model import NumberClass
from kinline.rules.profile import NamedNumber

Dial = Annotated[str, Matching(r"[0-9]{1,4}", "a short code; it has one to four digits", 4)]


class LineOpen(Order):
    number: TheNumber
    label: Annotated[Label, Field(description="What the line is.")]
    number_class: Annotated[Literal["free", "anonymous", "relay"], Field(alias="class", description="What kind of line.")]
    source: Annotated[Note, Field(description="Who says that it is open: a law, an order.")]
    dial: Annotated[Dial | None, Field(description="A short code that reaches it.")] = None
    without_pin: Annotated[bool, Field(description="Reached without a PIN.")] = False
    any_time: Annotated[bool, Field(description="Reached outside the calling hours.")] = False
    facility: AtFacility = None


class LineOpened(Answer):
    facility: str
    number: str


@operation(
    "line.open",
    roles={"supervisor"},
    example={"number": "+12025550191", "label": "Ombudsman", "class": "free", "source": "order 3", "dial": "9"},
    tell="{number} is open to everyone at {facility}.",
)
def open_line(desk: Desk, request: LineOpen) -> LineOpened:
    """Open a line to everyone at a facility, off every list."""
    home = desk.home(request.facility)
    given = request.model_dump(exclude={"facility"})
    desk.store.add_named_line(home, NamedNumber(effective=desk.now.date(), **given), desk.now, desk.by)
    return LineOpened(facility=home, number=request.number)


class LineClose(Order):
    number: TheNumber
    facility: AtFacility = None


@operation("line.close", roles={"supervisor"}, example={"number": "+12025550190"}, tell="{number} is closed at {facility}.")
def close_line(desk: Desk, request: LineClose) -> LineOpened:
    """Close a line that the facility had opened. Those of its profile stay open."""
    home = desk.home(request.facility)
    desk.store.remove_named_line(home, request.number, desk.now, desk.by)
    return LineOpened(facility=home, number=request.number)


class LineList(Question):
    facility: AtFacility = None


class LineOfFacility(Answer):
    """`unidentified` is whether it is reached without saying who calls."""

    number: str
    label: str
    number_class: Annotated[NumberClass, Field(alias="class")]
    dial: str | None
    unidentified: bool
    any_time: bool
    source: str


@operation("line.list", roles={"counselor", "legal"}, example={}, empty="No line is open to everyone.")
def list_lines(desk: Desk, request: LineList) -> list[LineOfFacility]:
    """List the lines that are open to everyone at a facility: its own and its profile's."""
    home = desk.home(request.facility)
    lines = (*desk.store.named_lines(home), *desk.profile_of(home).named_numbers)
    return [
        LineOfFacility(
            number=line.number,
            label=line.label,
            number_class=line.number_class,
            dial=line.dial,
            unidentified=line.without_pin,
            any_time=line.any_time,
            source=line.source,
        )
        for line in lines
    ]
