"""What an allowed call is granted beside its seconds: whether it is recorded, what is said during it, what it costs."""

from kinline.rules.case import Case
from kinline.rules.model import Allow, Announcement

ORIGIN_PROMPT = "call_origin"
# P2: whatever a profile says.
_CONFIDENTIAL = ("privileged", "anonymous")


def grant(case: Case, seconds: int, limited_by: str) -> Allow:
    """The answer for an attempt that no rule refuses."""
    profile = case.profile
    before_end = sorted(set(profile.announcements.warning_seconds), reverse=True)
    every = profile.announcements.origin_every_seconds
    return Allow(
        max_seconds=seconds,
        limited_by=limited_by,
        recorded=recorded(case),
        monitored=monitored(case),
        rate_micros_per_minute=case.rate,
        billing=case.billing,
        caller_id=profile.caller_id.number if profile.caller_id else case.request.facility.caller_id,
        warnings_at=tuple(seconds - before for before in before_end if before < seconds),
        announcements=tuple(Announcement(at, ORIGIN_PROMPT) for at in (range(0, seconds, every) if every else ())),
        number_class=case.number_class,
    )


def private(case: Case) -> bool:
    """Whether the class of the number closes the call to staff's ears."""
    return case.number_class in _CONFIDENTIAL or case.number_class in case.profile.recording.private_classes


def recorded(case: Case) -> bool:
    """Recording off anywhere is off."""
    request = case.request
    places = (case.profile.recording, request.facility, request.unit, request.phone, request.inmate, case.contact)
    return not private(case) and all(place.recorded for place in places if place is not None)


def monitored(case: Case) -> bool:
    return not private(case) and case.profile.recording.monitored
