"""Ends that can come in any phase: on hook, link lost, cut by staff; and answers that come too late."""

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.visit import Phase
from tests.calls.walk import CALL, NUMBER, PHASES, STEPS, Walk, grant, reach

WITH_CALL = (Phase.INVITING, Phase.MENU, Phase.ACCEPTING)
LIFTED = PHASES[1:]


@pytest.mark.parametrize("phase", LIFTED)
def test_on_hook_ends_everything(phase: Phase) -> None:
    walk = reach(phase).hangs_up()
    assert walk.phase is Phase.IDLE
    if phase in WITH_CALL:
        assert walk.end == ("abandoned", "caller", 0)
        assert act.HangUpFar(CALL) in walk.now


def test_on_hook_ends_the_talk() -> None:
    walk = reach(Phase.TALK).wait(5.9).hangs_up()
    assert walk.end == ("completed", "caller", 5)


@pytest.mark.parametrize("phase", LIFTED)
def test_a_lost_link_ends_everything(phase: Phase) -> None:
    walk = reach(phase)
    walk.happen(ev.LinkLost(walk.clock_ns))
    assert walk.phase is Phase.IDLE
    if phase in WITH_CALL:
        assert walk.end == ("fault", "fault", 0)


@pytest.mark.parametrize("phase", LIFTED)
def test_staff_cut_silences_and_says_so(phase: Phase) -> None:
    walk = reach(phase).happen(ev.StaffCut())
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["call_cut"])
    if phase in WITH_CALL:
        assert walk.end == ("fault", "staff", 0)
    if phase is Phase.TALK:
        assert walk.end == ("completed", "staff", 0)


@pytest.mark.parametrize("phase", [Phase.LANGUAGE, Phase.PIN, Phase.NUMBER])
def test_staff_cut_makes_the_handset_forget_what_was_dialled(phase: Phase) -> None:
    walk = reach(phase)
    collect = walk.last(act.Collect).collect
    walk.happen(ev.StaffCut())
    assert walk.all(act.StopCollect) == [act.StopCollect(collect)]
    assert walk.happen(ev.Entered(collect, "complete", "1")).now == []


@pytest.mark.parametrize("event", [ev.OnHook(), ev.StaffCut(), ev.LinkLost(0)], ids=lambda e: type(e).__name__)
def test_a_handset_at_rest_has_nothing_to_end(event: ev.Event) -> None:
    assert Walk().happen(event).now == []


def _late(walk: Walk) -> list[ev.Event]:
    """Answers to everything that was asked in a visit, and what the far end may still say."""
    return [
        ev.Identified(walk.last(act.CheckPin).ticket, 2, "J. Roe", None, 1),
        ev.Unidentified(walk.last(act.CheckPin).ticket, 0),
        ev.Denied(walk.last(act.Attempt).ticket, "trouble", {}),
        ev.Failed(walk.last(act.Attempt).ticket),
        ev.Failed(call=CALL),
        ev.Entered(walk.last(act.Collect).collect, "complete", NUMBER),
        ev.Played(walk.last(act.Say).token),
        ev.AcceptStored(CALL),
        ev.FarAnswered(),
        ev.FarDigit("1"),
        ev.FarEnded(487, by_remote=False),
        ev.TalkMuted(CALL, "on_hook", 1000),
        *(ev.Due(name) for name in ("ring", "menu", "deadline", "checkpoint", "warning:60")),
    ]


@pytest.mark.parametrize("later", [Phase.IDLE, Phase.LANGUAGE, Phase.CHECKING, Phase.NUMBER, Phase.ATTEMPTING])
def test_late_answers_of_a_visit_change_nothing_in_the_next(later: Phase) -> None:
    walk = reach(Phase.ACCEPTING)
    late = _late(walk.hangs_up())
    for step in (Phase.LANGUAGE, Phase.PIN, Phase.CHECKING, Phase.NUMBER, Phase.ATTEMPTING):
        if walk.phase is later:
            break
        walk = STEPS[step](walk)
    assert walk.phase is later
    for event in late:
        assert (walk.happen(event).now, walk.phase) == ([], later), event


@pytest.mark.parametrize("phase", PHASES)
def test_answers_to_nothing_change_nothing(phase: Phase) -> None:
    """Zero is what an id is before anything was asked; it is nobody's ticket."""
    walk = reach(phase)
    for event in (
        ev.Identified(0, 2, "J. Roe", None, 1),
        ev.Unidentified(0, 0),
        ev.Denied(0, "trouble", {}),
        ev.Entered(0, "timeout", ""),
        ev.Played(0),
        ev.AcceptStored(0),
    ):
        assert (walk.happen(event).now, walk.phase) == ([], phase), event


@pytest.mark.parametrize(
    ("leaving", "end"),
    [
        (ev.OnHook(), ("abandoned", "caller", 0)),
        (ev.LinkLost(0), ("fault", "fault", 0)),
        (ev.StaffCut(), ("fault", "staff", 0)),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_record_written_too_late_is_closed_by_who_left(leaving: ev.Event, end: tuple[str, str, int]) -> None:
    walk = reach(Phase.ATTEMPTING).happen(leaving).begun()
    assert walk.end == end
    assert not walk.all(act.Invite)


def test_a_late_record_does_not_disturb_the_next_call() -> None:
    walk = reach(Phase.ATTEMPTING)
    ticket = walk.last(act.Attempt).ticket
    walk.hangs_up().lifts().enters("1").enters("1234").identified().enters(NUMBER).begun()
    walk.happen(ev.Begun(ticket, CALL + 1, grant()))
    assert walk.all(act.Finish) == [act.Finish(CALL + 1, act.Outcome.ABANDONED, act.EndedBy.CALLER, 0)]
    assert (walk.phase, walk.visit.call) == (Phase.INVITING, CALL)
