"""The caller's own name: asked for once, after the messages and before the first call, and said to the called party."""

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import Manners, OpenLine, Payer
from kinline.calls.visit import Phase
from kinline.people.names import SpokenName
from tests.calls.laws import PIN
from tests.calls.walk import NUMBER, Walk, grant

MANNERS = Manners("North Unit", spoken_names=True, lines=(OpenLine("77", "Counsel"),))
SOUND = b"\1\2" * 8000


def asked(manners: Manners = MANNERS, *messages: ev.Message) -> Walk:
    return Walk(manners).lifts().enters("1").enters(PIN).identified(*messages)


def menu_name(walk: Walk) -> object:
    walk.enters(NUMBER).begun().answers()
    return walk.last(act.Say).values["name"]


def test_it_is_asked_kept_heard_back_and_said_to_the_called_party() -> None:
    walk = asked()
    assert (walk.phase, walk.said(act.Side.NEAR)) == (Phase.NAMING, ["say_name"])
    assert walk.hears_it_out().all(act.TakeName) and not walk.said(act.Side.NEAR)
    walk.named(SOUND)
    assert walk.all(act.KeepName) == [act.KeepName(1, SOUND)]
    assert walk.said(act.Side.NEAR) == ["name_kept", "balance_and_number"] and walk.phase is Phase.NUMBER
    assert menu_name(walk) == SpokenName("R. Doe", SOUND)


def test_whoever_is_silent_goes_on_and_a_machine_reads_the_name() -> None:
    walk = asked().hears_it_out().named(None)
    assert walk.phase is Phase.NUMBER and not walk.all(act.KeepName)
    assert menu_name(walk) == "R. Doe"


def test_a_kept_name_is_not_asked_again() -> None:
    walk = Walk(MANNERS).lifts().enters("1").enters(PIN)
    walk.happen(ev.Identified(walk.last(act.CheckPin).ticket, 1, "R. Doe", "en", 0, (), SOUND))
    assert walk.phase is Phase.NUMBER
    assert menu_name(walk) == SpokenName("R. Doe", SOUND)


def test_where_it_is_switched_off_nobody_is_asked_and_no_voice_is_used() -> None:
    walk = Walk(Manners("North Unit")).lifts().enters("1").enters(PIN)
    walk.happen(ev.Identified(walk.last(act.CheckPin).ticket, 1, "R. Doe", "en", 0, (), SOUND))
    assert menu_name(walk) == "R. Doe"
    assert not any(isinstance(action, act.TakeName) for action in walk.done)


def test_messages_come_first_and_then_who_pays() -> None:
    walk = asked(Manners("N", spoken_names=True, payers=(Payer.COLLECT, Payer.DEBIT)), ev.Message(1, "Call home.", "en"))
    assert walk.phase is Phase.MESSAGES
    assert walk.hears_it_out().phase is Phase.NAMING
    assert walk.hears_it_out().named(SOUND).phase is Phase.PAYING


@pytest.mark.parametrize("leave", [ev.OnHook(), ev.StaffCut(), ev.LinkLost(0)])
def test_a_name_that_comes_after_the_visit_is_kept_nowhere(leave: ev.Event) -> None:
    walk = asked().hears_it_out().happen(leave)
    assert walk.named(SOUND).now == []


def test_an_anonymous_line_hears_no_voice() -> None:
    walk = asked().hears_it_out().named(SOUND)
    walk.enters(NUMBER).begun(grant(number_class="anonymous", recorded=False)).answers()
    assert walk.last(act.Say).values["name"] is None


def test_no_log_line_shows_a_voice() -> None:
    walk = asked().hears_it_out().named(SOUND)
    shown = repr([*walk.done, ev.NameTaken(1, SOUND), ev.Identified(1, 1, "R. Doe", "en", 0, (), SOUND)])
    assert repr(SOUND)[:12] not in shown
