"""When a call may begin in the coming days: the same as asking at every moment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kinline.profiles import load_profile
from kinline.rules import Allow, CallRequest, Facility, Profile, Restriction, Window, decide
from kinline.rules.calendar import calendar, calendar_json
from kinline.rules.model import Place
from kinline.rules.profile import Bonus, Calls, Floor, Gap, Minutes
from tests.rules.cases import MOTHER, NEW_YORK, NOON, RULE, ago, inmate, request
from tests.rules.strategies import patient_profiles, waiting
from tests.rules.test_properties import edges

CT = load_profile("ct-doc")
SECOND = timedelta(seconds=1)


def spans(attempt: CallRequest, profile: Profile, days: int = 1) -> list[tuple[str, str, int, str]]:
    said = calendar_json(calendar(attempt, profile, days))["openings"]
    return [(one["from"], one["until"], one["max_seconds"], one["limited_by"]) for one in said]


def test_hours_of_facility_and_unit() -> None:
    windows = (Window.parse("05:00", "11:00"), Window.parse("13:00", "20:30"))
    attempt = request(at=NOON.replace(hour=3), facility=Facility(timezone="America/New_York", schedules={"B2": windows}))
    assert spans(attempt, CT) == [
        ("2026-03-02T06:00:00-05:00", "2026-03-02T11:00:00-05:00", 900, "call_length"),
        ("2026-03-02T13:00:00-05:00", "2026-03-02T20:30:00-05:00", 900, "call_length"),
    ]


def test_begins_now_and_ends_with_the_last_day() -> None:
    assert spans(request(), replace(CT, hours=None), days=2) == [
        ("2026-03-02T12:00:00-05:00", "2026-03-04T00:00:00-05:00", 900, "call_length")
    ]


def test_restrictions_waits_and_resets_cut_and_divide() -> None:
    rules = replace(
        CT,
        hours=None,
        gaps=(Gap(seconds=3600, **RULE),),
        minutes=(Minutes(period="day", most=10, **RULE),),
    )
    stop = Restriction(since=NOON.replace(hour=20), until=NOON.replace(hour=22, second=30))
    attempt = request(history=(ago(540, talk=540),), inmate=inmate(restrictions=(stop,)))
    assert spans(attempt, rules, days=2) == [
        ("2026-03-02T13:00:00-05:00", "2026-03-02T20:00:00-05:00", 60, "minutes"),
        ("2026-03-02T22:00:30-05:00", "2026-03-03T00:00:00-05:00", 60, "minutes"),
        ("2026-03-03T00:00:00-05:00", "2026-03-04T00:00:00-05:00", 600, "minutes"),
    ]


def test_a_guaranteed_call_opens_what_is_closed() -> None:
    floor = Floor(period="week", calls=1, beats=("restriction",), **RULE)
    rules = replace(CT, hours=None, floors=(floor,))
    attempt = request(history=(ago(60),), inmate=inmate(restrictions=(Restriction(),)))
    assert spans(attempt, rules, days=8) == [("2026-03-09T00:00:00-04:00", "2026-03-10T00:00:00-04:00", 900, "call_length")]


def test_the_end_of_a_season_closes_what_only_the_season_opened() -> None:
    season = (Bonus(first_day="02-01", last_day="03-03", more=10),)
    rules = replace(CT, hours=None, minutes=(Minutes(period="month", most=10, bonuses=season, **RULE),))
    attempt = request(history=(ago(3600, talk=720),))
    assert spans(attempt, rules, days=60) == [
        ("2026-03-02T12:00:00-05:00", "2026-03-04T00:00:00-05:00", 480, "minutes"),
        ("2026-04-01T00:00:00-04:00", "2026-05-01T00:00:00-04:00", 600, "minutes"),
    ]


def test_nothing_opens_for_what_time_does_not_bring() -> None:
    assert spans(request(number="+12025550199"), CT, days=366) == []
    assert spans(request(history=(ago(60),)), replace(CT, calls=(Calls(period="custody", most=1, **RULE),)), days=30) == []


@given(waiting, patient_profiles, st.floats(0, 1))
def test_says_what_decide_says_at_every_moment(attempt: CallRequest, profile: Profile, share: float) -> None:
    attempt = replace(attempt, at=attempt.at.replace(microsecond=0))
    openings = calendar(attempt, profile, 3)
    assert all(earlier.until <= later.start for earlier, later in pairwise(openings))
    # In UTC, where a second before an opening is one even when the clock changes there.
    borders = [moment.astimezone(UTC) for opening in openings for moment in (opening.start, opening.until)]
    end = attempt.at + timedelta(days=2)
    tried = [attempt.at, attempt.at + share * timedelta(days=2), *edges(attempt, profile, end), *borders]
    for moment in {near for at in tried for near in (at - SECOND, at, at + SECOND)}:
        if attempt.at <= moment < end:
            _agrees(attempt, profile, openings, moment)


def _agrees(attempt: CallRequest, profile: Profile, openings: list, moment: datetime) -> None:  # type: ignore[type-arg]
    answer = decide(replace(attempt, at=moment), profile)
    opening = next((one for one in openings if one.start <= moment < one.until), None)
    if isinstance(answer, Allow):
        assert opening is not None, (moment, answer)
        assert answer.max_seconds <= opening.max_seconds, (moment, answer, opening)
        if moment == opening.start:
            assert (answer.max_seconds, answer.limited_by) == (opening.max_seconds, opening.limited_by)
    else:
        # In the last fraction of a second a call would have no whole second left.
        assert opening is None or opening.until - moment < SECOND, (moment, answer, opening)


def test_the_telephones_own_hours_count() -> None:
    phone = Place(hours=(Window.parse("14:00", "14:10"),))
    assert spans(request(phone=phone, number=MOTHER), CT) == [
        ("2026-03-02T14:00:00-05:00", "2026-03-02T14:10:00-05:00", 600, "hours")
    ]


def test_a_season_of_more_calls_ends_within_the_period() -> None:
    season = Bonus(first_day="12-15", last_day="12-31", more=1)
    rules = replace(CT, hours=None, calls=(Calls(period="month", most=1, reset_day=10, bonuses=(season,), **RULE),))
    at = datetime(2026, 12, 30, 12, tzinfo=NEW_YORK)
    assert spans(request(at=at, history=(ago(60, at=at),)), rules, days=13) == [
        ("2026-12-30T12:00:00-05:00", "2027-01-01T00:00:00-05:00", 900, "call_length"),
        ("2027-01-10T00:00:00-05:00", "2027-01-12T00:00:00-05:00", 900, "call_length"),
    ]
