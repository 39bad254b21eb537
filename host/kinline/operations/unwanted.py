"""Calls that somebody did not want: whose they were, and directing that inmate to stop."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import AtFacility, Moment, Option
from kinline.operations.named import Document, TheInmate, TheNumber
from kinline.operations.numbers import NumberBarred
from kinline.operations.operation import Answer, Order, operation


class NumberCallers(Order):
    number: TheNumber
    called_at: Annotated[Moment, Option("--at"), Field(description="When it rang, as far as is known.")]
    within_minutes: Annotated[int, Field(ge=1, le=1440, description="How far that may be off.")] = 15
    facility: AtFacility = None


class NumberCaller(Answer):
    """`inmate` is whose PIN began the call; absent on a telephone that asks for none."""

    call: int
    at: datetime
    handset: str
    inmate: str | None
    name: str | None
    outcome: str | None
    talk_seconds: int


@operation(
    "number.callers",
    roles={"investigator"},
    example={"number": "+12025550123", "called_at": "2026-03-02T12:00:00-05:00"},
    empty="Nobody called this number from here around that time.",
)
def identify_callers(desk: Desk, request: NumberCallers) -> list[NumberCaller]:
    """Find whose PIN began the calls to a number around a time. The audit log keeps that this was asked."""
    within = timedelta(minutes=request.within_minutes)
    home = desk.home(request.facility)
    found = desk.store.identify_caller(home, request.number, request.called_at, within, desk.now, desk.by)
    return [NumberCaller.model_validate(caller) for caller in found]


class NumberStop(Order):
    inmate: TheInmate
    number: TheNumber
    reference: Annotated[Document, Field(description="The report of the unwanted call.")]
    facility: AtFacility = None


@operation(
    "number.stop",
    roles={"investigator", "supervisor"},
    example={"inmate": "1001", "number": "+12025550123", "reference": "report 7"},
    tell="{number} is closed to that inmate, who is told after the next PIN.",
)
def direct_to_stop(desk: Desk, request: NumberStop) -> NumberBarred:
    """Direct an inmate to stop calling a number: it is barred for them, and they are told after their next PIN."""
    home = desk.home(request.facility)
    placed = desk.store.direct_to_stop(home, request.inmate, request.number, request.reference, desk.now, desk.by)
    return NumberBarred(number=request.number, facility=home, removed_from=list(placed.removed_from))
