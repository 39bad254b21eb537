"""Alarms that the telephones raise themselves: cut wires, an open case, a foreign magnet, a failing supply."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility
from kinline.operations.operation import Answer, Question, operation


class AlarmList(Question):
    cleared: Annotated[bool, Field(description="Also those that are over.")] = False
    facility: AtFacility = None


class AlarmLine(Answer):
    id: int
    handset: str
    facility: str
    unit: str | None
    kind: str
    detail: str
    raised_at: datetime
    cleared_at: datetime | None


@operation(
    "alarm.list",
    roles={"counselor", "technician", "investigator"},
    example={},
    empty="No alarm stands.",
)
def list_alarms(desk: Desk, request: AlarmList) -> list[AlarmLine]:
    """List the alarms that stand, the newest first."""
    return [AlarmLine.model_validate(row) for row in desk.store.alarms(desk.within(request.facility), request.cleared)]
