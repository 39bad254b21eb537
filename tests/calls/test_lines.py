"""Lines that need no PIN (safety property P9): reached from everywhere before the call, and what is told of them."""

from dataclasses import replace

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.manners import Manners, OpenLine, PinMode
from kinline.calls.visit import Phase
from kinline.rules.model import Language
from tests.calls.laws import PIN
from tests.calls.walk import CALL, NUMBER, Walk, grant, reach

LINES = (OpenLine("77", "the state ombudsman"), OpenLine("0000", "the crisis line"))
OPEN = Manners("North Unit", lines=LINES)
ANONYMOUS = replace(grant(recorded=False), number_class="anonymous", rate_micros_per_minute=0)


def at_question(phase: Phase) -> Walk:
    """A visit that has just been asked something, before the PIN or after it."""
    if phase is Phase.INMATE_NUMBER:
        return Walk(replace(OPEN, pin_mode=PinMode.ID_AND_PIN)).lifts().enters("1")
    return reach(phase, manners=OPEN)


@pytest.mark.parametrize("phase", [Phase.LANGUAGE, Phase.INMATE_NUMBER, Phase.PIN, Phase.NUMBER])
def test_one_key_leads_to_the_lines(phase: Phase) -> None:
    walk = at_question(phase).enters("0")
    assert walk.phase is Phase.LINE
    assert set(walk.said(Side.NEAR)) == {"line_code"}
    attempt = walk.enters("77").last(act.Attempt)
    assert (attempt.inmate, attempt.dialled) == (None, "77"), "a line that needs no PIN asks nobody who calls"


@pytest.mark.parametrize("phase", [Phase.LANGUAGE, Phase.INMATE_NUMBER, Phase.PIN])
def test_before_the_pin_the_key_is_told(phase: Phase) -> None:
    assert at_question(phase).last(act.Say).values["lines"] == "0"


def test_a_site_of_one_language_offers_them_beside_the_pin() -> None:
    walk = Walk(replace(OPEN, languages=("en",))).lifts()
    assert (walk.phase, walk.last(act.Say).values) == (Phase.PIN, {"lines": "0"})
    assert walk.last(act.Collect).least == 1
    assert walk.enters("0").phase is Phase.LINE


def test_a_booking_phone_offers_them_beside_the_number() -> None:
    walk = Walk(replace(OPEN, pin_mode=PinMode.NONE, languages=("en",))).lifts()
    assert (walk.phase, walk.last(act.Say).values) == (Phase.NUMBER, {"lines": "0"})


@pytest.mark.parametrize(("keys", "languages"), [(["0"], ("en", "es")), (["2", "0"], ("es",))])
def test_the_lines_are_read_out_in_every_language_until_one_is_chosen(keys: list[str], languages: tuple[Language, ...]) -> None:
    walk = Walk(OPEN).lifts()
    for key in keys:
        walk.enters(key)
    told = [(say.language, say.values["label"], say.values["code"]) for say in walk.all(act.Say)]
    assert told == [(language, line.label, line.code) for language in languages for line in LINES]


def test_there_is_time_to_hear_them_all() -> None:
    many = Manners("North Unit", lines=tuple(OpenLine(str(code), "a line") for code in range(10, 14)))
    collect = Walk(many).lifts().enters("0").last(act.Collect)
    assert many.first_key_ms + 8 * 4_000 < collect.first_ms <= 0xFFFF


def test_without_lines_the_key_is_nothing_special() -> None:
    walk = reach(Phase.PIN)
    assert walk.last(act.Say).values == {"lines": None}
    assert walk.last(act.Collect).least == 4
    assert reach(Phase.LANGUAGE).enters("0").phase is Phase.PIN
    assert reach(Phase.NUMBER).enters("0").phase is Phase.ATTEMPTING


def test_a_code_can_be_dialed_where_a_number_is_asked_for() -> None:
    attempt = reach(Phase.NUMBER, manners=OPEN).enters("77").last(act.Attempt)
    assert (attempt.inmate, attempt.dialled) == (1, "77")


def test_a_line_whose_code_is_the_key_itself() -> None:
    manners = Manners("North Unit", lines=(OpenLine("0", "the crisis line"),))
    walk = Walk(manners).lifts().enters("0")
    assert walk.phase is Phase.LINE
    assert walk.enters("0").last(act.Attempt).dialled == "0"


def test_a_locked_handset_still_reaches_the_lines() -> None:
    walk = reach(Phase.CHECKING, manners=OPEN).unidentified(locked_seconds=300).hangs_up().lifts().enters("0").enters("77")
    assert walk.begun(ANONYMOUS).phase is Phase.INVITING


