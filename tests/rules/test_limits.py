"""How long a call may be: lengths, schedules, allowances, waits, and what of them refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.profiles import load_profile
from kinline.rules import (
    Allow,
    CalledParty,
    Contact,
    Decision,
    Deny,
    Facility,
    PastCall,
    Profile,
    Restriction,
    Window,
    decide,
    history_needed_since,
)
from kinline.rules.model import Place
from kinline.rules.profile import Bonus, CallLength, Calls, Gap, Minutes, Paying
from tests.rules.cases import LAWYER, MOTHER, NEW_YORK, NOON, RULE, ago, inmate, request
from tests.rules.strategies import ZONES, histories, moments, periods, waiting

CT = load_profile("ct-doc")
HERE = "America/New_York"


def allowed(answer: Decision) -> tuple[int, str]:
    assert isinstance(answer, Allow), answer
    return answer.max_seconds, answer.limited_by


def denied(answer: Decision) -> tuple[str, str | None]:
    assert isinstance(answer, Deny), answer
    return answer.rule, answer.next_allowed_at.isoformat() if answer.next_allowed_at else None


def profile(**rules: Any) -> Profile:
    return replace(CT, **({"hours": None} | rules))


class TestCallLength:
    @pytest.mark.parametrize("lengths", list(permutations((1200, 900, 600))))
    def test_the_most_restrictive_of_phone_person_and_number_wins(self, lengths: tuple[int, int, int]) -> None:
        phone, person, number = lengths
        own = inmate(call_seconds=person, contacts=(Contact(MOTHER, call_seconds=number),))
        answer = decide(request(phone=Place(call_seconds=phone), inmate=own), profile())
        assert allowed(answer) == (600, "call_length")

    @pytest.mark.parametrize("place", ["facility", "unit", "phone"])
    def test_a_place_shortens_but_never_lengthens(self, place: str) -> None:
        make = (lambda most: Facility(timezone=HERE, call_seconds=most)) if place == "facility" else _place
        assert allowed(decide(request(**{place: make(300)}), profile())) == (300, "call_length")
        assert allowed(decide(request(**{place: make(3000)}), profile())) == (900, "call_length")

    def test_a_class_of_number_has_its_own(self) -> None:
        rules = profile(call_length=CallLength(seconds=900, classes={"privileged": 3600}, **RULE))
        assert allowed(decide(request(number=LAWYER), rules)) == (3600, "call_length")
        assert allowed(decide(request(), rules)) == (900, "call_length")


def _place(most: int) -> Place:
    return Place(call_seconds=most)


class TestSchedules:
    def test_every_schedule_must_be_open(self) -> None:
        places = {
            "facility": Facility(timezone=HERE, hours=_hours("08:00", "20:00"), schedules={"B2": _hours("09:00", "19:00")}),
            "unit": Place(hours=_hours("10:00", "18:00")),
            "phone": Place(hours=_hours("11:00", "12:05")),
        }
        assert allowed(decide(request(**places), CT)) == (300, "hours")
        assert denied(decide(request(**places, at=NOON.replace(hour=10, minute=30)), CT)) == (
            "hours",
            "2026-03-02T11:00:00-05:00",
        )

    def test_the_unit_of_the_telephone_counts_beside_the_inmates(self) -> None:
        facility = Facility(timezone=HERE, schedules={"C1": _hours("08:00", "11:00"), "B2": _hours("08:00", "13:00")})
        assert allowed(decide(request(facility=facility), CT)) == (900, "call_length")
        assert denied(decide(request(facility=facility, unit=Place(name="C1")), CT))[0] == "hours"

    def test_a_split_window_closes_between(self) -> None:
        facility = Facility(timezone=HERE, schedules={"B2": (*_hours("08:00", "11:00"), *_hours("13:00", "20:30"))})
        assert denied(decide(request(facility=facility), CT)) == ("hours", "2026-03-02T13:00:00-05:00")
        at = NOON.replace(hour=10, minute=59, second=59)
        assert allowed(decide(request(facility=facility, at=at), CT)) == (1, "hours")

    def test_less_than_a_second_is_no_call(self) -> None:
        at = NOON.replace(hour=22, minute=59, second=59, microsecond=1)
        assert denied(decide(request(at=at), CT)) == ("hours", "2026-03-03T06:00:00-05:00")


def _hours(start: str, end: str) -> tuple[Window, ...]:
    return (Window.parse(start, end),)


class TestStops:
    @pytest.mark.parametrize("place", ["facility", "unit", "phone"])
    def test_a_suspension_ends_by_itself(self, place: str) -> None:
        until = NOON + timedelta(hours=2)
        where = {place: _with(place, suspensions=(Restriction(until=until),))}
        assert denied(decide(request(**where), CT)) == ("suspension", "2026-03-02T14:00:00-05:00")

    @pytest.mark.parametrize("place", ["facility", "unit", "phone"])
    def test_a_suspension_to_come_limits_the_grant(self, place: str) -> None:
        ahead = Restriction(since=NOON + timedelta(seconds=90))
        assert allowed(decide(request(**{place: _with(place, suspensions=(ahead,))}), CT)) == (90, "restriction")

    @pytest.mark.parametrize("place", ["facility", "unit", "phone"])
    def test_counsel_is_reached_unless_a_determination_says_otherwise(self, place: str) -> None:
        for changes in ({"suspended": True}, {"suspensions": (Restriction(),)}):
            assert allowed(decide(request(number=LAWYER, **{place: _with(place, **changes)}), CT))
        for changes in ({"suspended": True, "counsel_suspended": True}, {"suspensions": (Restriction(counsel=True),)}):
            assert denied(decide(request(number=LAWYER, **{place: _with(place, **changes)}), CT))[0] == "suspension"

    def test_counsel_under_a_restriction(self) -> None:
        for counsel, closed in ((False, False), (True, True)):
            own = inmate(restrictions=(Restriction(counsel=counsel),))
            assert isinstance(decide(request(number=LAWYER, inmate=own), CT), Deny) == closed
            assert denied(decide(request(inmate=own), CT)) == ("restriction", None)

    def test_a_profile_may_do_without_the_determination(self) -> None:
        rules = profile(counsel=replace(CT.counsel, needs_determination=False))
        own = inmate(restrictions=(Restriction(),))
        assert denied(decide(request(number=LAWYER, inmate=own), rules))[0] == "restriction"

    def test_a_restriction_that_begins_within_a_second_refuses_at_once(self) -> None:
        until = NOON + timedelta(hours=1)
        own = inmate(restrictions=(Restriction(since=NOON + timedelta(milliseconds=999), until=until),))
        assert denied(decide(request(inmate=own), CT)) == ("restriction", "2026-03-02T13:00:00-05:00")

    def test_restrictions_that_follow_each_other_are_waited_for_together(self) -> None:
        days = [NOON + timedelta(days=day) for day in range(200)]
        own = inmate(restrictions=tuple(Restriction(since=day, until=day + timedelta(days=1)) for day in days))
        assert denied(decide(request(inmate=own), CT)) == ("restriction", "2026-09-18T12:00:00-04:00")

    def test_a_restriction_to_the_end_of_the_calendar_never_ends(self) -> None:
        own = inmate(restrictions=(Restriction(until=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),))
        assert denied(decide(request(inmate=own), CT)) == ("restriction", None)


def _with(place: str, **changes: Any) -> Facility | Place:
    return Facility(timezone=HERE, **changes) if place == "facility" else Place(**changes)


class TestGap:
    @pytest.mark.parametrize(("since", "end"), [("start", "2026-03-02T12:30:00-05:00"), ("end", "2026-03-02T12:40:00-05:00")])
    def test_counts_from_the_calls_start_or_end(self, since: Any, end: str) -> None:
        rules = profile(gaps=(Gap(seconds=3600, since=since, **RULE),))
        assert denied(decide(request(history=(ago(1800, talk=600),)), rules)) == ("gap", end)
        at = datetime.fromisoformat(end)
        assert allowed(decide(request(history=(ago(1800, talk=600),), at=at), rules)) == (900, "call_length")

    def test_a_failed_call_has_no_gap_unless_the_profile_says_so(self) -> None:
        failed = ago(1800, talk=0, outcome="no_answer")
        assert allowed(decide(request(history=(failed,)), profile(gaps=(Gap(seconds=2700, **RULE),))))
        every = profile(gaps=(Gap(seconds=2700, outcomes=("*",), **RULE),))
        assert denied(decide(request(history=(failed,)), every)) == ("gap", "2026-03-02T12:15:00-05:00")

    def test_an_attempt_that_a_rule_refused_is_no_call(self) -> None:
        every = profile(gaps=(Gap(seconds=2700, outcomes=("*",), **RULE),))
        assert allowed(decide(request(history=(ago(10, talk=0, outcome="denied"),)), every))

    def test_the_same_number_alone(self) -> None:
        rules = profile(gaps=(Gap(seconds=1800, outcomes=("*",), same_number=True, **RULE),))
        assert denied(decide(request(history=(ago(60),)), rules))[0] == "gap"
        assert allowed(decide(request(history=(ago(60, number="+12025550177"),)), rules))

    def test_counsel_neither_waits_nor_makes_wait(self) -> None:
        rules = profile(gaps=(Gap(seconds=3600, **RULE),))
        assert allowed(decide(request(number=LAWYER, history=(ago(60),)), rules))
        assert allowed(decide(request(history=(ago(60, number=LAWYER),)), rules))
        assert denied(decide(request(history=(ago(60, number=LAWYER, number_class="social"),)), rules))[0] == "gap"

    @pytest.mark.parametrize("since", ["start", "end"])
    def test_the_latest_of_several_calls_counts(self, since: Any) -> None:
        rules = profile(gaps=(Gap(seconds=3600, since=since, **RULE),))
        assert denied(decide(request(history=(ago(3000, talk=0), ago(60, talk=0))), rules)) == (
            "gap",
            "2026-03-02T12:59:00-05:00",
        )

    def test_the_longest_wait_wins(self) -> None:
        rules = profile(gaps=(Gap(seconds=600, **RULE), Gap(seconds=3600, since="start", **RULE)))
        assert denied(decide(request(history=(ago(300, talk=200),)), rules)) == ("gap", "2026-03-02T12:55:00-05:00")


class TestMinutes:
    RULES = profile(minutes=(Minutes(period="month", most=300, **RULE),))

    def test_what_is_left_limits_to_the_second(self) -> None:
        assert allowed(decide(request(history=(ago(3600, talk=300 * 60 - 61),)), self.RULES)) == (61, "minutes")
        assert allowed(decide(request(history=(ago(3600, talk=300 * 60 - 900),)), self.RULES)) == (900, "call_length")

    def test_nothing_left_waits_for_the_reset(self) -> None:
        used = (ago(3600, talk=300 * 60),)
        assert denied(decide(request(history=used), self.RULES)) == ("minutes", "2026-04-01T00:00:00-04:00")
        with_hours = replace(self.RULES, hours=CT.hours)
        assert denied(decide(request(history=used), with_hours)) == ("minutes", "2026-04-01T06:00:00-04:00")

    def test_more_than_all_is_nothing_left(self) -> None:
        assert denied(decide(request(history=(ago(3600, talk=10**30),)), self.RULES))[0] == "minutes"

    def test_a_call_counts_whole_where_it_began(self) -> None:
        """Begun a minute before midnight, it leaves the new month untouched."""
        midnight = datetime(2026, 4, 1, tzinfo=NEW_YORK)
        over_midnight = ago(60, talk=299 * 60, at=midnight)
        second_before = midnight - timedelta(seconds=1)
        assert allowed(decide(request(at=second_before, history=(over_midnight,)), self.RULES)) == (60, "minutes")
        assert allowed(decide(request(at=midnight, history=(over_midnight,)), self.RULES)) == (900, "call_length")

    def test_failed_calls_use_none(self) -> None:
        assert allowed(decide(request(history=(ago(60, talk=10**6, outcome="fault"),)), self.RULES)) == (900, "call_length")

    @pytest.mark.parametrize(
        ("at", "most"),
        [("2026-10-31T23:59:59-04:00", 300), ("2026-11-01T00:00:00-04:00", 400), ("2026-12-31T23:59:59-05:00", 400)],
    )
    def test_a_season_has_more(self, at: str, most: int) -> None:
        season = (Bonus(first_day="11-01", last_day="12-31", more=100),)
        rules = profile(minutes=(Minutes(period="month", most=300, bonuses=season, **RULE),))
        moment = datetime.fromisoformat(at)
        used = (ago(0, talk=most * 60 - 5, at=moment),)
        assert allowed(decide(request(at=moment, history=used), rules)) == (5, "minutes")

    def test_a_season_counts_beyond_what_is_enough_without_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A long history is read in parts, and no further than any limit can reach."""
        monkeypatch.setattr("kinline.rules.history._AT_A_TIME", 1)
        always = (Bonus(first_day="01-01", last_day="12-31", more=10),)
        rules = profile(minutes=(Minutes(period="month", most=10, bonuses=always, **RULE),))
        made = tuple(ago(3600 * past, talk=300) for past in range(1, 4))
        assert allowed(decide(request(history=made), rules)) == (300, "minutes")
        assert denied(decide(request(history=(*made, ago(18_000, talk=300))), rules))[0] == "minutes"

    def test_a_season_that_begins_within_the_period_is_waited_for(self) -> None:
        season = (Bonus(first_day="11-01", last_day="01-10", more=100),)
        rules = profile(minutes=(Minutes(period="month", most=300, reset_day=15, bonuses=season, **RULE),))
        at = datetime(2026, 10, 20, 12, tzinfo=NEW_YORK)
        assert denied(decide(request(at=at, history=(ago(0, talk=18_000, at=at),)), rules)) == (
            "minutes",
            "2026-11-01T00:00:00-04:00",
        )
        at = datetime(2027, 1, 11, 0, tzinfo=NEW_YORK)
        assert denied(decide(request(at=at, history=(ago(3600, talk=18_000, at=at),)), rules)) == (
            "minutes",
            "2027-01-15T00:00:00-05:00",
        )

    def test_several_allowances_bind_together(self) -> None:
        rules = profile(minutes=(Minutes(period="month", most=300, **RULE), Minutes(period="day", most=30, **RULE)))
        used = (ago(3600, talk=29 * 60),)
        assert allowed(decide(request(history=used), rules)) == (60, "minutes")
        assert denied(decide(request(history=(*used, ago(1800, talk=60))), rules)) == ("minutes", "2026-03-03T00:00:00-05:00")


