"""Unwanted calls: who called a number, known by the PIN, and directing that inmate to stop."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.messages import KEPT_FOR, leave
from kinline.store.models import CallRow
from kinline.store.registers import BarPlaced, place_bar
from kinline.store.rows import SYSTEM, facility_row, inmate_row, moment

ABOUT = timedelta(minutes=15)
"""How far the time that a called party remembers may be off."""

_STOP = {
    "en": "You are directed to stop contacting {number}. Calls to this number are closed to you.",
    "es": "Se le ordena dejar de comunicarse con el {number}. Las llamadas a este número quedan cerradas para usted.",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """An attempt at a number, and the inmate whose PIN began it (absent on a telephone that asks for none)."""

    call: int
    at: datetime
    handset: str | None
    inmate: str | None
    name: str | None
    outcome: str | None
    talk_seconds: int


class UnwantedCalls(Database):
    def identify_caller(
        self,
        facility: str,
        number: str,
        called_at: datetime,
        within: timedelta = ABOUT,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> list[Caller]:
        """Who called a number from a facility around a time, the nearest first. Asking is itself audited."""
        with self._writing() as session:
            home = facility_row(session, facility)
            query = select(CallRow).where(
                CallRow.facility_id == home.id,
                CallRow.number == number,
                CallRow.started_at >= called_at - within,
                CallRow.started_at <= called_at + within,
                # An attempt that the rules refused never rang there.
                CallRow.deny_rule.is_(None),
            )
            rows = sorted(session.scalars(query), key=lambda row: abs(row.started_at - called_at))
            details = {"called_at": called_at.isoformat(), "calls": [row.id for row in rows]}
            audit.record(session, moment(at), actor, "call.identify", f"{facility}/{number}", details)
            return [
                Caller(
                    call=row.id,
                    at=row.started_at,
                    handset=row.handset.device_id if row.handset else None,
                    inmate=row.inmate.number if row.inmate else None,
                    name=row.inmate.name if row.inmate else None,
                    outcome=row.outcome,
                    talk_seconds=row.talk_seconds,
                )
                for row in rows
            ]

    def direct_to_stop(
        self,
        facility: str,
        inmate: str,
        number: str,
        reference: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> BarPlaced:
        """Bar a number for one inmate and tell them at their next PIN. Raises Conflict if that was done before."""
        with self._writing() as session:
            when, home, row = moment(at), facility_row(session, facility), inmate_row(session, facility, inmate)
            placed = place_bar(session, number, "unwanted_call", reference, home, row, when, actor)
            text = _STOP[row.language].format(number=" ".join(number.removeprefix("+1")))
            leave(session, row, text, when + KEPT_FOR, when, actor)
            return placed
