"""From acceptance to the end of the talk: clock, warnings, charge."""

from dataclasses import replace

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.visit import Phase
from kinline.rules import Announcement
from tests.calls.walk import CALL, Walk, grant, reach


def muted(walk: Walk, cause: str, talk_ms: int) -> Walk:
    return walk.happen(ev.TalkMuted(CALL, cause, talk_ms))


@pytest.mark.parametrize("recorded", [True, False])
def test_the_talk_starts_with_its_grant(recorded: bool) -> None:
    walk = reach(Phase.TALK, grant(120, recorded))
    assert walk.all(act.StartTalk) == [act.StartTalk(CALL, 120_000, recorded)]
    assert walk.all(act.Hush) == [act.Hush(Side.BOTH)]


def test_both_are_warned_when_the_rules_say() -> None:
    walk = reach(Phase.TALK, grant(120, warnings_at=(60, 110)))
    warned = {}
    for second in range(1, 120):
        for say in walk.wait(1).all(act.Say):
            warned[second] = (say.side, say.prompt, say.values["seconds"], say.overlay)
    assert warned == {60: (Side.BOTH, "warning", 60, True), 110: (Side.BOTH, "warning", 10, True)}


def test_where_the_call_comes_from_is_said_at_the_start_and_again() -> None:
    said_at = (0, 300, 600)
    allow = replace(grant(700, warnings_at=()), announcements=tuple(Announcement(at, "call_origin") for at in said_at))
    walk = reach(Phase.TALK, allow)
    heard = {0: walk.all(act.Say)}
    for second in range(1, 700):
        heard |= {second: said} if (said := walk.wait(1).all(act.Say)) else {}
    assert tuple(heard) == said_at
    for (say,) in heard.values():
        assert (say.side, say.prompt, say.values, say.overlay) == (Side.BOTH, "call_origin", {"facility": "North Unit"}, True)


def test_two_things_said_at_one_second_are_both_said() -> None:
    announcements = (Announcement(60, "call_origin"), Announcement(60, "kept_recorded"))
    walk = reach(Phase.TALK, replace(grant(120, warnings_at=(60,)), announcements=announcements)).wait(60)
    assert sorted(walk.said(Side.BOTH)) == ["call_origin", "kept_recorded", "warning"]


def test_what_comes_after_the_grant_is_not_said() -> None:
    allow = replace(grant(60, warnings_at=(60, 90)), announcements=(Announcement(60, "call_origin"),))
    assert reach(Phase.TALK, allow).wait(59.9).said(Side.BOTH) == []


def test_the_handset_cuts_at_its_deadline() -> None:
    walk = muted(reach(Phase.TALK, grant(60)).wait(59.99), "deadline", 60_000)
    assert walk.end == ("completed", "clock", 60)
    assert walk.all(act.Farewell) == [act.Farewell(CALL, "time_over")]
    assert walk.said(Side.NEAR) == ["time_over"]


def test_the_host_cuts_when_the_handset_does_not() -> None:
    walk = reach(Phase.TALK, grant(60)).wait(60.4)
    assert walk.phase is Phase.TALK
    assert walk.wait(0.2).end == ("completed", "clock", 60)


def test_a_grant_that_reached_the_handset_late_costs_what_it_was_worth() -> None:
    assert muted(reach(Phase.TALK, grant(60)).wait(60), "deadline", 58_900).end == ("completed", "clock", 58)


def test_a_handset_cannot_claim_talk_that_the_host_did_not_see() -> None:
    assert muted(reach(Phase.TALK, grant(900)).wait(3), "deadline", 900_000).end == ("completed", "clock", 3)


@pytest.mark.parametrize(("cause", "ended_by"), [("on_hook", "caller"), ("fault", "fault")])
def test_the_handset_muted_by_itself(cause: str, ended_by: str) -> None:
    walk = muted(reach(Phase.TALK).wait(10.5), cause, 10_400)
    assert walk.end == ("completed", ended_by, 10)
    assert walk.all(act.HangUpFar) == [act.HangUpFar(CALL)]
    assert walk.said(Side.NEAR) == ([] if ended_by == "caller" else ["trouble"])


def test_the_caller_pays_the_shorter_of_two_clocks() -> None:
    assert muted(reach(Phase.TALK).wait(10.5), "on_hook", 99_000).end[2] == 10
    assert muted(reach(Phase.TALK).wait(10.5), "on_hook", 8_999).end[2] == 8


def test_another_calls_mute_changes_nothing() -> None:
    walk = reach(Phase.TALK).happen(ev.TalkMuted(CALL + 1, "deadline", 900_000))
    assert (walk.phase, walk.now) == (Phase.TALK, [])


@pytest.mark.parametrize(("by_remote", "ended_by"), [(True, "called_party"), (False, "fault")])
def test_the_far_end_is_gone(by_remote: bool, ended_by: str) -> None:
    walk = reach(Phase.TALK).wait(61.999).ends(by_remote=by_remote)
    assert walk.end == ("completed", ended_by, 61)
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["call_ended"])


def test_the_far_end_hung_up_at_once() -> None:
    assert reach(Phase.TALK).ends().end == ("completed", "called_party", 0)


def test_checkpoints_follow_the_clock() -> None:
    walk = reach(Phase.TALK).wait(3.5)
    assert walk.all(act.Checkpoint) == [act.Checkpoint(CALL, n) for n in (1, 2, 3)]


def test_a_lost_link_costs_until_it_was_last_heard() -> None:
    walk = reach(Phase.TALK).wait(10)
    walk.happen(ev.LinkLost(walk.clock_ns - 2_500_000_000))
    assert walk.end == ("completed", "fault", 7)


@pytest.mark.parametrize("collect", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("result", ["complete", "timeout"])
def test_the_keypad_is_dead(collect: int, result: str) -> None:
    walk = reach(Phase.TALK).happen(ev.Entered(collect, result, "911"))
    assert (walk.phase, walk.now) == (Phase.TALK, [])


@pytest.mark.parametrize("digit", list("1239"))
def test_the_far_ends_digits_are_talk(digit: str) -> None:
    walk = reach(Phase.TALK).presses(digit)
    assert (walk.phase, walk.now) == (Phase.TALK, [])


def test_after_a_talk_only_hanging_up_is_left() -> None:
    walk = reach(Phase.OVER)
    assert walk.happen(ev.OffHook()).phase is Phase.OVER
    assert walk.hangs_up().lifts().phase is Phase.LANGUAGE