class TestCalls:
    def test_the_period_begins_anew_on_its_day(self) -> None:
        rules = profile(calls=(Calls(period="week", most=2, reset_day=3, **RULE),))
        used = (ago(3600), ago(7200))  # a Monday
        assert denied(decide(request(history=used), rules)) == ("calls", "2026-03-04T00:00:00-05:00")
        assert allowed(decide(request(history=used[:1]), rules)) == (900, "call_length")

    def test_custody_never_begins_anew(self) -> None:
        rules = profile(calls=(Calls(period="custody", most=1, **RULE),))
        assert denied(decide(request(history=(ago(10**8),)), rules)) == ("calls", None)

    def test_custody_begins_with_the_arrest(self) -> None:
        rules = profile(calls=(Calls(period="custody", most=1, **RULE),))
        own = inmate(arrested_at=NOON - timedelta(hours=1))
        assert allowed(decide(request(inmate=own, history=(ago(10**8),)), rules))
        assert denied(decide(request(inmate=own, history=(ago(60),)), rules)) == ("calls", None)

    def test_only_completed_calls_count_unless_the_profile_says_otherwise(self) -> None:
        failed = (ago(60, talk=0, outcome="busy"),) * 3
        assert allowed(decide(request(history=failed), profile(calls=(Calls(period="day", most=3, **RULE),))))
        every = profile(calls=(Calls(period="day", most=3, failed_count=True, **RULE),))
        assert denied(decide(request(history=failed), every))[0] == "calls"

    def test_a_custodial_parent_has_more(self) -> None:
        rules = profile(calls=(Calls(period="custody", most=3, custodial_parent_more=2, **RULE),))
        history = (ago(60),) * 4
        assert denied(decide(request(history=history), rules))[0] == "calls"
        assert allowed(decide(request(history=history, inmate=inmate(custodial_parent=True)), rules))
        assert denied(decide(request(history=(ago(60),) * 5, inmate=inmate(custodial_parent=True)), rules))[0] == "calls"


