"""Attempts that come to no talk: denied, not reached, refused, not accepted, failed."""

from dataclasses import replace

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side, Tone
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase
from kinline.store.calls import LONGEST_INVITATION
from tests.calls.walk import CALL, NUMBER, Walk, grant, reach

KEYS = {"accept": "1", "refuse": "2", "quote": "3", "block": "9"}


def test_a_denial_is_spoken_and_another_number_offered() -> None:
    walk = reach(Phase.ATTEMPTING).denied("outside_calling_hours")
    assert walk.phase is Phase.NUMBER
    assert walk.said(Side.NEAR) == ["outside_calling_hours", "enter_number"]


def test_the_third_denial_ends_the_visit() -> None:
    walk = reach(Phase.ATTEMPTING).denied().enters(NUMBER).denied().enters(NUMBER).denied()
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["number_not_on_list"])


@pytest.mark.parametrize(
    ("status", "outcome", "prompt"),
    [
        (486, "busy", "called_party_busy"),
        (600, "busy", "called_party_busy"),
        (404, "not_found", "number_not_in_service"),
        (410, "not_found", "number_not_in_service"),
        (484, "not_found", "number_not_in_service"),
        (604, "not_found", "number_not_in_service"),
        (480, "no_answer", "no_answer"),
        (487, "no_answer", "no_answer"),
        (603, "refused", "called_party_refused"),
        (302, "fault", "trouble"),
        (401, "fault", "trouble"),
        (408, "fault", "trouble"),
        (488, "fault", "trouble"),
        (500, "fault", "trouble"),
        (503, "fault", "trouble"),
    ],
)
def test_not_reached(status: int, outcome: str, prompt: str) -> None:
    walk = reach(Phase.INVITING).ends(status)
    assert walk.end == (outcome, "fault" if outcome == "fault" else "called_party", 0)
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, [prompt, "enter_number"])
    assert walk.all(act.PlayTone)[-1].tone is Tone.NONE


def test_the_ring_limit_hangs_up() -> None:
    walk = reach(Phase.INVITING).wait(44.9)
    assert walk.phase is Phase.INVITING
    walk.wait(0.2)
    assert walk.end == ("no_answer", "called_party", 0)
    assert walk.all(act.HangUpFar) == [act.HangUpFar(CALL)]


@pytest.mark.parametrize(
    ("recorded", "monitored", "kept"),
    [
        (True, True, "kept_recorded_monitored"),
        (True, False, "kept_recorded"),
        (False, True, "kept_monitored"),
        (False, False, "kept_private"),
    ],
)
def test_the_menu_tells_who_listens(recorded: bool, monitored: bool, kept: str) -> None:
    walk = reach(Phase.MENU, replace(grant(), recorded=recorded, monitored=monitored), Manners("North Unit", provider="Acme"))
    assert walk.said(Side.FAR) == ["menu"]
    who = {"provider": "Acme", "name": "R. Doe", "facility": "North Unit"}
    assert walk.last(act.Say).values == {**who, "kept": kept, "rate": 60_000, "account": None, **KEYS}
    assert not walk.said(Side.NEAR)


def test_a_menu_that_nobody_answers_is_said_twice() -> None:
    walk = reach(Phase.MENU).hears_it_out().wait(6.1)
    assert (walk.phase, walk.said(Side.FAR)) == (Phase.MENU, ["menu"])
    walk.hears_it_out().wait(6.1)
    assert (walk.phase, walk.end) == (Phase.OVER, ("not_accepted", "called_party", 0))


def test_the_menu_waits_for_its_own_last_word() -> None:
    walk = reach(Phase.MENU).wait(59)
    assert (walk.phase, walk.now) == (Phase.MENU, [])


def test_a_far_end_that_takes_no_audio_does_not_hold_the_line() -> None:
    walk = reach(Phase.MENU).wait(3600)
    assert (walk.phase, walk.end) == (Phase.OVER, ("not_accepted", "called_party", 0))


def test_refused_by_digit() -> None:
    walk = reach(Phase.MENU).presses("2")
    assert (walk.phase, walk.end) == (Phase.OVER, ("refused", "called_party", 0))
    assert walk.all(act.Farewell) == [act.Farewell(CALL, "refused_thanks")]


