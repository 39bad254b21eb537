"""Call records."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, Option, RowId
from kinline.operations.operation import Answer, Question, operation


class CallsList(Question):
    limit: Annotated[int, Field(ge=1, le=10_000, description="How many, the newest first.")] = 20
    open_only: Annotated[bool, Option("--open"), Field(alias="open", description="Only calls that are on now.")] = False
    facility: AtFacility = None


class HeardSign(Answer):
    """A sign heard on the call's line, with its confidence from 0 to 100."""

    sign: str
    confidence: int
    at: datetime


class TypedText(Answer):
    """What a side typed on a text telephone."""

    side: str
    text: str
    at: datetime


class CallRecord(Answer):
    """One call detail record. Money is micro-dollars."""

    id: int
    handset: str | None
    facility_id: int
    inmate: str | None
    number: str
    started_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    ended_by: str | None
    deny_rule: str | None
    billing: str | None
    rate_micros_per_minute: int
    rate_source: str | None
    limit_seconds: int
    limited_by: str | None
    recorded: bool
    monitored: bool
    talk_seconds: int
    charged_micros: int
    recording: str | None
    cause: str | None
    mos: Annotated[float | None, Field(description="How well the caller heard the called party, 1 to 4.5 (G.107).")]


@operation("calls.list", roles={"supervisor", "investigator"}, example={"limit": 5}, empty="No call yet.")
def list_calls(desk: Desk, request: CallsList) -> list[CallRecord]:
    """List call records."""
    infos = desk.store.calls(request.limit, open_only=request.open_only, facility=desk.within(request.facility))
    return [CallRecord.model_validate(info) for info in infos]


class CallsShow(Question):
    call: Annotated[RowId, Argument("CALL"), Field(description="The record's number.")]
    facility: AtFacility = None


class LineQuality(Answer):
    """How the call's line was. Percentages are of the packets sent; `far_…` and `mos_called` are what the far end reported."""

    codec: str
    srtp: str | None
    packets: int
    lost_percent: float
    late_percent: float
    jitter_ms: float
    buffer_ms: float
    round_trip_ms: float | None
    far_lost_percent: float | None
    far_jitter_ms: float | None
    mos_caller: float
    mos_called: float | None


class WholeRecord(CallRecord):
    """A call detail record, how its line was, and what was heard on it."""

    quality: LineQuality | None
    signs: list[HeardSign]
    typed: list[TypedText]


@operation("calls.show", roles={"supervisor", "investigator"}, example={"call": 1})
def show_call(desk: Desk, request: CallsShow) -> WholeRecord:
    """Show one record in full, with its line's quality, the signs heard and the text typed in its talk."""
    return WholeRecord.model_validate(desk.store.call(request.call, desk.within(request.facility)))
