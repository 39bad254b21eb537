"""The numbers that an inmate may call, and blocks on numbers."""

from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, InmateNumber, Label, Note, TelephoneNumber
from kinline.operations.operation import Answer, Order, Question, noun, operation
from kinline.rules.model import ContactStatus, Line, NumberClass

noun("contact", "The numbers that an inmate may call.")
noun("number", "Blocks on telephone numbers.")

TheInmate = Annotated[InmateNumber, Argument("INMATE"), Field(description="The inmate's number.")]
TheNumber = Annotated[
    TelephoneNumber, Argument("NUMBER"), Field(description="A telephone number, as dialled or +1…")
]


class ContactAdd(Order):
    inmate: TheInmate
    number: TheNumber
    label: Annotated[Label, Field(description="Who it is.")] = ""
    number_class: Annotated[
        NumberClass, Field(alias="class", description="privileged: never recorded, never monitored.")
    ] = "social"
    status: Annotated[ContactStatus, Field(description="Where the request for this number stands.")] = "approved"
    line: Annotated[Line | None, Field(description="What kind of line it is.")] = None
    facility: AtFacility = None


class ContactAdded(Answer):
    inmate: str
    number: str
    number_class: Annotated[NumberClass, Field(alias="class")]
    status: ContactStatus


@operation(
    "contact.add",
    roles={"counselor"},
    example={"inmate": "1001", "number": "+12025550177", "label": "Sister"},
    tell="{number} is on the list of {inmate}: {number_class}, {status}.",
)
def add_contact(desk: Desk, request: ContactAdd) -> ContactAdded:
    """Put a number on an inmate's list."""
    home = desk.home(request.facility)
    desk.store.add_contact(
        home,
        request.inmate,
        request.number,
        request.label,
        request.status,
        request.number_class,
        request.line,
        maximum=desk.profile_of(home).contact_list.maximum,
        actor=desk.by,
    )
    return ContactAdded(
        inmate=request.inmate, number=request.number, number_class=request.number_class, status=request.status
    )


class ContactList(Question):
    inmate: TheInmate
    facility: AtFacility = None


class ContactLine(Answer):
    number: str
    label: str
    status: ContactStatus
    number_class: Annotated[NumberClass, Field(alias="class")]
    line: Line | None


@operation(
    "contact.list",
    roles={"counselor", "legal", "investigator"},
    example={"inmate": "1001"},
    empty="The list is empty. Add a number: kinline contact add INMATE NUMBER",
)
def list_contacts(desk: Desk, request: ContactList) -> list[ContactLine]:
    """Show an inmate's list."""
    infos = desk.store.contacts(desk.home(request.facility), request.inmate)
    return [
        ContactLine(number=i.number, label=i.label, status=i.status, number_class=i.number_class, line=i.line)
        for i in infos
    ]


Everywhere = Annotated[bool, Field(description="From every facility.")]


class NumberBlock(Order):
    number: TheNumber
    note: Annotated[Note, Field(description="Why; it goes into the audit log.")]
    everywhere: Everywhere = False
    facility: AtFacility = None


class NumberBlocked(Answer):
    number: str
    facility: str | None
    changed: bool


def _told_of_block(answer: NumberBlocked) -> str:
    where = answer.facility or "every facility"
    return f"Calls to {answer.number} from {where} are blocked" + ("." if answer.changed else " already.")


@operation(
    "number.block",
    roles={"supervisor", "investigator"},
    example={"number": "+12025550166", "note": "asked by the owner"},
    tell=_told_of_block,
)
def block_number(desk: Desk, request: NumberBlock) -> NumberBlocked:
    """Refuse calls to a number."""
    home = _place(desk, request)
    fresh = desk.store.block_number(request.number, "staff", home, request.note, actor=desk.by)
    return NumberBlocked(number=request.number, facility=home, changed=fresh)


class NumberUnblock(Order):
    number: TheNumber
    everywhere: Annotated[bool, Field(description="Every facility's blocks.")] = False
    facility: AtFacility = None


class NumberUnblocked(Answer):
    number: str
    facility: str | None
    lifted: int


def _told_of_lifting(answer: NumberUnblocked) -> str:
    if not answer.lifted:
        return f"{answer.number} was not blocked."
    return f"Lifted {answer.lifted} block{'' if answer.lifted == 1 else 's'} on {answer.number}."


@operation(
    "number.unblock",
    roles={"supervisor"},
    example={"number": "+12025550199"},
    tell=_told_of_lifting,
)
def unblock_number(desk: Desk, request: NumberUnblock) -> NumberUnblocked:
    """Lift every standing block on a number, the called party's own included: do it at their request only."""
    home = _place(desk, request)
    lifted = desk.store.unblock_number(request.number, home, desk.by)
    return NumberUnblocked(number=request.number, facility=home, lifted=lifted)


def _place(desk: Desk, request: NumberBlock | NumberUnblock) -> str | None:
    """The facility that is meant, or None for all of them."""
    if request.everywhere:
        desk.need_whole_site()
        return None
    return desk.home(request.facility)
