"""Telephone numbers that are closed: blocked, barred from lists, or by how they begin."""

from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, InmateNumber
from kinline.operations.named import Document, Everywhere, Prefix, Sheet, SheetTaken, TheNumber, TheReason
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.store.given import BarKind


class NumberBlock(Order):
    number: TheNumber
    note: TheReason
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


class NumberBar(Order):
    number: TheNumber
    kind: Annotated[BarKind, Field(description="Why it is barred; owner_request: its owner wrote to the facility.")]
    reference: Annotated[Document, Field(description="What is on file: a letter, a case, a register.")]
    inmate: Annotated[InmateNumber | None, Field(description="From this inmate's list only.")] = None
    everywhere: Everywhere = False
    facility: AtFacility = None


class NumberBarred(Answer):
    """`removed_from` are the inmates, as FACILITY/NUMBER, off whose lists it went."""

    number: str
    facility: str | None
    removed_from: list[str]


@operation(
    "number.bar",
    roles={"counselor"},
    example={"number": "+12025550123", "kind": "owner_request", "reference": "letter of 2 March"},
    tell=lambda answer: f"{answer.number} is barred, and went off {_lists(len(answer.removed_from))}.",
)
def bar_number(desk: Desk, request: NumberBar) -> NumberBarred:
    """Bar a number from every list that it concerns, and take it off those lists now. Inmates are not told why."""
    home = _place(desk, request)
    inmate = request.inmate if home is not None else None
    placed = desk.store.bar_number(request.number, request.kind, request.reference, home, inmate, desk.now, desk.by)
    return NumberBarred(number=request.number, facility=home, removed_from=list(placed.removed_from))


class NumberUnbar(Order):
    number: TheNumber
    reason: TheReason
    inmate: Annotated[InmateNumber | None, Field(description="The bar for this inmate.")] = None
    everywhere: Annotated[bool, Field(description="The bar at every facility.")] = False
    facility: AtFacility = None


class NumberUnbarred(Answer):
    number: str
    facility: str | None
    lifted: int


@operation(
    "number.unbar",
    roles={"supervisor"},
    example={"number": "+12025550198", "reason": "the number changed hands"},
    tell="Lifted {lifted} bar(s) on {number}. Lists stay as they are.",
)
def unbar_number(desk: Desk, request: NumberUnbar) -> NumberUnbarred:
    """Lift the bars on a number; it comes back onto a list by a new request only."""
    home = _place(desk, request)
    inmate = request.inmate if home is not None else None
    lifted = desk.store.lift_bar(request.number, request.reason, home, inmate, desk.now, desk.by)
    return NumberUnbarred(number=request.number, facility=home, lifted=lifted)


class NumberBars(Question):
    facility: AtFacility = None


class NumberBarLine(Answer):
    number: str
    facility: str | None
    inmate: str | None
    kind: BarKind
    reference: str
    placed_at: datetime
    placed_by: str


@operation("number.barred", roles={"counselor", "investigator"}, example={}, empty="No number is barred.")
def list_barred(desk: Desk, request: NumberBars) -> list[NumberBarLine]:
    """List the numbers that are barred from lists at a facility."""
    infos = desk.store.barred_numbers(desk.home(request.facility))
    return [
        NumberBarLine(
            number=info.number,
            facility=info.facility,
            inmate=info.inmate,
            kind=info.kind,
            reference=info.reference,
            placed_at=info.placed_at,
            placed_by=info.placed_by,
        )
        for info in infos
    ]


class NumberImport(Order):
    sheet: Sheet
    everywhere: Everywhere = False
    facility: AtFacility = None


class NumbersTaken(SheetTaken):
    removed_from: list[str]


@operation(
    "number.import",
    roles={"supervisor"},
    example={"sheet": "number,kind,reference\n+12025550189,victim,case 12\n"},
    tell=lambda answer: f"Barred {answer.rows} numbers, which went off {_lists(len(answer.removed_from))}.",
)
def import_numbers(desk: Desk, request: NumberImport) -> NumbersTaken:
    """Bar a sheet of numbers, all or none: number,kind (victim, do_not_call, owner_request),reference."""
    done = desk.store.import_barred(_place(desk, request), request.sheet.encode(), "the sheet", desk.now, desk.by)
    return NumbersTaken(rows=done.rows, removed_from=list(done.removed_from))


class PrefixBlock(Order):
    prefix: Annotated[Prefix, Argument("PREFIX"), Field(description="How the numbers begin, for example +1900.")]
    note: TheReason
    third_party: Annotated[bool, Field(description="They belong to a service that passes calls on.")] = False
    everywhere: Everywhere = False
    facility: AtFacility = None


class PrefixBlocked(Answer):
    prefix: str
    facility: str | None


@operation(
    "number.block-prefix",
    roles={"supervisor"},
    example={"prefix": "+1900", "note": "premium"},
    tell="Calls to numbers with {prefix} are blocked.",
)
def block_prefix(desk: Desk, request: PrefixBlock) -> PrefixBlocked:
    """Refuse calls to every number that begins so."""
    home = _place(desk, request)
    desk.store.block_prefix(request.prefix, home, request.third_party, request.note, desk.now, desk.by)
    return PrefixBlocked(prefix=request.prefix, facility=home)


class PrefixUnblock(Order):
    prefix: Annotated[Prefix, Argument("PREFIX"), Field(description="How the numbers begin, for example +1900.")]
    everywhere: Everywhere = False
    facility: AtFacility = None


class PrefixUnblocked(PrefixBlocked):
    lifted: int


@operation(
    "number.unblock-prefix",
    roles={"supervisor"},
    example={"prefix": "+1976"},
    tell="Lifted {lifted} block(s) on {prefix}.",
)
def unblock_prefix(desk: Desk, request: PrefixUnblock) -> PrefixUnblocked:
    """Lift the blocks on a prefix."""
    home = _place(desk, request)
    lifted = desk.store.unblock_prefix(request.prefix, home, desk.now, desk.by)
    return PrefixUnblocked(prefix=request.prefix, facility=home, lifted=lifted)


class _Placed(Protocol):
    @property
    def everywhere(self) -> bool: ...

    @property
    def facility(self) -> str | None: ...


def _place(desk: Desk, request: _Placed) -> str | None:
    """The facility that is meant, or None for all of them."""
    if request.everywhere:
        desk.need_whole_site()
        return None
    return desk.home(request.facility)


def _lists(count: int) -> str:
    return "no list" if count == 0 else "one list" if count == 1 else f"{count} lists"
