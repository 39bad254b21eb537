"""Who pays, what is left in the account, and the account that a called party opens first."""

from dataclasses import replace

import pytest

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Side
from kinline.calls.manners import Manners, OpenLine, Payer
from kinline.calls.visit import Phase
from tests.calls.walk import NUMBER, Walk, grant, reach

CHOICE = Manners("North Unit", payers=tuple(Payer), lines=(OpenLine("77", "the ombudsman"),))
MENU_OF_ACCOUNT = Manners("North Unit", account_code="118")
ACCOUNT_KEY = Manners("North Unit", account_digit="4")


def choosing(manners: Manners = CHOICE) -> Walk:
    return reach(Phase.CHECKING, manners=manners).identified()


class TestTheCallersChoice:
    def test_comes_before_the_number_with_the_balance(self) -> None:
        walk = choosing()
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.PAYING, ["choose_paying"])
        keys = {"collect": "1", "debit": "2", "prepaid": "3"}
        assert walk.last(act.Say).values == {"balance": 5_000_000, "lines": "0", **keys}

    @pytest.mark.parametrize(("key", "payer"), [("1", Payer.COLLECT), ("2", Payer.DEBIT), ("3", Payer.PREPAID)])
    def test_goes_with_the_attempt(self, key: str, payer: Payer) -> None:
        walk = choosing().enters(key)
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["enter_number"])
        assert walk.enters(NUMBER).last(act.Attempt).payer is payer

    def test_a_way_that_is_not_offered_is_neither_told_nor_taken(self) -> None:
        walk = choosing(replace(CHOICE, payers=(Payer.COLLECT, Payer.PREPAID)))
        assert "debit" not in walk.last(act.Say).values
        for key in ("2", "9"):
            assert walk.enters(key).phase is Phase.PAYING
        assert walk.enters("3").phase is Phase.NUMBER

    def test_one_way_is_no_choice(self) -> None:
        walk = choosing(replace(CHOICE, payers=(Payer.DEBIT,)))
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["balance_and_number"])
        assert walk.enters(NUMBER).last(act.Attempt).payer is None

    @pytest.mark.parametrize(
        ("prompt", "phase"),
        [("denied_billing", Phase.PAYING), ("denied_balance", Phase.PAYING), ("denied_hours", Phase.NUMBER)],
    )
    def test_is_offered_again_where_money_was_the_reason(self, prompt: str, phase: Phase) -> None:
        walk = choosing().enters("2").enters(NUMBER).denied(prompt)
        assert walk.said(Side.NEAR)[0] == prompt and walk.phase is phase

    def test_leaves_the_way_to_the_open_lines(self) -> None:
        walk = choosing().enters("0")
        assert walk.phase is Phase.LINE
        attempt = walk.enters("77").last(act.Attempt)
        assert (attempt.inmate, attempt.payer) == (None, None)

    def test_of_an_earlier_visit_is_forgotten(self) -> None:
        walk = choosing().enters("1").hangs_up()
        walk.lifts().enters("1").enters("86420975").identified()
        assert walk.phase is Phase.PAYING


class TestTheAccountMenu:
    def test_tells_what_is_left_and_asks_on(self) -> None:
        walk = reach(Phase.NUMBER, manners=MENU_OF_ACCOUNT).enters("118")
        assert walk.phase is Phase.ACCOUNT and not walk.all(act.Attempt)
        walk.happen(ev.Account(walk.last(act.AskAccount).ticket, 3_150_000, 600))
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.NUMBER, ["account", "enter_number"])
        assert walk.all(act.Say)[0].values == {"balance": 3_150_000, "left": 600}
        assert walk.enters(NUMBER).phase is Phase.ATTEMPTING

    def test_a_late_answer_fits_nothing(self) -> None:
        walk = reach(Phase.NUMBER, manners=MENU_OF_ACCOUNT).enters("118")
        ticket = walk.last(act.AskAccount).ticket
        assert walk.hangs_up().happen(ev.Account(ticket, 1, None)).now == []

    def test_a_store_that_does_not_answer_ends_the_visit(self) -> None:
        walk = reach(Phase.NUMBER, manners=MENU_OF_ACCOUNT).enters("118")
        walk.happen(ev.Failed(walk.last(act.AskAccount).ticket))
        assert (walk.phase, walk.said(Side.NEAR)) == (Phase.OVER, ["trouble"])

    def test_without_one_the_digits_are_a_number(self) -> None:
        assert reach(Phase.NUMBER).enters("118").last(act.Attempt).dialled == "118"


class TestAnAccountOpenedFirst:
    def test_ends_the_call_and_both_hear_why(self) -> None:
        walk = reach(Phase.MENU, manners=ACCOUNT_KEY)
        assert walk.last(act.Say).values["account"] == "4"
        walk.presses("4")
        assert walk.end == ("account_offered", "called_party", 0)
        assert walk.last(act.Farewell).prompt == "account_thanks"
        assert walk.said(Side.NEAR) == ["account_offered"]

    @pytest.mark.parametrize("manners", [Manners("North Unit"), ACCOUNT_KEY])
    def test_is_not_offered_where_nothing_is_paid_or_no_rule_says_so(self, manners: Manners) -> None:
        allow = grant() if manners.account_digit is None else replace(grant(), rate_micros_per_minute=0)
        walk = reach(Phase.MENU, allow, manners)
        assert walk.last(act.Say).values["account"] is None
        assert walk.presses("4").phase is Phase.MENU