def test_a_line_not_reached_is_asked_for_again() -> None:
    walk = reach(Phase.LANGUAGE, manners=OPEN).enters("0").enters("77").begun(ANONYMOUS)
    walk.ends(486)
    assert (walk.phase, walk.said(Side.NEAR)[0]) == (Phase.LINE, "called_party_busy")


def anonymous_menu() -> Walk:
    return Walk(OPEN).lifts().enters("1").enters(PIN).identified().enters("77").begun(ANONYMOUS).answers()


def test_an_anonymous_caller_is_not_named_even_after_the_pin() -> None:
    walk = anonymous_menu()
    values = walk.last(act.Say).values
    assert (values["name"], values["block"], values["kept"]) == (None, None, "kept_private")
    assert walk.visit.nameless
    assert "R. Doe" not in repr(walk.all(act.Say))


def test_an_anonymous_call_cannot_be_blocked_for_that_would_be_kept() -> None:
    walk = anonymous_menu().presses("9")
    assert (walk.phase, walk.now) == (Phase.MENU, [])


def test_nobody_is_named_on_a_call_without_a_pin() -> None:
    walk = Walk(OPEN).lifts().enters("0").enters("77").begun(replace(ANONYMOUS, number_class="free")).answers()
    assert walk.last(act.Say).values["name"] is None
    assert not walk.visit.nameless


# 28 CFR 115.53: told before the call goes out


@pytest.mark.parametrize(("recorded", "said"), [(False, "kept_private"), (True, "kept_recorded_monitored")])
def test_the_caller_is_told_before_the_call_goes_out(recorded: bool, said: str) -> None:
    walk = reach(Phase.ATTEMPTING).begun(grant(recorded=recorded), say_kept=True)
    assert (walk.phase, walk.said(Side.NEAR), walk.all(act.Invite)) == (Phase.TELLING, [said], [])
    walk.hears_it_out()
    assert (walk.phase, walk.all(act.Invite)) == (Phase.INVITING, [act.Invite(CALL, recorded, recorded)])


def test_who_hangs_up_while_being_told_has_called_nobody() -> None:
    walk = reach(Phase.ATTEMPTING).begun(say_kept=True).hangs_up()
    assert walk.end == ("abandoned", "caller", 0)
    assert not walk.all(act.HangUpFar)


def test_a_notice_that_is_never_heard_does_not_hold_the_record_open() -> None:
    walk = reach(Phase.ATTEMPTING).begun(say_kept=True).wait(60)
    assert (walk.phase, walk.end) == (Phase.NUMBER, ("fault", "fault", 0))


# Messages that staff pass on

WORD = ev.Message(5, "Your hearing has been moved to Monday.", "es")
OTHER = ev.Message(6, "Call your sister.", "en")


def test_messages_are_heard_one_after_another_before_the_number() -> None:
    walk = reach(Phase.CHECKING).identified(WORD, OTHER)
    assert (walk.phase, walk.last(act.Say).values, walk.last(act.Say).language) == (Phase.MESSAGES, {"text": WORD.text}, "es")
    assert not walk.all(act.Collect), "a number could be dialed over the message"
    walk.hears_it_out()
    assert (walk.all(act.MessageHeard), walk.last(act.Say).values) == ([act.MessageHeard(5)], {"text": OTHER.text})
    walk.hears_it_out()
    assert walk.all(act.MessageHeard) == [act.MessageHeard(6)]
    assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["balance_and_number"])
    assert walk.enters(NUMBER).phase is Phase.ATTEMPTING


def test_a_message_cut_short_waits_for_the_next_visit() -> None:
    walk = reach(Phase.CHECKING).identified(WORD).hangs_up()
    assert not [action for action in walk.done if isinstance(action, act.MessageHeard)]


def test_a_message_of_which_only_a_tone_was_heard_waits_too() -> None:
    walk = reach(Phase.CHECKING).identified(WORD).hears_it_out(as_meant=False)
    assert (walk.phase, walk.all(act.MessageHeard)) == (Phase.NUMBER, [])


def test_a_visit_begins_with_the_choices_of_its_moment() -> None:
    walk = reach(Phase.PIN).hangs_up()
    walk.happen(ev.OffHook(replace(OPEN, languages=("es",), pin_least=6, lines=())))
    assert (walk.phase, walk.visit.language, walk.last(act.Collect).least) == (Phase.PIN, "es", 6)
    walk.happen(ev.OffHook(OPEN))
    assert (walk.phase, walk.now) == (Phase.PIN, []), "choices do not change in the middle of a visit"
