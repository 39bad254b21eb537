"""Who may never listen, and lines that are open to everyone: P2 and P9, under every profile."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.profiles import load_profile
from kinline.rules import Allow, CallRequest, Contact, Deny, Facility, Inmate, Profile, decide, decision_json
from kinline.rules.model import NumberClass, Place
from kinline.rules.profile import NamedNumber, Recording
from tests.rules.cases import MOTHER, RULE, inmate, request
from tests.rules.strategies import contacts, histories, inmates, parties, profiles, requests, stops

CT = load_profile("ct-doc")
HOTLINE = "+18005550123"


@pytest.mark.parametrize("number_class", get_args(NumberClass))
@pytest.mark.parametrize("off", list(product([False, True], repeat=7)))
def test_recording_off_anywhere_is_off(off: tuple[bool, ...], number_class: NumberClass) -> None:
    profile_off, class_off, facility, unit, phone, person, number = off
    rules = replace(
        CT,
        recording=Recording(recorded=not profile_off, private_classes=(number_class,) if class_off else (), **RULE),
    )
    attempt = request(
        facility=Facility(timezone="America/New_York", recorded=not facility),
        unit=Place(recorded=not unit),
        phone=Place(recorded=not phone),
        inmate=inmate(recorded=not person, contacts=(Contact(MOTHER, number_class=number_class, recorded=not number),)),
    )
    answer = decide(attempt, rules)
    assert isinstance(answer, Allow)
    confidential = number_class in ("privileged", "anonymous")
    assert answer.recorded == (not any(off) and not confidential)
    assert answer.monitored == (not confidential and not class_off)


@given(requests, profiles(), st.sampled_from(["privileged", "anonymous"]), st.lists(contacts, max_size=3).map(tuple))
def test_confidential_calls_are_never_recorded_or_monitored(
    attempt: CallRequest, profile: Profile, number_class: NumberClass, lines: tuple[Contact, ...]
) -> None:
    """Whatever else the list or the profile says of the number."""
    line = Contact(MOTHER, number_class=number_class)
    listed = replace(attempt, number=MOTHER, inmate=replace(attempt.inmate or Inmate(), contacts=(line,)))
    answer = decide(listed, profile)
    assert isinstance(answer, Deny) or not (answer.recorded or answer.monitored)
    counsel = replace(line, number_class="privileged")
    doubly = replace(listed, inmate=replace(attempt.inmate or Inmate(), contacts=(*lines, counsel)))
    answer = decide(doubly, profile)
    assert isinstance(answer, Deny) or not (answer.recorded or answer.monitored)


@pytest.mark.parametrize("status", ["approved", "pending", "denied", "removed"])
def test_counsel_taken_off_the_list_is_counsel_still(status: str) -> None:
    """Where no list is needed the number can be called, and nobody listens."""
    rules = replace(CT, contact_list=replace(CT.contact_list, required=False))
    contact = Contact(MOTHER, status=status, number_class="privileged")  # type: ignore[arg-type]
    answer = decide(request(inmate=inmate(contacts=(contact,))), rules)
    assert isinstance(answer, Deny) or not (answer.recorded or answer.monitored)


def named(number_class: NumberClass) -> NamedNumber:
    return NamedNumber(number=HOTLINE, label="Hotline", number_class=number_class, any_time=True, **RULE)


lines = st.sampled_from(["free", "anonymous"])
# An open line is closed by nobody's person, money or past; a place may be shut, and the line itself may say no.
open_attempts = st.builds(
    replace,
    requests,
    number=st.just(HOTLINE),
    called_party=parties.map(lambda party: replace(party, blocked=False)),
)


@given(open_attempts, profiles(), st.none() | inmates, stops, histories)
def test_an_anonymous_line_asks_nothing(
    attempt: CallRequest, profile: Profile, caller: Inmate | None, restricted: tuple[object, ...], past: tuple[object, ...]
) -> None:
    """P9: the same answer for everyone, with or without PIN, money, restrictions and history; and it is yes."""
    profile = replace(profile, named_numbers=(named("anonymous"),))
    nobody = replace(attempt, inmate=None, history=(), facility=_unshortened(attempt), unit=Place(), phone=Place())
    who = replace(caller, restrictions=restricted, call_seconds=None, contacts=()) if caller else None
    somebody = replace(nobody, inmate=who, history=past)
    answer = decide(nobody, profile)
    assert isinstance(answer, Allow) and answer.rate_micros_per_minute == 0
    assert decision_json(decide(somebody, profile)) == decision_json(answer)


def _unshortened(attempt: CallRequest) -> Facility:
    return replace(attempt.facility, call_seconds=None)


@given(open_attempts, profiles(), inmates, histories)
def test_a_free_line_works_without_pin_money_list_and_past(
    attempt: CallRequest, profile: Profile, caller: Inmate, past: tuple[object, ...]
) -> None:
    profile = replace(profile, named_numbers=(named("free"),))
    attempt = replace(attempt, facility=Facility(), unit=Place(), phone=Place())
    caller = replace(caller, restrictions=(), contacts=(), call_seconds=None)
    answers = [decide(replace(attempt, inmate=who, history=past), profile) for who in (None, caller)]
    assert all(isinstance(answer, Allow) and answer.rate_micros_per_minute == 0 for answer in answers)
    assert decision_json(answers[0]) == decision_json(answers[1])


@given(requests, profiles(), stops)
def test_counsel_is_as_reachable_under_restriction_as_without(
    attempt: CallRequest, profile: Profile, restricted: tuple[object, ...]
) -> None:
    """Unless a determination of its own covers counsel too."""
    profile = replace(profile, floors=())
    line = Contact(MOTHER, number_class="privileged")
    free = replace(attempt, number=MOTHER, inmate=replace(attempt.inmate or Inmate(), contacts=(line,), restrictions=()))
    without = tuple(replace(stop, counsel=False) for stop in restricted)  # type: ignore[type-var]
    bound = replace(
        free,
        inmate=replace(free.inmate, restrictions=without),  # type: ignore[type-var]
        facility=replace(free.facility, suspended=True, suspensions=(*free.facility.suspensions, *without)),
    )
    assert decide(bound, profile) == decide(free, profile)
