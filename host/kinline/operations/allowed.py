"""Whether and when an inmate may call a number: the telephone's own decision, asked ahead of the call."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, DeviceId, InmateNumber, TelephoneNumber
from kinline.operations.operation import Answer, Question, operation
from kinline.rules import Allow, CallRequest, Profile, history_needed_since
from kinline.rules.calendar import calendar
from kinline.rules.case import zone_of
from kinline.rules.explain import explain, in_words
from kinline.rules.model import Language
from kinline.rules.pricing import priced
from kinline.store.errors import NotFound

TheInmate = Annotated[InmateNumber, Argument("INMATE"), Field(description="Who would call.")]
TheNumber = Annotated[TelephoneNumber, Argument("NUMBER"), Field(description="A number of the inmate's list, or a named line's.")]
From = Annotated[DeviceId | None, Field(description="From which telephone. Without: one of the inmate's unit, else any.")]


class ContactExplain(Question):
    inmate: TheInmate
    number: TheNumber
    handset: From = None
    language: Annotated[Language, Field(description="The language of the text.")] = "en"
    facility: AtFacility = None


class Explained(Answer):
    """`rule` and `next_allowed_at` belong to a refusal, `max_seconds` and `limited_by` to a grant. `text` has every rule."""

    allow: bool
    text: list[str]
    rule: str | None = None
    next_allowed_at: datetime | None = None
    max_seconds: int | None = None
    limited_by: str | None = None


@operation(
    "contact.explain",
    roles={"counselor", "investigator"},
    example={"inmate": "1001", "number": "+12025550123"},
    tell=lambda answer: "\n".join(answer.text),
)
def explain_contact(desk: Desk, request: ContactExplain) -> Explained:
    """Say whether an inmate may call a number now, and what each rule has to do with it."""
    explanation = explain(*_attempt(desk, request))
    decision, text = explanation.decision, in_words(explanation, request.language)
    if isinstance(decision, Allow):
        return Explained(allow=True, text=text, max_seconds=decision.max_seconds, limited_by=decision.limited_by)
    return Explained(allow=False, text=text, rule=decision.rule, next_allowed_at=decision.next_allowed_at)


class ContactCalendar(Question):
    inmate: TheInmate
    number: TheNumber
    handset: From = None
    days: Annotated[int, Field(ge=1, le=31, description="How many days, today being the first.")] = 7
    facility: AtFacility = None


class OpeningLine(Answer):
    """A call may begin from `start` until, but not at, `until`; one that begins at `start` may last `max_seconds`."""

    start: datetime
    until: datetime
    max_seconds: int
    limited_by: str


@operation(
    "contact.calendar",
    roles={"counselor", "investigator"},
    example={"inmate": "1001", "number": "+12025550123"},
    empty="No call is possible in these days. `kinline contact explain` says why.",
)
def contact_calendar(desk: Desk, request: ContactCalendar) -> list[OpeningLine]:
    """List when an inmate may call a number in the coming days, if nothing else happens."""
    attempt, profile = _attempt(desk, request)
    return [OpeningLine.model_validate(opening) for opening in calendar(attempt, profile, request.days)]


def _attempt(desk: Desk, asked: ContactExplain | ContactCalendar) -> tuple[CallRequest, Profile]:
    """What the telephone would ask the rules. Raises NotFound for a number that is none of the inmate's: nobody learns
    from here what is blocked, or paid in advance, for strangers.
    """
    home = desk.home(asked.facility)
    inmate = desk.store.inmate(home, asked.inmate)
    profile = priced(desk.profile_of(home), desk.store.rates(home), desk.today_at(home))
    profile = replace(profile, named_numbers=profile.named_numbers + desk.store.named_lines(home))
    listed = any(line.number == asked.number for line in desk.store.contacts(home, asked.inmate))
    if not listed and profile.named(asked.number) is None:
        raise NotFound(f"{asked.number} is not on the list of {asked.inmate}; it can be put there: kinline contact request")
    zone = zone_of(desk.store.facility(home).timezone)
    since = history_needed_since(profile, desk.now, zone)
    handset = asked.handset or _telephone(desk, home, inmate.unit)
    return desk.store.call_request(inmate.id, asked.number, handset, desk.now, history_since=since), profile


def _telephone(desk: Desk, home: str, unit: str | None) -> str:
    there = [info for info in desk.store.handsets() if info.facility == home]
    near = [info for info in there if info.unit == unit] or there
    if not near:
        raise NotFound(f"facility {home} has no telephone yet; add one: kinline handset add")
    return near[0].device_id
