"""An attempt gone through once before the first one, so that no caller waits for statements to be compiled."""

import contextlib
from datetime import datetime, timedelta

from sqlalchemy import select

from kinline.rules.model import Allow
from kinline.store.calls import Calls
from kinline.store.errors import CallRefused
from kinline.store.facts import Facts
from kinline.store.tables.people import InmateRow

_NOBODYS_NUMBER = "+10000000000"  # no exchange begins with 0
# Prepaid, for which nobody has paid in: refused when it comes to the money.
_BEYOND_MEANS = Allow(
    max_seconds=60, limited_by="call_length", recorded=False, monitored=False, rate_micros_per_minute=1, billing="prepaid"
)


class Rehearsal(Calls, Facts):
    def rehearse(self, device_id: str, at: datetime) -> None:
        """Ask what an attempt at a handset asks, and begin a call that is refused: nothing is written.

        Raises NotFound where there is no such handset.
        """
        inmate = self._anyone()
        self.call_request(inmate, _NOBODYS_NUMBER, device_id, at, history_since=at - timedelta(days=1))
        with contextlib.suppress(CallRefused):
            self.begin_call(device_id, inmate, _NOBODYS_NUMBER, _BEYOND_MEANS, "rehearsal", at)

    def _anyone(self) -> int | None:
        with self._reading() as session:
            return session.scalar(select(InmateRow.id).limit(1))
