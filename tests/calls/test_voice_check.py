"""Where the profile asks for it the caller's voice is compared with the one that was kept, and a doubt keeps nobody out."""

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import Manners, OpenLine
from kinline.calls.visit import Phase
from tests.calls.laws import PIN
from tests.calls.walk import Walk

TRIES = 3
MANNERS = Manners("North Unit", spoken_names=True, voice_tries=TRIES, lines=(OpenLine("77", "Counsel"),))
KEPT, SAID = b"\1\2" * 8000, b"\3\4" * 8000


def asked(kept: bytes | None = KEPT, exempt: bool = False, manners: Manners = MANNERS) -> Walk:
    walk = Walk(manners).lifts().enters("1").enters(PIN)
    return walk.happen(ev.Identified(walk.last(act.CheckPin).ticket, 1, "R. Doe", "en", 0, (), kept, exempt))


def says(walk: Walk, sound: bytes | None = SAID) -> Walk:
    return walk.hears_it_out().named(sound)


def checked(walk: Walk, same: bool | None) -> Walk:
    return walk.happen(ev.VoiceChecked(walk.last(act.CheckVoice).ticket, same))


def test_the_same_voice_goes_on() -> None:
    walk = says(asked())
    assert walk.phase is Phase.VOICE
    check = walk.last(act.CheckVoice)
    assert (check.kept, check.said) == (KEPT, SAID)
    assert checked(walk, same=True).phase is Phase.NUMBER
    assert not any(isinstance(action, act.KeepName) for action in walk.done), "the voice that was kept stays"


def test_another_voice_may_try_again_and_is_then_refused() -> None:
    walk = asked()
    for _ in range(TRIES - 1):
        walk = checked(says(walk), same=False)
        assert walk.phase is Phase.VOICE
        assert walk.said(act.Side.NEAR) == ["voice_again", "say_name_to_be_known"]
    walk = checked(says(walk), same=False)
    assert (walk.phase, walk.said(act.Side.NEAR)) == (Phase.OVER, ["voice_not_known"])
    assert not any(isinstance(action, act.Attempt) for action in walk.done)


def test_what_cannot_be_told_keeps_nobody_from_a_call() -> None:
    assert checked(says(asked()), same=None).phase is Phase.NUMBER


@pytest.mark.parametrize("manners", [MANNERS, Manners("North Unit", voice_tries=TRIES)])
def test_the_first_visit_keeps_a_voice_and_compares_nothing(manners: Manners) -> None:
    walk = says(asked(kept=None, manners=manners))
    assert walk.phase is Phase.NUMBER and walk.all(act.KeepName) == [act.KeepName(1, SAID)]


@pytest.mark.parametrize("kept", [None, KEPT])
def test_silence_is_no_way_around(kept: bytes | None) -> None:
    walk = asked(kept)
    for _ in range(TRIES):
        assert walk.phase in (Phase.NAMING, Phase.VOICE)
        walk = says(walk, None)
    assert walk.phase is Phase.OVER


@pytest.mark.parametrize("kept", [None, KEPT])
def test_who_is_exempt_is_not_asked_for_it(kept: bytes | None) -> None:
    walk = asked(kept, exempt=True)
    if kept is None:
        walk = says(walk, None)  # the name may still be said
    assert walk.phase is Phase.NUMBER
    assert not any(isinstance(action, act.CheckVoice) for action in walk.done)


def test_a_line_without_a_pin_asks_for_no_voice() -> None:
    walk = Walk(MANNERS).lifts().enters("1").enters("0").enters("77")
    assert walk.phase is Phase.ATTEMPTING


@pytest.mark.parametrize("leave", [ev.OnHook(), ev.StaffCut(), ev.LinkLost(0)])
def test_a_verdict_that_comes_after_the_visit_changes_nothing(leave: ev.Event) -> None:
    walk = says(asked())
    ticket = walk.last(act.CheckVoice).ticket
    assert walk.happen(leave).happen(ev.VoiceChecked(ticket, same=True)).now == []


def test_no_log_line_shows_a_voice() -> None:
    walk = says(asked())
    assert repr(SAID)[:12] not in repr(walk.done) and repr(KEPT)[:12] not in repr(walk.done)
