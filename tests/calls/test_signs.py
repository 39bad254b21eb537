"""What follows a sign on the line: by phase, by profile, by class of number."""

from dataclasses import replace

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import EndedBy, Outcome, Side
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase
from tests.calls.walk import CALL, grant, reach

MANNERS = Manners("North Unit")
SURE = ev.Heard("three_way", 90)


@pytest.mark.parametrize(
    ("sign", "outcome", "prompt"),
    [
        ("beep", Outcome.VOICEMAIL, "voicemail"),
        ("greeting", Outcome.VOICEMAIL, "voicemail"),
        ("fax", Outcome.VOICEMAIL, "voicemail"),
        ("busy", Outcome.BUSY, "called_party_busy"),
        ("reorder", Outcome.BUSY, "called_party_busy"),
        ("sit", Outcome.NOT_FOUND, "number_not_in_service"),
    ],
)
def test_a_machine_accepts_nothing(sign: str, outcome: Outcome, prompt: str) -> None:
    walk = reach(Phase.MENU, manners=MANNERS).happen(ev.Heard(sign, 95))
    assert walk.end == (outcome.value, "called_party", 0)
    assert walk.said(Side.NEAR)[0] == prompt
    assert walk.phase is Phase.NUMBER, "another number may be tried"
    assert walk.all(act.HangUpFar) == [act.HangUpFar(CALL)]
    assert walk.all(act.NoteSign) == [act.NoteSign(CALL, sign, 95)]


@pytest.mark.parametrize("event", [ev.Heard("beep", 84), ev.Heard("three_way", 99)])
def test_what_is_no_machine_leaves_the_menu_alone(event: ev.Heard) -> None:
    walk = reach(Phase.MENU, manners=MANNERS).happen(event)
    assert walk.phase is Phase.MENU
    assert walk.now == [act.NoteSign(CALL, event.sign, event.confidence)]


def test_who_answers_by_typing_gets_the_menu_anew_and_only_once() -> None:
    walk = reach(Phase.MENU, manners=MANNERS).happen(ev.Heard("tty", 95))
    assert walk.phase is Phase.MENU and walk.said(Side.FAR) == ["menu"] and walk.all(act.Hush) == [act.Hush(Side.FAR)]
    walk.happen(ev.Heard("tty", 95))
    assert not walk.said(Side.FAR)
    assert reach(Phase.TALK, manners=MANNERS).happen(ev.Heard("tty", 95)).said(Side.FAR) == []


def test_a_profile_may_let_machines_be() -> None:
    walk = reach(Phase.MENU, manners=replace(MANNERS, on_machine="nothing")).happen(ev.Heard("beep", 99))
    assert walk.phase is Phase.MENU


def test_a_beep_behind_the_acceptance_changes_nothing() -> None:
    assert reach(Phase.ACCEPTING, manners=MANNERS).happen(ev.Heard("beep", 99)).phase is Phase.ACCEPTING
    assert reach(Phase.TALK, manners=MANNERS).happen(ev.Heard("beep", 99)).phase is Phase.TALK


def test_a_third_party_is_only_flagged_by_default() -> None:
    walk = reach(Phase.TALK, manners=MANNERS).happen(ev.Heard("three_way", 99))
    assert walk.now == [act.NoteSign(CALL, "three_way", 99)]


def test_warned_both_hear_it_over_the_talk() -> None:
    walk = reach(Phase.TALK, manners=replace(MANNERS, on_sign="warn")).happen(SURE)
    (say,) = walk.all(act.Say)
    assert (say.side, say.prompt, say.overlay) == (Side.BOTH, "third_party_warning", True)
    assert walk.phase is Phase.TALK


def test_cut_it_has_an_outcome_of_its_own() -> None:
    walk = reach(Phase.TALK, manners=replace(MANNERS, on_sign="cut"))
    walk.wait(100)
    walk.happen(SURE)
    assert walk.end == ("third_party", "detector", 100)
    assert walk.all(act.Finish)[0].ended_by is EndedBy.DETECTOR
    assert walk.said(Side.NEAR) == ["third_party_cut"]
    assert walk.all(act.Farewell) == [act.Farewell(CALL, "third_party_cut")]
    assert not walk.all(act.BlockNumber)


def test_blocked_the_number_is_closed_by_the_detector() -> None:
    walk = reach(Phase.TALK, manners=replace(MANNERS, on_sign="block")).happen(SURE)
    assert walk.all(act.BlockNumber) == [act.BlockNumber(CALL, by_detector=True)]
    assert walk.phase is Phase.OVER


@pytest.mark.parametrize("event", [ev.Heard("three_way", 84), ev.Heard("ringback", 99), ev.Heard("hold", 100)])
def test_what_is_not_sure_enough_or_only_a_part_cuts_nothing(event: ev.Heard) -> None:
    assert reach(Phase.TALK, manners=replace(MANNERS, on_sign="cut")).happen(event).phase is Phase.TALK


@pytest.mark.parametrize("number_class", ["privileged", "anonymous", "relay"])
@pytest.mark.parametrize("on_sign", ["warn", "cut", "block"])
def test_counsel_relay_and_anonymous_lines_are_never_cut(number_class: str, on_sign: str) -> None:
    allow = grant(recorded=number_class == "relay", number_class=number_class)
    manners = Manners("North Unit", on_sign=on_sign)  # type: ignore[arg-type]
    walk = reach(Phase.TALK, allow, manners).happen(SURE)
    assert walk.phase is Phase.TALK and not walk.all(act.Say)
    assert bool(walk.all(act.NoteSign)) == (number_class == "relay")


def test_where_signs_mean_nothing_none_is_kept() -> None:
    assert reach(Phase.TALK, manners=replace(MANNERS, on_sign="nothing")).happen(SURE).now == []


@pytest.mark.parametrize("phase", [Phase.NUMBER, Phase.INVITING, Phase.OVER])
def test_a_late_sign_fits_nothing(phase: Phase) -> None:
    assert reach(phase, manners=MANNERS).happen(ev.Heard("beep", 99)).now == []
