"""What must hold for every request, searched for by Hypothesis."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from kinline.accounts import affordable_seconds, charge_micros
from kinline.profiles import load_profile
from kinline.rules import (
    Allow,
    CalledParty,
    CallRequest,
    Contact,
    Deny,
    Facility,
    Inmate,
    Profile,
    Restriction,
    Window,
    decide,
)
from tests.rules.cases import MOTHER

PROFILES = [load_profile(name) for name in ("ct-doc", "generic", "demo")]

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
numbers = st.sampled_from([MOTHER, "+12025550124", "+18005550123", "+442079460000", "+1911", "", "x"]) | st.text(max_size=20)
classes = st.sampled_from(["social", "privileged", "free", "anonymous", "relay"])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start = draw(st.integers(0, 1439))
    return Window(start, draw(st.integers(start + 1, 1440)))


facilities = st.builds(
    Facility,
    timezone=st.sampled_from(["America/New_York", "America/Phoenix", "America/Anchorage", "UTC", "Pacific/Guam"]),
    suspended=st.booleans(),
    schedules=st.dictionaries(st.just("B2"), st.lists(windows(), max_size=3).map(tuple), max_size=1),
    recorded=st.booleans(),
)
restrictions = st.builds(Restriction, since=st.none() | moments, until=st.none() | moments)
contacts = st.builds(
    Contact,
    number=st.sampled_from([MOTHER, "+12025550124", "+18005550123"]),
    status=st.sampled_from(["approved", "approved", "approved", "pending", "denied", "removed"]),
    number_class=classes,
    recorded=st.booleans(),
)
inmates = st.builds(
    Inmate,
    id=st.just("1"),
    unit=st.sampled_from([None, "B2"]),
    active=st.sampled_from([True, True, True, False]),
    debit_micros=st.integers(0, 10**7),
    contacts=st.lists(contacts, max_size=4).map(tuple),
    restrictions=st.lists(restrictions, max_size=2).map(tuple),
)
requests = st.builds(
    CallRequest,
    at=moments,
    number=numbers,
    facility=facilities,
    inmate=st.none() | inmates,
    billing=st.sampled_from([None, "prepaid", "debit", "collect", "direct_bill", "free"]),
    called_party=st.builds(CalledParty, blocked=st.booleans(), prepaid_micros=st.integers(0, 10**7)),
)
profiles = st.sampled_from(PROFILES)


@given(requests, profiles)
def test_every_request_has_one_sound_answer(request: CallRequest, profile: Profile) -> None:
    answer = decide(request, profile)
    assert answer == decide(request, profile)
    if isinstance(answer, Allow):
        assert 1 <= answer.max_seconds <= profile.call_length.seconds
        assert all(0 < at < answer.max_seconds for at in answer.warnings_at)
        assert list(answer.warnings_at) == sorted(set(answer.warnings_at))
        assert not (answer.recorded and not request.facility.recorded)
    else:
        assert answer.text["en"] and answer.text["es"]


@given(requests, profiles)
def test_a_privileged_call_is_never_recorded_or_monitored(request: CallRequest, profile: Profile) -> None:
    assume(request.inmate is not None)
    assert request.inmate is not None
    counsel = replace(
        request,
        number=MOTHER,
        inmate=replace(request.inmate, contacts=(Contact(MOTHER, number_class="privileged"),)),
    )
    answer = decide(counsel, profile)
    assert isinstance(answer, Deny) or not (answer.recorded or answer.monitored)


# Calls that only time can refuse.
waiting = st.builds(
    CallRequest,
    at=moments,
    number=st.just(MOTHER),
    facility=facilities.map(lambda facility: replace(facility, suspended=False)),
    inmate=inmates.map(lambda inmate: replace(inmate, active=True, contacts=(Contact(MOTHER),))),
    billing=st.just("prepaid"),
    called_party=st.just(CalledParty(prepaid_micros=10**9)),
)


@given(waiting, profiles)
def test_the_next_allowed_moment_is_the_first(request: CallRequest, profile: Profile) -> None:
    answer = decide(request, profile)
    if isinstance(answer, Allow):
        return
    moment = answer.next_allowed_at
    if moment is None:
        assert _never(request, profile)
        return
    assert moment > request.at
    assert isinstance(decide(replace(request, at=moment), profile), Allow)
    before = [moment - timedelta(seconds=1), request.at + (moment - request.at) / 2]
    for at in before:
        assert at < request.at or isinstance(decide(replace(request, at=at), profile), Deny)


def _never(request: CallRequest, profile: Profile) -> bool:
    """Refused now, in a day by half hours, and after every restriction that ends."""
    assert request.inmate is not None
    ends = [restriction.until for restriction in request.inmate.restrictions if restriction.until]
    starts = [request.at, *(end for end in ends if end > request.at)]
    moments = [start + timedelta(minutes=minute) for start in starts for minute in range(0, 24 * 60, 30)]
    return all(isinstance(decide(replace(request, at=at), profile), Deny) for at in moments)


@given(requests, profiles, restrictions)
def test_a_restriction_never_allows_more(request: CallRequest, profile: Profile, restriction: Restriction) -> None:
    assume(request.inmate is not None)
    assert request.inmate is not None
    stricter = replace(request, inmate=replace(request.inmate, restrictions=(*request.inmate.restrictions, restriction)))
    assert _seconds(stricter, profile) <= _seconds(request, profile)


@given(requests, profiles, st.integers(0, 10**7))
def test_more_money_never_allows_less(request: CallRequest, profile: Profile, more: int) -> None:
    assume(request.billing is not None)
    party = replace(request.called_party, prepaid_micros=request.called_party.prepaid_micros + more)
    assert _seconds(replace(request, called_party=party), profile) >= _seconds(request, profile)


@given(st.integers(0, 10**12), st.integers(1, 10**7))
def test_a_balance_buys_exactly_the_seconds_that_it_covers(balance: int, rate: int) -> None:
    seconds = affordable_seconds(balance, rate)
    assert charge_micros(rate, seconds) <= balance < charge_micros(rate, seconds + 1)


@given(requests, profiles)
def test_a_grant_never_costs_more_than_the_balance(request: CallRequest, profile: Profile) -> None:
    answer = decide(request, profile)
    if isinstance(answer, Allow) and answer.billing == "prepaid":
        price = charge_micros(answer.rate_micros_per_minute, answer.max_seconds)
        assert price <= request.called_party.prepaid_micros


def _seconds(request: CallRequest, profile: Profile) -> int:
    answer = decide(request, profile)
    return answer.max_seconds if isinstance(answer, Allow) else 0
