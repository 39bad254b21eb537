"""A caller who uses a text telephone is typed to from the moment that is known, and has the time that typing takes."""

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.dialogue import LONGEST_PATIENCE_MS, TYPING_MS
from kinline.calls.manners import Manners
from kinline.calls.visit import Phase
from tests.calls.laws import PIN
from tests.calls.walk import Walk

TO_CALLER = act.TypeTo(act.Side.NEAR)


def known(manners: Manners, text_telephone: bool = True) -> Walk:
    walk = Walk(manners).lifts().enters("1").enters(PIN)
    ticket = walk.last(act.CheckPin).ticket
    return walk.happen(ev.Identified(ticket, 1, "R. Doe", "en", 0, text_telephone=text_telephone))


def test_where_one_stands_the_first_question_is_typed() -> None:
    walk = Walk(Manners("North Unit", text_telephone=True)).lifts()
    assert walk.now[0] == TO_CALLER
    walk.enters("1").enters(PIN).identified()
    assert walk.done.count(TO_CALLER) == 1


def test_who_uses_one_is_typed_to_once_the_pin_is_known() -> None:
    walk = known(Manners("North Unit"))
    assert walk.phase is Phase.NUMBER and walk.now[0] == TO_CALLER
    assert TO_CALLER not in known(Manners("North Unit"), text_telephone=False).done


def test_a_visit_of_someone_else_is_spoken_again() -> None:
    walk = known(Manners("North Unit")).hangs_up()
    walk.now = walk.done = []
    walk.lifts().enters("1").enters(PIN).identified()
    assert TO_CALLER not in walk.done


def test_a_typed_question_waits_longer_for_its_answer() -> None:
    manners = Manners("North Unit", first_key_ms=10_000)
    assert known(manners, text_telephone=False).last(act.Collect).first_ms == 10_000
    assert known(manners).last(act.Collect).first_ms == 10_000 + TYPING_MS
    patient = Manners("North Unit", first_key_ms=LONGEST_PATIENCE_MS - 1)
    assert known(patient).last(act.Collect).first_ms == LONGEST_PATIENCE_MS


def test_who_types_is_not_asked_to_say_a_name_but_where_voices_are_compared() -> None:
    assert known(Manners("North Unit", spoken_names=True)).phase is Phase.NUMBER
    assert known(Manners("North Unit", spoken_names=True), text_telephone=False).phase is Phase.NAMING
    assert known(Manners("North Unit", spoken_names=True, voice_tries=2)).phase is Phase.NAMING
