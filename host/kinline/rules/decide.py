"""The decision: every rule looks at the attempt, the first refusal in the published order speaks.

A rule refuses (perhaps only until a moment), limits the seconds, or is silent. Limits combine by the most
restrictive; recording that is off anywhere is off.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kinline.accounts.money import affordable_seconds
from kinline.rules.hours import closing_time, opening_time
from kinline.rules.model import (
    Allow,
    Announcement,
    Billing,
    CallRequest,
    Contact,
    Decision,
    Deny,
    NumberClass,
    Window,
)
from kinline.rules.numbers import NumberKind, number_kind
from kinline.rules.profile import NamedNumber, Profile
from kinline.rules.reasons import reason_text

ORIGIN_PROMPT = "call_origin"


@dataclass(frozen=True, slots=True)
class _Case:
    """An attempt at one moment, with what several rules need worked out once."""

    request: CallRequest
    profile: Profile
    at: datetime
    zone: ZoneInfo
    kind: NumberKind
    contact: Contact | None
    named: NamedNumber | None
    number_class: NumberClass
    billing: Billing
    rate: int


@dataclass(frozen=True, slots=True)
class _Refusal:
    """`until` is the first moment at which this rule alone would let the call pass; None if no moment will."""

    rule: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Limit:
    rule: str
    seconds: int


_Rule = Callable[[_Case], _Refusal | _Limit | None]


def decide(request: CallRequest, profile: Profile) -> Decision:
    """Allow or deny one attempt. Pure: the same request and profile always give the same answer.

    Raises ValueError if the facility's time zone is unknown.
    """
    if request.billing is not None:
        return _decide(request, profile, request.billing)
    answers = [_decide(request, profile, method) for method in _open_methods(request, profile)]
    return next((answer for answer in answers if isinstance(answer, Allow)), answers[0])


def _open_methods(request: CallRequest, profile: Profile) -> tuple[Billing, ...]:
    named = profile.named(request.number)
    contact = _contact(request)
    if profile.rate_for(_number_class(named, contact)) == 0:
        return ("free",)
    return profile.paying.methods or ("free",)


def _decide(request: CallRequest, profile: Profile, billing: Billing) -> Decision:
    case = _case(request, profile, billing)
    verdicts = [verdict for rule in _RULES if (verdict := rule(case)) is not None]
    refusal = next((verdict for verdict in verdicts if isinstance(verdict, _Refusal)), None)
    if refusal is not None:
        return _deny(case, refusal)
    limits = [verdict for verdict in verdicts if isinstance(verdict, _Limit)]
    return _allow(case, min(limits, key=lambda limit: limit.seconds))


def _case(request: CallRequest, profile: Profile, billing: Billing) -> _Case:
    named, contact = profile.named(request.number), _contact(request)
    number_class = _number_class(named, contact)
    try:
        zone = ZoneInfo(request.facility.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"facility.timezone: {request.facility.timezone!r} is not a time zone; write a name such as America/New_York"
        ) from error
    return _Case(
        request=request,
        profile=profile,
        at=request.at,
        zone=zone,
        kind=number_kind(request.number, profile.numbers.home_regions),
        contact=contact,
        named=named,
        number_class=number_class,
        billing=billing,
        rate=profile.rate_for(number_class),
    )


def _contact(request: CallRequest) -> Contact | None:
    contacts = request.inmate.contacts if request.inmate else ()
    return next((contact for contact in contacts if contact.number == request.number), None)


def _number_class(named: NamedNumber | None, contact: Contact | None) -> NumberClass:
    """Privileged wins wherever it is said: a wrong "privileged" costs a recording, a wrong "social" a client's rights."""
    said = [source.number_class for source in (named, contact) if source is not None]
    if "privileged" in said:
        return "privileged"
    return said[0] if said else "social"


def _allow(case: _Case, limit: _Limit) -> Allow:
    profile, seconds = case.profile, limit.seconds
    confidential = case.number_class in ("privileged", "anonymous")
    off = confidential or not case.request.facility.recorded or (case.contact is not None and not case.contact.recorded)
    before_end = sorted(set(profile.announcements.warning_seconds), reverse=True)
    every = profile.announcements.origin_every_seconds
    caller_id = profile.caller_id.number if profile.caller_id else case.request.facility.caller_id
    return Allow(
        max_seconds=seconds,
        limited_by=limit.rule,
        recorded=profile.recording.recorded and not off,
        monitored=profile.recording.monitored and not confidential,
        rate_micros_per_minute=case.rate,
        billing=case.billing,
        caller_id=caller_id,
        warnings_at=tuple(seconds - before for before in before_end if before < seconds),
        announcements=tuple(Announcement(at, ORIGIN_PROMPT) for at in (range(every, seconds, every) if every else ())),
        number_class=case.number_class,
    )


def _deny(case: _Case, refusal: _Refusal) -> Deny:
    now = case.at.astimezone(case.zone)
    moment = _next_allowed(case)
    local = moment.astimezone(case.zone) if moment else None
    return Deny(
        rule=refusal.rule,
        text=reason_text(refusal.rule, local, now),
        decided_at=now,
        next_allowed_at=local,
    )