@pytest.mark.parametrize("phase", [Phase.MENU, Phase.ACCEPTING])
def test_refused_by_hanging_up(phase: Phase) -> None:
    walk = reach(phase).ends()
    assert walk.end == ("refused", "called_party", 0)
    assert walk.said(Side.NEAR)[0] == "called_party_refused"


@pytest.mark.parametrize("phase", [Phase.INVITING, Phase.MENU, Phase.ACCEPTING])
@pytest.mark.parametrize("status", [200, 408, 480, 486, 488, 603])
def test_a_fault_of_ours_or_of_the_lines_is_not_the_called_partys(phase: Phase, status: int) -> None:
    """A session timer that ran out, media that we cannot use: nobody refused."""
    walk = reach(phase).ends(status, by_remote=False)
    assert walk.end == ("fault", "fault", 0)
    assert walk.said(Side.NEAR)[0] == "trouble"


def test_blocked_for_good() -> None:
    walk = reach(Phase.MENU).presses("9")
    assert walk.end == ("blocked", "called_party", 0)
    assert walk.all(act.BlockNumber) == [act.BlockNumber(CALL)]
    assert walk.all(act.Farewell) == [act.Farewell(CALL, "blocked_thanks")]
    assert walk.said(Side.NEAR) == ["called_party_blocked"]


def test_a_key_that_is_not_offered_does_nothing() -> None:
    manners = Manners("North Unit", refuse_digit=None, quote_digit=None, block_digit=None)
    walk = reach(Phase.MENU, manners=manners)
    assert {key: walk.last(act.Say).values[key] for key in KEYS} == {**dict.fromkeys(KEYS), "accept": "1"}
    for digit in "239":
        assert walk.presses(digit).now == []


def test_a_free_call_has_no_price_to_ask_for() -> None:
    walk = reach(Phase.MENU, replace(grant(), rate_micros_per_minute=0))
    assert walk.last(act.Say).values["quote"] is None


def test_a_quote_then_accepted() -> None:
    walk = reach(Phase.MENU).presses("3")
    quoted = {"rate": 60_000, "length": 900, "cost": 900_000, "accept": "1", "refuse": "2"}
    assert (walk.said(Side.FAR), walk.last(act.Say).values) == (["rate_quote"], quoted)
    walk.hears_it_out().wait(6.1)
    assert walk.said(Side.FAR) == ["menu"]
    assert walk.presses("1").stored().phase is Phase.TALK


def test_who_asks_for_the_quote_on_and_on_does_not_hold_the_line() -> None:
    """The store takes a call that was not accepted for abandoned after a while; no menu lasts so long."""
    walk = reach(Phase.MENU)
    began_ns = walk.clock_ns
    while walk.phase is Phase.MENU:
        walk.wait(59).presses("3")
    assert walk.end[0] == "not_accepted"
    assert walk.clock_ns - began_ns < (LONGEST_INVITATION.total_seconds() - 120) * 1e9


@pytest.mark.parametrize("digit", list("045678*#ABCD"))
def test_no_other_digit_means_anything(digit: str) -> None:
    walk = reach(Phase.MENU).presses(digit)
    assert (walk.phase, walk.now) == (Phase.MENU, [])


def test_the_accepting_digit_is_the_facilitys() -> None:
    manners = Manners("North Unit", accept_digit="5", block_digit="7")
    walk = reach(Phase.MENU, manners=manners)
    assert walk.presses("1").phase is Phase.MENU
    assert walk.presses("5").phase is Phase.ACCEPTING


def test_no_digit_before_the_answer_is_an_acceptance() -> None:
    assert reach(Phase.INVITING).presses("1").answers().phase is Phase.MENU


def test_an_acceptance_that_cannot_be_stored_is_no_talk() -> None:
    walk = reach(Phase.ACCEPTING).happen(ev.Failed(call=CALL))
    assert walk.end == ("fault", "fault", 0)
    assert not [a for a in walk.done if isinstance(a, act.StartTalk)]


def test_after_three_calls_not_reached_the_visit_is_over() -> None:
    walk: Walk = reach(Phase.INVITING)
    for call in (2, 3):
        walk.ends(486).enters(NUMBER).begun(call=call)
    assert walk.ends(486).phase is Phase.OVER
