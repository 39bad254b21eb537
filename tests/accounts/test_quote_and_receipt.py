"""What a call costs, told before it and proved after it."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.accounts import Hold, MoneyError, capture, charge_micros
from kinline.accounts.quote import quote, quote_text
from kinline.accounts.receipt import Receipt, faults, receipt_from, receipt_text

NOON = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)


def receipt(rate: int = 210_000, seconds: int = 125, held: int | None = 3_150_000, limit: int = 900) -> Receipt:
    price = charge_micros(rate, seconds)
    charge = price if held is None else capture(Hold(1, "prepaid:+12025550123", held), seconds, rate)[0]
    return Receipt(
        call=41,
        account="prepaid:+12025550123",
        billing="prepaid" if held is not None else "collect",
        inmate="1001",
        number="+12025550123",
        started_at=NOON,
        accepted_at=NOON + timedelta(seconds=9),
        ended_at=NOON + timedelta(seconds=9 + seconds),
        limit_seconds=limit,
        talk_seconds=seconds,
        rate_micros_per_minute=rate,
        rate_source="A.D. 10.7",
        held_micros=held,
        price_micros=price,
        charged_micros=charge,
        credited_micros=0,
    )


class TestQuote:
    def test_the_prices_of_the_documents(self) -> None:
        told = quote(210_000, 900, 3_150_000)
        assert (told.first_minute_micros, told.longest_micros, told.balance_seconds) == (210_000, 3_150_000, 900)
        assert quote_text(told, "en") == (
            "Each minute costs $0.21, the first one too; parts of a minute are charged by the second. Nothing else is charged, "
            "and nothing before the call is accepted. The longest call, 15 min, costs $3.15. "
            "The balance of $3.15 is enough for 15 min."
        )
        assert quote_text(told, "es").startswith("Cada minuto cuesta $0.21, también el primero;")

    def test_free(self) -> None:
        assert quote_text(quote(0, 900, 5), "en") == "This call is free."
        assert quote(0, 900, 5).balance_seconds is None

    @given(st.integers(1, 10**7), st.integers(0, 10**9))
    def test_the_balance_buys_what_is_said_and_not_a_second_more(self, rate: int, balance: int) -> None:
        seconds = quote(rate, 900, balance).balance_seconds
        assert seconds is not None
        assert charge_micros(rate, seconds) <= balance < charge_micros(rate, seconds + 1)

    @given(st.integers(0, 10**7), st.integers(1, 7200), st.integers(0, 7200))
    def test_no_call_costs_more_than_was_quoted(self, rate: int, longest: int, talked: int) -> None:
        assert charge_micros(rate, min(talked, longest)) <= quote(rate, longest).longest_micros


class TestReceipt:
    @given(
        st.integers(0, 10**7), st.integers(0, 900), st.one_of(st.none(), st.integers(0, 10**9)),
    )  # fmt: skip
    def test_what_the_ledger_charges_can_be_recomputed(self, rate: int, seconds: int, held: int | None) -> None:
        assert faults(receipt(rate, seconds, held)) == []

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"talk_seconds": 126}, "price_micros"),
            ({"rate_micros_per_minute": 200_000}, "price_micros"),
            ({"price_micros": 437_501}, "price_micros"),
            ({"charged_micros": 437_501}, "charged_micros"),
            ({"charged_micros": 0}, "charged_micros"),
            ({"held_micros": 1}, "charged_micros"),
            ({"credited_micros": 437_501}, "credited_micros"),
            ({"accepted_at": None}, "never accepted"),
            ({"ended_at": NOON + timedelta(seconds=100)}, "longer than the time"),
            ({"limit_seconds": 124}, "longer than the call was granted"),
            ({"formula": "whatever we like"}, "formula"),
            ({"billing": "free"}, "charged_micros"),
        ],
    )
    def test_a_changed_receipt_is_found_out(self, change: dict[str, object], said: str) -> None:
        assert any(said in fault for fault in faults(replace(receipt(), **change)))  # type: ignore[arg-type]

    def test_it_survives_its_json_form(self) -> None:
        assert receipt_from(asdict(receipt())) == receipt()

    @pytest.mark.parametrize(
        ("change", "place"),
        [({"charged_micros": -1}, "charged_micros"), ({"started_at": "2026-03-02T17:00:00"}, "started_at"), ({"fee": 1}, "fee")],
    )
    def test_what_is_no_receipt_is_named(self, change: dict[str, object], place: str) -> None:
        with pytest.raises(MoneyError, match=place):
            receipt_from({**asdict(receipt()), **change})

    def test_a_family_can_read_it(self) -> None:
        text = receipt_text(receipt(), "en")
        assert "$0.21 a minute × 125 s ÷ 60 = $0.4375, rounded down." in text
        assert "Charged: $0.4375. There are no other charges." in text
        assert "redondeado hacia abajo" in receipt_text(receipt(), "es")
        assert "only" not in text and "set aside" not in text

    def test_what_was_given_back_is_said(self) -> None:
        text = receipt_text(replace(receipt(), credited_micros=437_500), "en")
        assert "Given back: $0.4375. In the end this call cost $0.00." in text

    def test_a_call_that_nobody_accepted(self) -> None:
        text = receipt_text(replace(receipt(seconds=0), accepted_at=None), "en")
        assert text.endswith("The call was not accepted. Nothing was charged.")

    def test_a_hold_that_was_too_small_is_said(self) -> None:
        assert "No more than $0.10 was set aside" in receipt_text(receipt(held=100_000), "en")
