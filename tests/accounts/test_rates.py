"""The rate table: one price for each class on each day, the same for quote and bill."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kinline.accounts.rates import LARGEST_RATE_MICROS, RateError, RateLine, RateTable, seeded
from kinline.profiles import load_profile
from kinline.rules.pricing import priced, rate_table

DAY = date(2026, 3, 2)
SEED = seeded(210_000, [("free", 0), ("privileged", 100_000)], "A.D. 10.7")


def line(micros: int, since: int | None = 0, until: int | None = None, number_class: str | None = None) -> RateLine:
    """A line of days after DAY."""
    day = {None: None} | {n: DAY + timedelta(days=n) for n in (since, until) if n is not None}
    return RateLine(micros, "Contract 12", number_class, day[since], day[until])


@pytest.mark.parametrize(
    ("own", "number_class", "after", "micros"),
    [
        ((), "social", 0, 210_000),
        ((), "free", 0, 0),
        ((), "privileged", 0, 100_000),
        ((line(60_000, 1),), "social", 0, 210_000),
        ((line(60_000, 1),), "social", 1, 60_000),
        ((line(60_000, 1, 3),), "social", 2, 60_000),
        ((line(60_000, 1, 3),), "social", 3, 210_000),
        ((line(60_000, 1, 3), line(50_000, 3)), "social", 3, 50_000),
        ((line(60_000),), "free", 0, 0),
        ((line(60_000),), "privileged", 0, 100_000),
        ((line(60_000), line(20_000, number_class="privileged")), "privileged", 0, 20_000),
    ],
)
def test_the_price_of_a_day(own: tuple[RateLine, ...], number_class: str, after: int, micros: int) -> None:
    assert RateTable(SEED, own).rate_at(number_class, DAY + timedelta(days=after)).micros_per_minute == micros


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RateTable(SEED, (line(1), line(2, 5))), "meets"),
        (lambda: RateTable(SEED, (line(1, None, 2), line(2, 1))), "meets"),
        (lambda: RateTable(SEED, (line(1, number_class="relay"),)), "are free"),
        (lambda: line(-1), "price of a minute"),
        (lambda: line(LARGEST_RATE_MICROS + 1), "price of a minute"),
        (lambda: RateLine(0.21, "x"), "whole micro-dollars"),  # type: ignore[arg-type]
        (lambda: RateLine(True, "x"), "whole micro-dollars"),
        (lambda: line(1, 3, 3), "before it begins"),
        (lambda: RateLine(1, " "), "names its source"),
        (lambda: RateTable(()).rate_at("social", DAY), "no price is set"),
    ],
)
def test_a_line_that_cannot_be(make: object, said: str) -> None:
    with pytest.raises(RateError, match=said):
        make()  # type: ignore[operator]


spans = st.tuples(st.integers(0, 40), st.one_of(st.none(), st.integers(1, 20)))


@given(st.lists(spans, max_size=5), st.integers(-5, 70))
def test_a_day_has_one_price(drawn: list[tuple[int, int | None]], after: int) -> None:
    """Whatever the table takes, at most one line of a class holds on a day; without one, the profile's does."""
    lines = [line(i + 1, since, since + length if length else None) for i, (since, length) in enumerate(drawn)]
    try:
        table = RateTable(SEED, tuple(lines))
    except RateError:
        assert any(a.meets(b) for i, a in enumerate(lines) for b in lines[:i])
        return
    day = DAY + timedelta(days=after)
    holding = [one for one in lines if one.holds_on(day)]
    assert len(holding) <= 1
    assert table.rate_at("social", day) == (holding[0] if holding else SEED[0])


@given(spans, spans)
def test_meeting_is_mutual_and_true(one: tuple[int, int | None], other: tuple[int, int | None]) -> None:
    a, b = (line(1, since, since + length if length else None) for since, length in (one, other))
    shared = [n for n in range(80) if a.holds_on(DAY + timedelta(days=n)) and b.holds_on(DAY + timedelta(days=n))]
    assert a.meets(b) == b.meets(a) == bool(shared)


class TestTheProfileOfADay:
    profile = load_profile("ct-doc")

    def test_without_lines_it_is_the_profile(self) -> None:
        assert priced(self.profile, (), DAY) is self.profile

    @given(st.integers(0, LARGEST_RATE_MICROS), st.sampled_from(["social", "free", "relay", "privileged", "anonymous"]))
    def test_the_decision_reads_the_tables_line(self, micros: int, number_class: str) -> None:
        own = (line(micros),)
        assume(micros != self.profile.rate.micros_per_minute)
        table = rate_table(self.profile.rate, own)
        that_day = priced(self.profile, own, DAY)
        assert that_day.rate_for(number_class) == table.rate_at(number_class, DAY).micros_per_minute  # type: ignore[arg-type]
        assert "Contract 12" in that_day.rate.source

    def test_the_day_before_it_is_the_profiles_price(self) -> None:
        before = priced(self.profile, (line(60_000),), DAY - timedelta(days=1))
        assert before.rate_for("social") == 210_000 and before.rate.source == self.profile.rate.source
