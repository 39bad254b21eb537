"""Calls with counsel: arrangements, and determinations that a restriction covers counsel too. Legal staff's matter."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, Moment, Note, Option, PersonName, RowId
from kinline.operations.named import Document, TheId, TheInmate, TheNumber, TheReason
from kinline.operations.operation import Answer, Order, Question, operation

OnFile = Annotated[Document, Field(description="Where the paper lies on file.")]


class CounselArrange(Order):
    inmate: TheInmate
    number: TheNumber
    attorney: Annotated[PersonName, Field(description="Whose number it is.")]
    document: OnFile
    until: Annotated[Moment, Field(description="When the arrangement ends.")]
    since: Annotated[Moment | None, Option("--from"), Field(alias="from", description="Without it: now.")] = None
    facility: AtFacility = None


class CounselArranged(Answer):
    id: int


@operation(
    "counsel.arrange",
    roles={"legal"},
    example={
        "inmate": "1001",
        "number": "+12025550170",
        "attorney": "L. Example",
        "document": "file 12",
        "until": "2026-09-01T00:00:00-04:00",
    },
    tell="Arrangement {id} is entered: the number is privileged while it lasts.",
)
def arrange(desk: Desk, request: CounselArrange) -> CounselArranged:
    """Make an attorney's number privileged for an inmate for a time: neither recorded nor monitored, off every list."""
    row = desk.store.arrange_counsel(
        desk.home(request.facility),
        request.inmate,
        request.number,
        request.attorney,
        request.document,
        request.since or desk.now,
        request.until,
        desk.now,
        desk.by,
    )
    return CounselArranged(id=row)


class CounselWithdraw(Order):
    id: TheId
    reason: TheReason
    facility: AtFacility = None


@operation(
    "counsel.withdraw",
    roles={"legal"},
    example={"id": 1, "reason": "another attorney has the case"},
    tell="Arrangement {id} has ended.",
)
def withdraw(desk: Desk, request: CounselWithdraw) -> CounselArranged:
    """End an arrangement early."""
    desk.store.withdraw_arrangement(request.id, desk.home(request.facility), request.reason, desk.now, desk.by)
    return CounselArranged(id=request.id)


class CounselList(Question):
    inmate: TheInmate
    facility: AtFacility = None


class CounselLine(Answer):
    id: int
    number: str
    attorney: str
    document: str
    starts_at: datetime
    ends_at: datetime
    entered_by: str
    withdrawn_at: datetime | None
    withdrawn_because: str | None


@operation(
    "counsel.list",
    roles={"legal", "counselor"},
    example={"inmate": "1001"},
    empty="Nothing is arranged with counsel for this inmate.",
)
def list_arrangements(desk: Desk, request: CounselList) -> list[CounselLine]:
    """List what was arranged with counsel for an inmate."""
    infos = desk.store.arrangements(desk.home(request.facility), request.inmate)
    return [
        CounselLine(
            id=info.id,
            number=info.number,
            attorney=info.attorney,
            document=info.document,
            starts_at=info.starts_at,
            ends_at=info.ends_at,
            entered_by=info.entered_by,
            withdrawn_at=info.withdrawn_at,
            withdrawn_because=info.withdrawn_because,
        )
        for info in infos
    ]


class CounselDetermine(Order):
    restriction: Annotated[RowId, Argument("RESTRICTION"), Field(description="Its number, as restriction list shows it.")]
    ground: Annotated[Note, Field(description="Why security, safety or order demand it.")]
    document: OnFile
    facility: AtFacility = None


class CounselDetermined(Answer):
    id: int
    restriction: int


@operation(
    "counsel.determine",
    roles={"legal"},
    example={"restriction": 1, "ground": "threats were passed on", "document": "memo 4"},
    tell="Determination {id} is entered: restriction {restriction} covers counsel too.",
)
def determine(desk: Desk, request: CounselDetermine) -> CounselDetermined:
    """Determine that a restriction or suspension covers calls with counsel too."""
    home = desk.home(request.facility)
    row = desk.store.determine_counsel(request.restriction, home, request.ground, request.document, desk.now, desk.by)
    return CounselDetermined(id=row, restriction=request.restriction)


class CounselUndetermine(Order):
    id: Annotated[RowId, Argument("ID"), Field(description="The determination's number.")]
    facility: AtFacility = None


@operation(
    "counsel.undetermine",
    roles={"legal"},
    example={"id": 1},
    tell="Determination {id} is withdrawn: counsel is reached again.",
)
def undetermine(desk: Desk, request: CounselUndetermine) -> CounselArranged:
    """Withdraw a determination."""
    desk.store.withdraw_determination(request.id, desk.home(request.facility), desk.now, desk.by)
    return CounselArranged(id=request.id)


class CounselDeterminations(Question):
    restriction: Annotated[RowId, Argument("RESTRICTION"), Field(description="The restriction's number.")]
    facility: AtFacility = None


class DeterminationLine(Answer):
    id: int
    ground: str
    document: str
    entered_by: str
    entered_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None


@operation(
    "counsel.determinations",
    roles={"legal", "counselor"},
    example={"restriction": 1},
    empty="Nothing was determined: this restriction leaves counsel open.",
)
def list_determinations(desk: Desk, request: CounselDeterminations) -> list[DeterminationLine]:
    """List what was determined about a restriction."""
    infos = desk.store.determinations(request.restriction, desk.home(request.facility))
    return [
        DeterminationLine(
            id=info.id,
            ground=info.ground,
            document=info.document,
            entered_by=info.entered_by,
            entered_at=info.entered_at,
            withdrawn_at=info.withdrawn_at,
            withdrawn_by=info.withdrawn_by,
        )
        for info in infos
    ]
