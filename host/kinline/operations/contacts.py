"""The numbers that an inmate may call: asked for, reviewed, changed once in a while."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility, Label, Note
from kinline.operations.named import Sheet, SheetTaken, ShortCode, TheInmate, TheNumber
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.people.lists import Deed
from kinline.rules.model import ContactStatus, Line, NumberClass
from kinline.store.given import NewContact

TheClass = Annotated[
    NumberClass, Field(alias="class", description="An attorney's number is not entered here: see counsel arrange.")
]
TheLine = Annotated[Line | None, Field(description="What kind of line it is.")]
Exempt = Annotated[
    Note | None, Field(description="Why this change does not count, and may come before the list is open to change.")
]


class ContactAdd(Order):
    inmate: TheInmate
    number: TheNumber
    label: Annotated[Label, Field(description="Who it is.")] = ""
    number_class: TheClass = "social"
    status: Annotated[ContactStatus, Field(description="Where the request for this number stands.")] = "approved"
    line: TheLine = None
    exempt: Exempt = None
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
    """Put a number on an inmate's list and decide about it in one step."""
    home = desk.home(request.facility)
    desk.store.add_contact(
        home,
        request.inmate,
        request.number,
        request.label,
        request.status,
        request.number_class,
        request.line,
        actor=desk.by,
        rule=desk.profile_of(home).contact_list,
        exempt=request.exempt or "",
        at=desk.now,
    )
    return ContactAdded(inmate=request.inmate, number=request.number, number_class=request.number_class, status=request.status)


class ContactRequest(Order):
    inmate: TheInmate
    number: TheNumber
    label: Annotated[Label, Field(description="Who it is.")] = ""
    number_class: TheClass = "social"
    line: TheLine = None
    exempt: Exempt = None
    facility: AtFacility = None


class ContactDecided(Answer):
    """`status` is what the inmate may be told, with no more about why."""

    inmate: str
    number: str
    status: ContactStatus


@operation(
    "contact.request",
    roles={"counselor"},
    example={"inmate": "1001", "number": "+12025550178", "label": "Cousin"},
    tell="{number} on the list of {inmate} is {status}.",
)
def request_contact(desk: Desk, request: ContactRequest) -> ContactDecided:
    """Enter a number that an inmate asks for; it waits for review."""
    home = desk.home(request.facility)
    entry = NewContact(request.number, request.label, request.number_class, request.line)
    rule = desk.profile_of(home).contact_list
    info = desk.store.request_contact(home, request.inmate, entry, rule, request.exempt or "", desk.now, desk.by)
    return ContactDecided(inmate=request.inmate, number=info.number, status=info.status)


class ContactReview(Order):
    inmate: TheInmate
    number: TheNumber
    reason: Annotated[Note | None, Field(description="Why; it stays in the list's history.")] = None
    facility: AtFacility = None


_REVIEWED = {"inmate": "1002", "number": "+12025550171", "reason": "checked"}
_TOLD = "{number} on the list of {inmate} is {status}."


@operation("contact.approve", roles={"counselor"}, example=_REVIEWED, tell=_TOLD)
def approve_contact(desk: Desk, request: ContactReview) -> ContactDecided:
    """Approve a number that waits for review. One that is barred is denied instead."""
    return _review(desk, request, "approved")


@operation("contact.deny", roles={"counselor"}, example=_REVIEWED, tell=_TOLD)
def deny_contact(desk: Desk, request: ContactReview) -> ContactDecided:
    """Deny a number, or withdraw its approval."""
    return _review(desk, request, "denied")


@operation("contact.remove", roles={"counselor"}, example=_REVIEWED, tell=_TOLD)
def remove_contact(desk: Desk, request: ContactReview) -> ContactDecided:
    """Take a number off a list, for safety or at its owner's wish; the inmate's window for changes is not used up."""
    return _review(desk, request, "removed")


class ContactWithdraw(Order):
    inmate: TheInmate
    number: TheNumber
    facility: AtFacility = None


