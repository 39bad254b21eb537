"""An inmate's contact list: when the inmate may change it, and what a review may decide."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kinline.rules.model import ContactStatus

Deed = Literal["requested", "withdrawn", "approved", "denied", "removed"]
"""A step in a list's history. The inmate requests and withdraws; staff approve, deny and remove."""

INMATES_OWN: frozenset[Deed] = frozenset({"requested", "withdrawn"})
"""The deeds that the change window counts. What an owner asks for, or safety, is no change of the inmate's."""

# What staff may decide about a number, by where its review stands. A number that was refused or taken off comes back by
# a new request, except that staff may reconsider a refusal.
_OPEN_TO_REVIEW: dict[ContactStatus, frozenset[ContactStatus]] = {
    "pending": frozenset({"approved", "denied", "removed"}),
    "approved": frozenset({"denied", "removed"}),
    "denied": frozenset({"approved", "removed"}),
    "removed": frozenset(),
}
# A number in one of these takes a place on the list.
TAKES_A_PLACE: frozenset[ContactStatus] = frozenset({"pending", "approved"})


class ReviewError(ValueError):
    """A review that cannot decide this; the text says where it stands and what is possible."""


def reviewed(status: ContactStatus, wanted: ContactStatus, barred: bool) -> ContactStatus:
    """Where a number stands after staff decided `wanted`. A barred number is never approved: it is denied instead.

    Raises ReviewError if that cannot be decided about a number that is `status`.
    """
    if wanted == "approved" and barred:
        wanted = "denied"
        if status == "denied":
            return status
    if wanted not in _OPEN_TO_REVIEW[status]:
        raise ReviewError(f"the number is {status}, so it cannot become {wanted}; " + _next_step(status))
    return wanted


def _next_step(status: ContactStatus) -> str:
    if status == "removed":
        return "enter a new request for it"
    return "it can become " + " or ".join(sorted(_OPEN_TO_REVIEW[status]))


def next_change(edits: Iterable[datetime], at: datetime, every_days: int | None, zone: ZoneInfo) -> datetime | None:
    """None if the inmate may change the list at `at`; else the first moment of the local day on which it is allowed again.

    `edits` are the inmate's own. All edits of one local day are one change, as they are handed in on one form; the
    next change may be made `every_days` days after that day.
    """
    if every_days is None:
        return None
    last = max((edit.astimezone(zone).date() for edit in edits), default=None)
    today = at.astimezone(zone).date()
    if last is None or today == last or today >= last + timedelta(days=every_days):
        return None
    return first_moment(last + timedelta(days=every_days), zone)


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a local day, also where a clock change skips its midnight."""
    # A time that was skipped is read with the offset before the change; going through UTC puts it right after.
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    return midnight.astimezone(ZoneInfo("UTC")).astimezone(zone)
