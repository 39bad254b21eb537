"""An action that could not be carried out: nobody waits for what it was to bring, nobody pays, and the caller is told."""

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase
from tests.calls.walk import CALL, Walk, reach


def fails(walk: Walk, kind: type[act.Action]) -> Walk:
    """The last action of that kind did."""
    return walk.happen(ev.ActionFailed(walk.last(kind)))


def test_a_talk_that_could_not_start_is_over_and_costs_nothing() -> None:
    walk = reach(Phase.TALK)
    walk.clock_ns += 90_000_000_000  # however late it shows
    fails(walk, act.StartTalk)
    assert walk.end == ("fault", "fault", 0)
    assert walk.all(act.StopTalk) == [act.StopTalk(CALL)], "the gate may be open, and a grant given"
    assert walk.all(act.HangUpFar) == [act.HangUpFar(CALL)]
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["trouble"])


@pytest.mark.parametrize(("phase", "kind"), [(Phase.INVITING, act.Invite), (Phase.ACCEPTING, act.StoreAccept)])
def test_an_attempt_that_cannot_go_on_is_a_fault_and_another_number_is_asked_for(phase: Phase, kind: type[act.Action]) -> None:
    walk = fails(reach(phase), kind)
    assert walk.end == ("fault", "fault", 0)
    assert walk.all(act.HangUpFar) == [act.HangUpFar(CALL)]
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["trouble", "enter_number"])


@pytest.mark.parametrize(
    ("phase", "kind"),
    [(Phase.CHECKING, act.CheckPin), (Phase.ATTEMPTING, act.Attempt), (Phase.NUMBER, act.Collect), (Phase.PIN, act.Collect)],
)
def test_a_question_that_cannot_be_asked_is_waited_for_by_nobody(phase: Phase, kind: type[act.Action]) -> None:
    walk = fails(reach(phase), kind)
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["trouble"])


def test_a_name_that_cannot_be_taken_is_waited_for_by_nobody() -> None:
    manners = Manners("North Unit", spoken_names=True)
    walk = reach(Phase.CHECKING, manners=manners).identified().hears_it_out()
    assert walk.phase is Phase.NAMING
    assert fails(walk, act.TakeName).phase is Phase.OVER


def test_a_menu_that_nobody_can_hear_is_no_refusal() -> None:
    walk = fails(reach(Phase.MENU), act.Say)
    assert walk.end == ("fault", "fault", 0)


def test_what_is_no_longer_waited_for_may_fail() -> None:
    walk = reach(Phase.TALK)
    for kind in (act.Invite, act.StoreAccept):
        failed = walk.last(kind)
        assert walk.ends().happen(ev.ActionFailed(failed)).now == []
        walk = reach(Phase.TALK)
    assert walk.happen(ev.ActionFailed(walk.last(act.SetTimer))).now == []
    assert walk.happen(ev.ActionFailed(act.Hush(Side.BOTH))).now == []
    assert walk.phase is Phase.TALK


def test_words_that_fail_at_the_end_are_not_tried_for_ever() -> None:
    walk = fails(reach(Phase.CHECKING), act.CheckPin)
    assert fails(walk, act.Say).now == []