class TestResets:
    """A period begins at local midnight of its reset day."""

    @pytest.mark.parametrize(
        ("zone", "at", "reset"),
        [
            # Clocks go from 00:00 to 01:00: the first moment of that Sunday is one o'clock.
            ("America/Havana", "2026-03-07T12:00:00-05:00", "2026-03-08T01:00:00-04:00"),
            ("Asia/Beirut", "2026-03-28T12:00:00+02:00", "2026-03-29T01:00:00+03:00"),
            # Clocks go from 01:00 back to 00:00: midnight is shown twice, the first begins the day.
            ("America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-01T00:00:00-04:00"),
            ("America/New_York", "2026-03-07T12:00:00-05:00", "2026-03-08T00:00:00-05:00"),
        ],
    )
    def test_on_the_days_when_clocks_change(self, zone: str, at: str, reset: str) -> None:
        rules = profile(calls=(Calls(period="day", most=1, **RULE),))
        moment = datetime.fromisoformat(at)
        answer = decide(request(at=moment, facility=Facility(timezone=zone), history=(ago(60, at=moment),)), rules)
        assert denied(answer) == ("calls", reset)

    def test_a_day_that_began_is_not_undone_by_a_clock_set_back_over_midnight(self) -> None:
        """In Newfoundland, until 2011, the clock went from 00:01 back to 23:01 of the day before."""
        again = datetime(2010, 11, 7, 2, 45, tzinfo=UTC)  # 23:15 for the second time
        rules = profile(calls=(Calls(period="day", most=1, **RULE),))
        newfoundland = Facility(timezone="America/St_Johns")
        for minute, refused in ((0, False), (30, True)):
            made = PastCall(start=datetime(2010, 11, 7, 2, minute, 30, tzinfo=UTC), talk_seconds=10, number=MOTHER)
            answer = decide(request(at=again, facility=newfoundland, history=(made,)), rules)
            assert isinstance(answer, Deny) is refused
            assert not refused or denied(answer) == ("calls", "2010-11-08T00:00:00-03:30")

    @given(periods, st.integers(1, 28), st.sampled_from(ZONES), moments(40, whole=True), histories)
    def test_calls_of_one_period_count_together(
        self, period: Any, reset_day: int, zone: str, at: datetime, history: tuple[PastCall, ...]
    ) -> None:
        """Held against the plain reading of a calendar."""
        reset_day = (reset_day - 1) % 7 + 1 if period == "week" else reset_day
        rules = profile(minutes=(Minutes(period=period, most=10_000, reset_day=reset_day, **RULE),))
        small = tuple(replace(call, talk_seconds=call.talk_seconds % 1000, number=MOTHER) for call in history)
        label = _label(period, reset_day, at, zone)
        used = sum(
            call.talk_seconds
            for call in small
            if call.start <= at
            and call.outcome == "completed"
            and call.number_class in (None, "social")
            and _label(period, reset_day, call.start, zone) == label
        )
        answer = decide(request(at=at, facility=Facility(timezone=zone), history=small, billing="collect"), _long(rules))
        assert allowed(answer) == (600_000 - used, "minutes")


