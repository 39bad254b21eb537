"""What a law guarantees: which rules it beats, for how long, and when it does not stand."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from kinline.profiles import load_profile
from kinline.rules import Allow, CalledParty, Decision, Deny, Facility, Profile, Restriction, decide
from kinline.rules.model import Place
from kinline.rules.profile import Floor, Gap, Minutes
from tests.rules.cases import LAWYER, NEW_YORK, NOON, RULE, ago, inmate, request

CT = load_profile("ct-doc")
RESTRICTED = inmate(restrictions=(Restriction(kind="administrative"),))
SANCTIONED = inmate(restrictions=(Restriction(kind="sanction"),))


def said(answer: Decision) -> tuple[str, Any]:
    if isinstance(answer, Allow):
        return answer.limited_by, answer.max_seconds
    return answer.rule, answer.next_allowed_at.isoformat() if answer.next_allowed_at else None


def under(*floors: Floor, **rules: Any) -> Profile:
    return replace(CT, **({"hours": None, "floors": floors} | rules))


def floor(**facts: Any) -> Floor:
    return Floor(**({"period": "month", "beats": ("restriction", "minutes", "gap"), "calls": 1} | facts), **RULE)


class TestOneCallAMonth:
    RULES = under(
        floor(unless=("sanction",)),
        minutes=(Minutes(period="month", most=10, classes=("social", "privileged"), **RULE),),
        gaps=(Gap(seconds=3600, since="start", classes=("social", "privileged"), **RULE),),
    )

    def test_beats_the_rules_that_it_names(self) -> None:
        # A long talk with counsel uses all minutes and begins a wait, and is not the guaranteed call.
        counsel = (ago(60, talk=600, number=LAWYER),)
        assert said(decide(request(inmate=inmate(), history=counsel), self.RULES)) == ("call_length", 900)
        own = replace(RESTRICTED)
        assert said(decide(request(inmate=own), self.RULES)) == ("call_length", 900)

    def test_is_met_by_a_completed_call(self) -> None:
        made = (ago(7200),)
        assert said(decide(request(inmate=RESTRICTED, history=made), self.RULES)) == (
            "restriction",
            "2026-04-01T00:00:00-04:00",
        )
        failed = (ago(7200, outcome="no_answer"),)
        assert said(decide(request(inmate=RESTRICTED, history=failed), self.RULES)) == ("call_length", 900)

    def test_does_not_stand_under_the_kinds_it_names(self) -> None:
        assert said(decide(request(inmate=SANCTIONED), self.RULES)) == ("restriction", None)
        until = NOON + timedelta(days=2)
        ending = inmate(restrictions=(Restriction(until=until), Restriction(kind="administrative")))
        assert said(decide(request(inmate=ending), self.RULES)) == ("restriction", "2026-03-04T12:00:00-05:00")

    def test_a_sanction_to_come_still_limits(self) -> None:
        ahead = inmate(restrictions=(Restriction(since=NOON + timedelta(seconds=30)), Restriction(kind="administrative")))
        assert said(decide(request(inmate=ahead), self.RULES)) == ("restriction", 30)

    def test_beats_nothing_else(self) -> None:
        closed = Facility(timezone="America/New_York", suspended=True)
        assert said(decide(request(facility=closed), self.RULES)) == ("suspension", None)
        assert said(decide(request(called_party=CalledParty()), self.RULES)) == ("balance", None)


class TestMinutesADay:
    RULES = under(floor(period="day", calls=None, minutes=90), minutes=(Minutes(period="day", most=30, **RULE),))

    def test_raises_a_limit_to_what_is_left_of_it(self) -> None:
        assert said(decide(request(history=(ago(3600, talk=29 * 60),)), self.RULES)) == ("call_length", 900)
        assert said(decide(request(history=(ago(3600, talk=85 * 60),)), self.RULES)) == ("floor", 300)
        assert said(decide(request(inmate=RESTRICTED, history=(ago(3600, talk=85 * 60),)), self.RULES)) == ("floor", 300)

    def test_is_met_to_the_second(self) -> None:
        assert said(decide(request(history=(ago(3600, talk=90 * 60 - 1),)), self.RULES)) == ("floor", 1)
        assert said(decide(request(history=(ago(3600, talk=90 * 60),)), self.RULES)) == ("minutes", "2026-03-03T00:00:00-05:00")

    def test_does_not_shorten_what_is_longer_anyway(self) -> None:
        rules = replace(self.RULES, minutes=())
        assert said(decide(request(history=(ago(3600, talk=85 * 60),)), rules)) == ("call_length", 900)


class TestLength:
    def test_keeps_a_call_from_being_shortened_below_it(self) -> None:
        rules = under(floor(period="week", calls=2, seconds=900, beats=("call_length", "hours", "minutes")), hours=CT.hours)
        late = NOON.replace(hour=22, minute=55)
        assert said(decide(request(at=late), rules)) == ("call_length", 900)
        short = Place(call_seconds=300)
        assert said(decide(request(phone=short), rules)) == ("call_length", 900)
        assert said(decide(request(phone=short, history=(ago(3600), ago(7200))), rules)) == ("call_length", 300)
        shorter = replace(rules, floors=(replace(rules.floors[0], seconds=600),))
        assert said(decide(request(phone=short), shorter)) == ("floor", 600)

    def test_a_tie_with_another_limit_is_the_others(self) -> None:
        rules = under(floor(calls=None, seconds=900, beats=("restriction",)))
        assert said(decide(request(inmate=RESTRICTED), rules)) == ("call_length", 900)


class TestBooking:
    RULES = under(
        floor(period="custody", calls=3, custodial_parent_more=2, within_hours=3, free=True, beats=("not_on_list", "hours")),
        hours=CT.hours,
        rate=replace(CT.rate, smallest_grant_seconds=60),
    )
    ARREST = datetime(2026, 3, 2, 2, 0, tzinfo=NEW_YORK)

    @pytest.mark.parametrize(
        ("made", "parent", "free"), [(0, False, True), (2, False, True), (3, False, False), (4, True, True), (5, True, False)]
    )
    def test_so_many_completed_calls_are_free(self, made: int, parent: bool, free: bool) -> None:
        at = self.ARREST + timedelta(hours=2)
        own = inmate(arrested_at=self.ARREST, custodial_parent=parent, contacts=())
        history = tuple(ago(60 * number, at=at) for number in range(1, made + 1))
        answer = decide(request(at=at, inmate=own, called_party=CalledParty(), history=history), self.RULES)
        if free:
            assert isinstance(answer, Allow) and answer.rate_micros_per_minute == 0
        else:
            assert said(answer) == ("not_on_list", None)

    def test_the_hours_after_the_arrest_end(self) -> None:
        own = inmate(arrested_at=self.ARREST)
        last = self.ARREST + timedelta(hours=3) - timedelta(seconds=1)
        assert said(decide(request(at=last, inmate=own), self.RULES)) == ("call_length", 900)
        over = last + timedelta(seconds=1)
        assert said(decide(request(at=over, inmate=own), self.RULES)) == ("hours", "2026-03-02T06:00:00-05:00")
        assert isinstance(decide(request(at=over, inmate=inmate()), self.RULES), Deny)


class TestFreeMinutes:
    RULES = under(floor(calls=None, minutes=20, free=True, beats=()))

    def test_last_as_long_as_there_are_some(self) -> None:
        poor = CalledParty()
        first = decide(request(called_party=poor), self.RULES)
        assert isinstance(first, Allow) and (first.max_seconds, first.rate_micros_per_minute) == (900, 0)
        last = decide(request(called_party=poor, history=(ago(3600, talk=900),)), self.RULES)
        assert isinstance(last, Allow) and (last.limited_by, last.max_seconds, last.rate_micros_per_minute) == ("floor", 300, 0)
        paid = decide(request(history=(ago(3600, talk=1200),)), self.RULES)
        assert isinstance(paid, Allow) and (paid.max_seconds, paid.rate_micros_per_minute) == (900, 210_000)

    def test_a_refusal_for_money_ends_with_the_next_period(self) -> None:
        spent = request(called_party=CalledParty(), history=(ago(3600, talk=1200),))
        assert said(decide(spent, self.RULES)) == ("balance", "2026-04-01T00:00:00-04:00")

    @pytest.mark.parametrize("order", [(20, 30), (30, 20)])
    def test_of_several_floors_last_as_long_as_the_longest(self, order: tuple[int, int]) -> None:
        rules = under(*(floor(calls=None, minutes=minutes, free=True, beats=()) for minutes in order))
        answer = decide(request(history=(ago(3600, talk=1000),)), rules)
        assert isinstance(answer, Allow) and (answer.max_seconds, answer.limited_by) == (800, "floor")

    def test_bound_nothing_where_all_is_free(self) -> None:
        free = replace(self.RULES, rate=replace(CT.rate, micros_per_minute=0))
        assert said(decide(request(history=(ago(3600, talk=1000),)), free)) == ("call_length", 900)


def test_the_highest_of_several_floors_counts() -> None:
    low, high = floor(calls=None, seconds=60), floor(calls=None, seconds=120)
    for floors in ((low, high), (high, low)):
        assert said(decide(request(inmate=RESTRICTED), under(*floors))) == ("floor", 120)