@operation("contact.withdraw", roles={"counselor"}, example={"inmate": "1001", "number": "+12025550123"}, tell=_TOLD)
def withdraw_contact(desk: Desk, request: ContactWithdraw) -> ContactDecided:
    """Take a number off at the inmate's own wish, which is a change of the list."""
    home = desk.home(request.facility)
    rule = desk.profile_of(home).contact_list
    info = desk.store.withdraw_contact(home, request.inmate, request.number, rule, desk.now, desk.by)
    return ContactDecided(inmate=request.inmate, number=info.number, status=info.status)


class ContactDial(Order):
    inmate: TheInmate
    number: TheNumber
    code: Annotated[ShortCode | None, Field(description="The digits that dial it; without them, none do.")] = None
    facility: AtFacility = None


class ContactDialed(Answer):
    inmate: str
    number: str
    code: str | None


@operation(
    "contact.dial",
    roles={"counselor"},
    example={"inmate": "1001", "number": "+12025550123", "code": "1"},
    tell=lambda answer: f"{answer.number} is dialed by {answer.code or 'its digits only'}.",
)
def set_speed_dial(desk: Desk, request: ContactDial) -> ContactDialed:
    """Give a number of a list the inmate's own short code, or take it away."""
    home = desk.home(request.facility)
    desk.store.set_speed_dial(home, request.inmate, request.number, request.code, desk.now, desk.by)
    return ContactDialed(inmate=request.inmate, number=request.number, code=request.code)


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
    return [ContactLine(number=i.number, label=i.label, status=i.status, number_class=i.number_class, line=i.line) for i in infos]


class ContactRequests(Question):
    keeps_to_unit: ClassVar[bool] = True
    facility: AtFacility = None


class ContactWaiting(Answer):
    inmate: str
    number: str
    label: str
    number_class: Annotated[NumberClass, Field(alias="class")]
    line: Line | None
    requested_at: datetime | None


@operation("contact.requests", roles={"counselor"}, example={}, empty="Nothing waits for review.")
def list_requests(desk: Desk, request: ContactRequests) -> list[ContactWaiting]:
    """Show what waits for review, the longest waiting first."""
    home = desk.home(request.facility)
    units = {info.number: info.unit for info in desk.store.inmates(home)}
    return [
        ContactWaiting(
            inmate=inmate,
            number=info.number,
            label=info.label,
            number_class=info.number_class,
            line=info.line,
            requested_at=info.requested_at,
        )
        for inmate, info in desk.store.requested_contacts(home)
        if desk.sees(units.get(inmate))
    ]


class ContactStep(Answer):
    """`counts` is whether the list's window for changes counts this step."""

    at: datetime
    number: str
    deed: Deed
    by: str
    reason: str
    counts: bool


@operation(
    "contact.history",
    roles={"counselor", "investigator"},
    example={"inmate": "1001"},
    empty="Nothing has happened to this list.",
)
def list_history(desk: Desk, request: ContactList) -> list[ContactStep]:
    """Show who asked for each number of a list, who decided, when and why."""
    events = desk.store.list_history(desk.home(request.facility), request.inmate)
    return [ContactStep.model_validate(event) for event in events]


class ContactImport(Order):
    sheet: Sheet
    facility: AtFacility = None


@operation(
    "contact.import",
    roles={"counselor"},
    example={"sheet": "inmate,number,label\n1002,+12025550179,Brother\n"},
    tell="Entered {rows} contacts.",
)
def import_contacts(desk: Desk, request: ContactImport) -> SheetTaken:
    """Enter a sheet of contacts, all or none: inmate,number and, if you like, label,class,line,status."""
    home = desk.home(request.facility)
    rule = desk.profile_of(home).contact_list
    done = desk.store.import_contacts(home, request.sheet.encode(), "the sheet", rule, desk.now, desk.by)
    return SheetTaken(rows=done.rows)


def _review(desk: Desk, request: ContactReview, wanted: ContactStatus) -> ContactDecided:
    home = desk.home(request.facility)
    info = desk.store.review_contact(home, request.inmate, request.number, wanted, request.reason or "", desk.now, desk.by)
    return ContactDecided(inmate=request.inmate, number=info.number, status=info.status)
