"""From off hook to the number: language, inmate number, PIN."""

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.manners import Manners, PinMode
from kinline.calls.visit import Phase
from tests.calls.laws import PIN
from tests.calls.walk import Walk, reach


@pytest.mark.parametrize(("key", "language"), [("1", "en"), ("2", "es"), ("7", "en")])
def test_the_caller_chooses_a_language(key: str, language: str) -> None:
    walk = Walk().lifts().enters(key)
    assert (walk.visit.language, walk.phase) == (language, Phase.PIN)
    assert walk.last(act.Collect).kind == "secret"


def test_one_language_is_not_asked_for() -> None:
    walk = Walk(Manners("North Unit", languages=("es",))).lifts()
    assert (walk.visit.language, walk.phase) == ("es", Phase.PIN)


def test_id_and_pin_are_both_asked_for_again_after_a_miss() -> None:
    walk = Walk(Manners("North Unit", PinMode.ID_AND_PIN)).lifts().enters("1").enters("1234").enters(PIN)
    check = walk.last(act.CheckPin)
    assert (check.inmate_number, check.pin) == ("1234", PIN)
    walk.unidentified()
    assert walk.phase is Phase.INMATE_NUMBER
    assert walk.said(Side.NEAR) == ["pin_wrong", "enter_inmate_number"]


def test_a_booking_phone_asks_for_no_pin() -> None:
    walk = Walk(Manners("North Unit", PinMode.NONE)).lifts().enters("1")
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["enter_number"])
    attempt = walk.enters("12025550123").last(act.Attempt)
    assert (attempt.inmate, attempt.dialled) == (None, "12025550123")


def test_three_wrong_pins_end_the_visit() -> None:
    walk = Walk().lifts().enters("1")
    for _ in range(2):
        walk.enters(PIN).unidentified()
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.PIN, ["pin_wrong", "enter_pin"])
    walk.enters(PIN).unidentified()
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["please_hang_up"])
    assert walk.hangs_up().lifts().enters("1").enters(PIN).unidentified().phase is Phase.PIN


def test_a_locked_handset_says_for_how_long() -> None:
    walk = reach(Phase.CHECKING).unidentified(locked_seconds=300)
    assert walk.phase is Phase.OVER
    assert (walk.last(act.Say).prompt, walk.last(act.Say).values) == ("handset_locked", {"seconds": 300})


@pytest.mark.parametrize("phase", [Phase.LANGUAGE, Phase.PIN, Phase.NUMBER])
def test_an_entry_that_comes_to_nothing_ends_the_visit(phase: Phase) -> None:
    walk = reach(phase).enters("", "timeout")
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["please_hang_up"])


def test_the_balance_is_told_before_the_number() -> None:
    walk = reach(Phase.NUMBER)
    assert walk.last(act.Say).values == {"balance": 5_000_000}
    assert walk.last(act.Collect).kind == "number"


@pytest.mark.parametrize("phase", [Phase.CHECKING, Phase.ATTEMPTING])
def test_a_store_that_cannot_answer_ends_the_visit(phase: Phase) -> None:
    walk = reach(phase)
    kind: type[act.CheckPin | act.Attempt] = act.CheckPin if phase is Phase.CHECKING else act.Attempt
    walk.happen(ev.Failed(walk.last(kind).ticket))
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["trouble"])


def test_a_visit_remembers_nothing_of_the_one_before() -> None:
    walk = Walk(Manners("North Unit", PinMode.ID_AND_PIN)).lifts().enters("2").enters("1234").hangs_up()
    assert walk.visit.language == "en"
    assert walk.lifts().enters("1").enters("77").enters(PIN).last(act.CheckPin).inmate_number == "77"