def _long(rules: Profile) -> Profile:
    return replace(rules, call_length=CallLength(seconds=10**9, **RULE))


def _label(period: str, reset_day: int, at: datetime, zone: str) -> object:
    day = at.astimezone(ZoneInfo(zone)).date()
    if period == "week":
        return (day - timedelta(days=reset_day - 1)).isocalendar()[:2]
    if period == "custody":
        return None
    if period == "month":
        months = day.year * 12 + day.month
        return months if day.day >= reset_day else months - 1
    return day


class TestWaysOfPaying:
    RULES = profile(
        paying=Paying(
            methods=("prepaid", "direct_bill", "collect"), landline=("prepaid", "direct_bill"), cell=("prepaid",), **RULE
        )
    )

    @pytest.mark.parametrize(
        ("line", "way", "open_"),
        [
            ("landline", "direct_bill", True),
            ("cell", "direct_bill", False),
            (None, "direct_bill", False),
            ("cell", "prepaid", True),
            (None, "prepaid", True),
            ("landline", "collect", False),
            ("landline", "debit", False),
        ],
    )
    def test_by_line(self, line: Any, way: Any, open_: bool) -> None:
        party = CalledParty(prepaid_micros=10**9, direct_bill=True)
        listed = inmate(contacts=(Contact(MOTHER, line=line),), debit_micros=10**9)
        answers = [
            decide(request(inmate=listed, called_party=party, billing=way), self.RULES),
            decide(request(called_party=replace(party, line=line), inmate=inmate(debit_micros=10**9), billing=way), self.RULES),
        ]
        for answer in answers:
            assert allowed(answer) if open_ else denied(answer) == ("billing", None)

    def test_direct_bill_ends_with_its_credit(self) -> None:
        def with_credit(micros: int | None) -> Decision:
            party = CalledParty(direct_bill=True, direct_bill_credit_micros=micros, line="landline")
            return decide(request(called_party=party, billing="direct_bill"), self.RULES)

        assert allowed(with_credit(None)) == (900, "call_length")
        assert allowed(with_credit(35_000)) == (10, "balance")
        assert denied(with_credit(0)) == ("balance", None)

    def test_a_local_call_has_its_own_price(self) -> None:
        rules = profile(rate=replace(CT.rate, local_micros_per_minute=50_000))
        for local, rate in ((True, 50_000), (False, 210_000), (None, 50_000)):
            answer = decide(request(called_party=CalledParty(prepaid_micros=10**9, local=local)), rules)
            assert isinstance(answer, Allow) and answer.rate_micros_per_minute == rate

    def test_the_refusal_of_another_rule_names_the_time_of_the_way_that_pays(self) -> None:
        rules = profile(paying=replace(CT.paying, methods=("prepaid", "debit")), hours=CT.hours)
        attempt = request(at=NOON.replace(hour=5), billing=None, called_party=CalledParty(), inmate=inmate(debit_micros=10**9))
        assert denied(decide(attempt, rules)) == ("hours", "2026-03-02T06:00:00-05:00")


