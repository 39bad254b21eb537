"""Call records for people."""

from collections.abc import Sequence

from rich.table import Table

from kinline.accounts import dollars
from kinline.cli.output import moment, sheet, table
from kinline.operations.records import CallRecord


def call_table(records: Sequence[CallRecord]) -> Table | str:
    columns = ("#call", "started", "handset", "inmate", "number", "outcome", "ended by", "#talk", "#charged")
    rows = [
        (
            call.id,
            call.started_at,
            call.handset,
            call.inmate,
            call.number,
            _outcome(call),
            _words(call.ended_by),
            _clock(call.talk_seconds),
            dollars(call.charged_micros),
        )
        for call in records
    ]
    return table(columns, rows, "")


def call_sheet(call: CallRecord) -> Table:
    price = f"{dollars(call.rate_micros_per_minute)} a minute, {call.billing}" if call.billing else None
    limit = f"{_clock(call.limit_seconds)} by {_words(call.limited_by)}" if call.limited_by else None
    return sheet(
        {
            "call": call.id,
            "handset": call.handset,
            "inmate": call.inmate,
            "number": call.number,
            "started": moment(call.started_at),
            "accepted": moment(call.accepted_at),
            "ended": moment(call.ended_at) if call.ended_at else "still on",
            "outcome": _outcome(call),
            "ended by": _words(call.ended_by),
            "limit": limit,
            "talk": _clock(call.talk_seconds),
            "price": price,
            "charged": dollars(call.charged_micros),
            "recorded": call.recorded,
            "recording": call.recording,
            "cause": call.cause,
        }
    )


def _outcome(call: CallRecord) -> str:
    return f"denied: {_words(call.deny_rule)}" if call.deny_rule else _words(call.outcome) or "on now"


def _words(text: str | None) -> str:
    return (text or "").replace("_", " ")


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