# Each round passes at least one rule's waiting time; more rounds than there are restrictions and windows to
# wait for means that two rules never agree.
_MOST_ROUNDS = 64


def _next_allowed(case: _Case) -> datetime | None:
    for _ in range(_MOST_ROUNDS):
        waits = []
        for refusal in _refusals(case):
            if refusal.until is None:
                return None
            waits.append(refusal.until)
        if not waits:
            return case.at
        case = replace(case, at=max(waits))
    return None


def _refusals(case: _Case) -> Iterator[_Refusal]:
    for rule in _RULES:
        if isinstance(verdict := rule(case), _Refusal):
            yield verdict


def _pin(case: _Case) -> _Refusal | None:
    if case.profile.pin.mode == "none" or (case.named is not None and case.named.without_pin):
        return None
    inmate = case.request.inmate
    return _Refusal("pin") if inmate is None or not inmate.active else None


def _invalid_number(case: _Case) -> _Refusal | None:
    return _Refusal("invalid_number") if case.kind == "invalid" and case.named is None else None


def _number_of_kind(kind: NumberKind) -> _Rule:
    def rule(case: _Case) -> _Refusal | None:
        if case.kind != kind or case.named is not None or getattr(case.profile.numbers, kind):
            return None
        return _Refusal(kind)

    return rule


def _blocked_by_facility(case: _Case) -> _Refusal | None:
    return _Refusal("blocked_by_facility") if case.request.called_party.blocked_by_facility else None


def _suspension(case: _Case) -> _Refusal | None:
    return _Refusal("suspension") if case.request.facility.suspended else None


def _restriction(case: _Case) -> _Refusal | _Limit | None:
    inmate = case.request.inmate
    if inmate is None or (case.named is not None and case.named.without_pin):
        return None
    ahead = []
    for restriction in inmate.restrictions:
        if restriction.until is not None and restriction.until <= case.at:
            continue
        if restriction.since is None or restriction.since <= case.at:
            return _Refusal("restriction", restriction.until)
        ahead.append(_whole_seconds(restriction.since - case.at))
    return _Limit("restriction", min(ahead)) if ahead else None


def _list_applies(case: _Case) -> bool:
    return case.profile.contact_list.required and case.named is None


def _not_on_list(case: _Case) -> _Refusal | None:
    missing = case.contact is None or case.contact.status == "removed"
    return _Refusal("not_on_list") if _list_applies(case) and missing else None


def _not_approved(case: _Case) -> _Refusal | None:
    waiting = case.contact is not None and case.contact.status in ("pending", "denied")
    return _Refusal("not_approved") if case.named is None and waiting else None


def _blocked_by_called_party(case: _Case) -> _Refusal | None:
    return _Refusal("blocked_by_called_party") if case.request.called_party.blocked else None


def _busy_elsewhere(case: _Case) -> _Refusal | None:
    inmate = case.request.inmate
    return _Refusal("busy_elsewhere") if inmate is not None and inmate.on_call else None


def _hours(case: _Case) -> _Refusal | _Limit | None:
    if case.named is not None and case.named.any_time:
        return None
    schedules: list[tuple[Window, ...]] = []
    if case.profile.hours is not None:
        schedules.append(case.profile.hours.windows)
    inmate = case.request.inmate
    if inmate is not None and inmate.unit is not None and inmate.unit in case.request.facility.schedules:
        schedules.append(case.request.facility.schedules[inmate.unit])
    if not schedules:
        return None
    closing = closing_time(schedules, case.zone, case.at)
    if closing is None:
        return None
    seconds = _whole_seconds(closing - case.at)
    if seconds < 1:
        soon = case.at if closing == case.at else closing
        return _Refusal("hours", opening_time(schedules, case.zone, soon))
    return _Limit("hours", seconds)


def _call_length(case: _Case) -> _Limit:
    return _Limit("call_length", case.profile.call_length.seconds)


def _billing(case: _Case) -> _Refusal | None:
    if case.rate == 0:
        return None
    closed = case.billing not in case.profile.paying.methods
    unknown = case.billing == "direct_bill" and not case.request.called_party.direct_bill
    return _Refusal("billing") if case.billing == "free" or closed or unknown else None


def _balance(case: _Case) -> _Refusal | _Limit | None:
    if case.rate == 0 or case.billing not in ("prepaid", "debit"):
        return None
    inmate = case.request.inmate
    debit = inmate.debit_micros if inmate is not None else 0
    held = case.request.called_party.prepaid_micros if case.billing == "prepaid" else debit
    seconds = affordable_seconds(held, case.rate)
    if seconds < case.profile.rate.smallest_grant_seconds:
        return _Refusal("balance")
    return _Limit("balance", seconds)


def _whole_seconds(span: timedelta) -> int:
    return span // timedelta(seconds=1)


# The order is published: when several rules refuse, the first of them is named; when limits tie, likewise.
_RULES: tuple[_Rule, ...] = (
    _pin,
    _invalid_number,
    _number_of_kind("toll_free"),
    _number_of_kind("premium"),
    _number_of_kind("international"),
    _blocked_by_facility,
    _suspension,
    _call_length,
    _restriction,
    _not_on_list,
    _not_approved,
    _blocked_by_called_party,
    _busy_elsewhere,
    _hours,
    _billing,
    _balance,
)