class TestBlocks:
    def test_a_prefix_closes_what_begins_with_it(self) -> None:
        facility = Facility(timezone=HERE, blocked_prefixes=("+1202555",))
        assert denied(decide(request(facility=facility), CT)) == ("blocked_by_facility", None)
        assert allowed(decide(request(facility=replace(facility, blocked_prefixes=("+1203",))), CT))

    def test_services_that_pass_calls_on_are_closed_while_that_is_prohibited(self) -> None:
        service = CalledParty(prepaid_micros=10**9, third_party_service=True)
        listed = profile(numbers=replace(CT.numbers, third_party_services=(MOTHER,)))
        assert denied(decide(request(called_party=service), CT)) == ("blocked_by_facility", None)
        assert denied(decide(request(), listed)) == ("blocked_by_facility", None)
        open_ = replace(CT.third_party, prohibited=False)
        assert allowed(decide(request(called_party=service), replace(listed, third_party=open_)))


class TestHistoryNeeded:
    @given(waiting)
    def test_nothing_older_matters(self, attempt: Any) -> None:
        rules = profile(
            gaps=(Gap(seconds=90_000, since="end", outcomes=("*",), **RULE),),
            minutes=(Minutes(period="week", most=20, reset_day=2, **RULE),),
            calls=(Calls(period="month", most=3, reset_day=9, **RULE),),
        )
        since = history_needed_since(rules, attempt.at, ZoneInfo(attempt.facility.timezone))
        assert since is not None
        recent = tuple(call for call in attempt.history if call.start >= since)
        assert decide(replace(attempt, history=recent), rules) == decide(attempt, rules)

    def test_a_profile_that_counts_nothing_needs_none(self) -> None:
        assert history_needed_since(CT, NOON, NEW_YORK) is None
