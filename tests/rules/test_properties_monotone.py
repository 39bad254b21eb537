"""Stricter rules never allow more, and more money never allows less.

The law, in seconds granted (a refusal is none): for one way of paying that the attempt names, and floors whose free talk is
not counted in minutes. Both conditions are needed. Where the attempt names no way, a little money in the first account takes
the call from a later one that would have paid for more of it. And where a law gives so many free minutes, the call that uses
the last of them ends with them, while the next, paid one is as long as any.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kinline.rules import Allow, CalledParty, CallRequest, Contact, Inmate, PastCall, Profile, Restriction, decide
from kinline.rules.profile import ContactList, Hours, Numbers
from tests.rules.cases import MOTHER
from tests.rules.strategies import (
    RULE,
    calls,
    gaps,
    minutes,
    past_calls,
    profiles,
    requests,
    restrictions,
    schedules,
    ways,
)

NOBODY = Inmate()
Change = Callable[[CallRequest], CallRequest]

named = st.builds(replace, requests, billing=ways)
# Half of the attempts are to a number on the list of somebody, or hardly any would be allowed to begin with.
likely = st.builds(
    replace,
    named,
    number=st.just(MOTHER),
    inmate=st.builds(Inmate, contacts=st.just((Contact(MOTHER),)), custodial_parent=st.booleans()),
    called_party=st.just(CalledParty(prepaid_micros=10**6, direct_bill=True)),
    billing=st.just("prepaid"),
)
attempts = named | likely


def countable(profile: Profile) -> Profile:
    return replace(profile, floors=tuple(floor for floor in profile.floors if not (floor.free and floor.minutes)))


lawful = profiles().map(countable)


def seconds(request: CallRequest, profile: Profile) -> int:
    answer = decide(request, profile)
    return answer.max_seconds if isinstance(answer, Allow) else 0


def _inmate(change: Callable[[Inmate], Inmate]) -> Change:
    return lambda request: replace(request, inmate=change(request.inmate) if request.inmate else None)


def _shorter(own: int | None, other: int) -> int:
    return min(own or other, other)


stricter: st.SearchStrategy[Change] = st.one_of(
    restrictions.map(lambda stop: _inmate(lambda inmate: replace(inmate, restrictions=(*inmate.restrictions, stop)))),
    st.integers(1, 2000).map(
        lambda most: _inmate(lambda inmate: replace(inmate, call_seconds=_shorter(inmate.call_seconds, most)))
    ),
    st.just(_inmate(lambda inmate: replace(inmate, on_call=True))),
    st.just(_inmate(lambda inmate: replace(inmate, voice="another"))),
    st.just(_inmate(lambda inmate: replace(inmate, active=False))),
    st.just(_inmate(lambda inmate: replace(inmate, arrested_at=None))),
    st.just(_inmate(lambda inmate: replace(inmate, debit_micros=inmate.debit_micros // 2))),
    st.tuples(st.sampled_from(["facility", "unit", "phone"]), restrictions).map(lambda pick: _suspend(*pick)),
    st.tuples(st.sampled_from(["facility", "unit", "phone"]), st.integers(1, 2000)).map(lambda pick: _shorten(*pick)),
    st.tuples(st.sampled_from(["facility", "unit", "phone"]), schedules).map(lambda pick: _schedule(*pick)),
    st.sampled_from(["facility", "unit", "phone"]).map(lambda place: _changed(place, suspended=True, counsel_suspended=True)),
    st.just(lambda request: replace(request, called_party=replace(request.called_party, blocked=True))),
    st.just(lambda request: replace(request, called_party=replace(request.called_party, blocked_by_facility=True))),
    st.just(lambda request: replace(request, called_party=replace(request.called_party, third_party_service=True))),
    st.just(lambda request: replace(request, called_party=replace(request.called_party, direct_bill=False))),
    st.just(lambda request: replace(request, called_party=replace(request.called_party, line=None))),
    st.integers(0, 10**7).map(lambda most: _poorer(most)),
    st.just(lambda request: replace(request, facility=replace(request.facility, blocked_prefixes=("+1",)))),
    past_calls.map(lambda call: _with_call(call)),
)


def _changed(place: str, **changes: object) -> Change:
    return lambda request: replace(request, **{place: replace(getattr(request, place), **changes)})


def _suspend(place: str, stop: Restriction) -> Change:
    return lambda request: _changed(place, suspensions=(*getattr(request, place).suspensions, stop))(request)


def _shorten(place: str, most: int) -> Change:
    return lambda request: _changed(place, call_seconds=_shorter(getattr(request, place).call_seconds, most))(request)


def _schedule(place: str, windows: tuple[object, ...]) -> Change:
    def change(request: CallRequest) -> CallRequest:
        own = getattr(request, place).hours
        narrowed = windows if own is None else tuple(window for window in own if window in windows)
        return _changed(place, hours=narrowed)(request)

    return change


def _poorer(most: int) -> Change:
    def change(request: CallRequest) -> CallRequest:
        party = request.called_party
        credit = party.direct_bill_credit_micros
        less = replace(
            party,
            prepaid_micros=min(most, party.prepaid_micros),
            direct_bill_credit_micros=most if credit is None else min(most, credit),
        )
        return replace(request, called_party=less)

    return change


def _with_call(call: PastCall) -> Change:
    return lambda request: replace(request, history=(*request.history, call))


@given(attempts, lawful, stricter)
def test_a_stricter_attempt_is_never_allowed_more(request: CallRequest, profile: Profile, change: Change) -> None:
    assert seconds(change(request), profile) <= seconds(request, profile)


profile_changes = st.one_of(
    gaps.map(lambda rule: lambda profile: replace(profile, gaps=(*profile.gaps, rule))),
    minutes.map(lambda rule: lambda profile: replace(profile, minutes=(*profile.minutes, rule))),
    calls.map(lambda rule: lambda profile: replace(profile, calls=(*profile.calls, rule))),
    st.just(lambda profile: replace(profile, floors=profile.floors[1:])),
    st.integers(1, 900).map(
        lambda most: lambda profile: replace(profile, call_length=replace(profile.call_length, seconds=most))
    ),
    st.just(lambda profile: replace(profile, contact_list=ContactList(**RULE))),
    st.just(lambda profile: replace(profile, numbers=Numbers(third_party_services=("+1202",), **RULE))),
    st.just(lambda profile: replace(profile, paying=replace(profile.paying, methods=profile.paying.methods[1:]))),
    st.just(lambda profile: replace(profile, hours=Hours(windows=(), **RULE))),
)


@given(attempts, lawful, profile_changes)
def test_a_stricter_profile_never_allows_more(
    request: CallRequest, profile: Profile, change: Callable[[Profile], Profile]
) -> None:
    assert seconds(request, change(profile)) <= seconds(request, profile)


@given(attempts, lawful)
def test_taking_a_number_off_the_list_never_allows_more(request: CallRequest, profile: Profile) -> None:
    """Where a list is needed at all."""
    profile = replace(profile, contact_list=replace(profile.contact_list, required=True))
    inmate = request.inmate or NOBODY
    listed = replace(request, inmate=inmate)
    others = tuple(contact for contact in inmate.contacts if contact.number != request.number)
    assert seconds(replace(request, inmate=replace(inmate, contacts=others)), profile) <= seconds(listed, profile)


@given(attempts, profiles(), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7))
def test_more_money_never_allows_less(request: CallRequest, profile: Profile, prepaid: int, debit: int, credit: int) -> None:
    party, inmate = request.called_party, request.inmate
    left = party.direct_bill_credit_micros
    richer = replace(
        request,
        called_party=replace(
            party,
            prepaid_micros=party.prepaid_micros + prepaid,
            direct_bill_credit_micros=None if left is None else left + credit,
        ),
        inmate=replace(inmate, debit_micros=inmate.debit_micros + debit) if inmate else None,
    )
    assert seconds(richer, profile) >= seconds(request, profile)


@given(attempts, lawful)
def test_a_floor_never_allows_less(request: CallRequest, profile: Profile) -> None:
    assert seconds(request, profile) >= seconds(request, replace(profile, floors=()))
