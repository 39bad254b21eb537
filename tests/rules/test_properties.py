"""What must hold for every attempt under every profile, searched for by Hypothesis."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import event, given
from hypothesis import strategies as st

from kinline.accounts import affordable_seconds, charge_micros
from kinline.rules import Allow, CallRequest, Decision, Deny, PastCall, Profile, decide
from kinline.rules.decide import LIMITS, RULES
from tests.rules.strategies import histories, moments, patient_profiles, profiles, requests, waiting

SECOND = timedelta(seconds=1)


@given(requests, profiles())
def test_every_attempt_has_one_sound_answer(request: CallRequest, profile: Profile) -> None:
    answer = decide(request, profile)
    assert answer == decide(request, profile)
    if isinstance(answer, Allow):
        assert answer.max_seconds >= 1 and answer.limited_by in LIMITS
        assert all(0 < at < answer.max_seconds for at in answer.warnings_at)
        assert all(earlier < later for earlier, later in pairwise(answer.warnings_at))
        assert all(0 <= said.at_seconds < answer.max_seconds for said in answer.announcements)
    else:
        assert answer.rule in list(RULES)[:18] and answer.text["en"] and answer.text["es"]


@given(requests, profiles(), st.randoms())
def test_the_order_of_the_history_says_nothing(request: CallRequest, profile: Profile, random: object) -> None:
    shuffled = list(request.history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(replace(request, history=tuple(shuffled)), profile) == decide(request, profile)


@given(requests, profiles(), histories)
def test_a_decision_can_be_replayed_later(request: CallRequest, profile: Profile, later: tuple[PastCall, ...]) -> None:
    """What began after the attempt was not known then."""
    after = tuple(call for call in later if call.start > request.at)
    before = tuple(call for call in request.history if call.start <= request.at)
    known, replayed = replace(request, history=before), replace(request, history=(*before, *after))
    assert _now(decide(replayed, profile)) == _now(decide(known, profile))


class TestNextAllowed:
    @given(waiting, patient_profiles, st.floats(0, 1))
    def test_is_the_first_moment(self, request: CallRequest, profile: Profile, share: float) -> None:
        answer = decide(request, profile)
        if isinstance(answer, Allow):
            return
        # In UTC, where the second before it is one even when the clock changes there.
        moment = answer.next_allowed_at.astimezone(UTC) if answer.next_allowed_at else None
        event(f"{answer.rule}, {'ends' if moment else 'never ends'}")
        if moment is None:
            moment = request.at + timedelta(days=100)
        else:
            assert moment > request.at
            assert isinstance(decide(replace(request, at=moment), profile), Allow)
        between = [moment - SECOND, request.at + share * (moment - request.at), *edges(request, profile, moment)]
        for at in between:
            if request.at <= at < moment:
                assert isinstance(decide(replace(request, at=at), profile), Deny), at

    @given(requests, profiles())
    def test_is_told_by_every_refusal_that_time_ends(self, request: CallRequest, profile: Profile) -> None:
        """Whatever refuses: the moment that is named is allowed, and none is named that is not to come."""
        answer = decide(request, profile)
        if isinstance(answer, Deny) and answer.next_allowed_at is not None:
            assert answer.next_allowed_at > request.at
            assert isinstance(decide(replace(request, at=answer.next_allowed_at), profile), Allow)


def edges(request: CallRequest, profile: Profile, until: datetime) -> Iterator[datetime]:
    """Moments at which some rule may begin to allow: ends, openings, midnights, and the ends of waits."""
    assert request.inmate is not None
    stops = [*request.inmate.restrictions, *request.facility.suspensions, *request.unit.suspensions, *request.phone.suspensions]
    yield from (edge for stop in stops for edge in (stop.since, stop.until) if edge is not None)
    for call in request.history:
        end = call.start + timedelta(seconds=min(call.talk_seconds, 86400))
        yield from (base + timedelta(seconds=gap.seconds) for gap in profile.gaps for base in (call.start, end))
    hour = request.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    last = min(until.astimezone(UTC), hour + timedelta(days=20))
    while (hour := hour + timedelta(hours=12)) < last:
        yield hour
    for window in profile.hours.windows if profile.hours else ():
        start = request.at.replace(hour=window.start // 60, minute=window.start % 60, second=0, microsecond=0)
        yield from (start + timedelta(days=day) for day in range(3))


@given(waiting, patient_profiles, st.floats(0, 1))
def test_a_grant_never_reaches_into_closed_time(request: CallRequest, profile: Profile, share: float) -> None:
    """Hours that close, a suspension or restriction that begins: none of them finds a call in progress."""
    profile = replace(profile, floors=())
    answer = decide(request, profile)
    if isinstance(answer, Deny):
        return
    length = timedelta(seconds=answer.max_seconds)
    end = request.at + length - SECOND
    inside = [edge for edge in edges(request, profile, end) if request.at < edge < end]
    for at in (end, request.at + share * (length - SECOND), *inside):
        later = decide(replace(request, at=at, history=()), profile)
        assert isinstance(later, Allow) or later.rule not in ("hours", "suspension", "restriction"), (at, later)


@given(st.integers(0, 10**12), st.integers(1, 10**7))
def test_a_balance_buys_exactly_the_seconds_that_it_covers(balance: int, rate: int) -> None:
    seconds = affordable_seconds(balance, rate)
    assert charge_micros(rate, seconds) <= balance < charge_micros(rate, seconds + 1)


@given(requests, profiles())
def test_a_grant_never_costs_more_than_is_there(request: CallRequest, profile: Profile) -> None:
    """P4, before the first second of talk."""
    answer = decide(request, profile)
    if isinstance(answer, Deny):
        return
    price = charge_micros(answer.rate_micros_per_minute, answer.max_seconds)
    party, inmate = request.called_party, request.inmate
    held = {
        "prepaid": party.prepaid_micros,
        "debit": inmate.debit_micros if inmate else 0,
        "direct_bill": party.direct_bill_credit_micros,
        "free": 0,
    }.get(answer.billing)
    assert held is None or price <= held


@given(requests, profiles(), moments())
def test_the_answer_has_a_form_in_json(request: CallRequest, profile: Profile, _moment: datetime) -> None:
    from kinline.rules import decision_json

    said = decision_json(decide(request, profile))
    assert json.loads(json.dumps(said)) == said
    assert set(said) == (
        {"allow", "max_seconds", "limited_by", "recorded", "monitored", "rate_micros_per_minute", "caller_id"}
        if said["allow"]
        else {"allow", "deny"}
    )


def _now(answer: Decision) -> object:
    """What is said of this moment: what will be allowed later may well depend on later calls."""
    return answer if isinstance(answer, Allow) else answer.rule
