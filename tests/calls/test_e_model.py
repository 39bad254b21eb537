"""The E-model against what ITU-T G.107 itself says, and what no line can contradict."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.calls.e_model import BEST, NO, WORST, grade, mos, rating
from kinline.calls.quality import Received, Reported, judge

losses = st.floats(0, 100)
delays = st.floats(0, 1000)


def test_the_recommendations_own_values_for_its_defaults() -> None:
    """G.107 §7.7: with all parameters at their defaults R is 93.2, and the MOS 4.41."""
    assert rating() == pytest.approx(93.2, abs=0.05)
    assert mos(rating()) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(("r", "score"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_scores_of_annex_b(r: float, score: float) -> None:
    """G.107 table B.1: the least MOS of each class of speech transmission quality."""
    assert mos(r) == pytest.approx(score, abs=0.0065)


@pytest.mark.parametrize(
    ("loss", "bpl", "impairment"),
    [(0, 25.1, 0.0), (5, 25.1, 15.78), (5, 4.3, 51.08), (20, 25.1, 42.13), (100, 25.1, 75.94)],
)
def test_loss_impairs_as_the_formula_of_7_4_says(loss: float, bpl: float, impairment: float) -> None:
    """Ie,eff for G.711 with concealment (Bpl 25.1) and without (4.3), worked out by hand from (95 - Ie) Ppl / (Ppl + Bpl)."""
    assert rating() - rating(0, loss, bpl=bpl) == pytest.approx(impairment, abs=0.01)


@pytest.mark.parametrize(
    ("delay_ms", "clean", "lossy"),
    [(0, 93.206, 83.064), (20, 92.531, 82.389), (100, 90.664, 80.521), (150, 89.539, 79.397), (250, 79.177, 69.035)],
)
def test_another_implementation_says_the_same(delay_ms: float, clean: float, lossy: float) -> None:
    """R at 0 and 3 % loss by the model in flent, a network tester, whose authors held it against the page that the ITU keeps for
    this; there No is -61.17921438624169 and Is 1.4135680813438616, to which ours agree.
    """
    assert rating(delay_ms) == pytest.approx(clean, abs=0.0006)
    assert rating(delay_ms, 3) == pytest.approx(lossy, abs=0.0006)
    assert pytest.approx(-61.17921438624169) == NO


def test_delay_counts_from_100_ms_on() -> None:
    """Idd by hand: at 200 ms X is 1, and 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) is 3.04; the rest of the fall is echo."""
    assert 3.04 < rating(100) - rating(200) < 3.04 + 2
    assert rating(0) - rating(100) < 3


@given(delays, losses, losses)
def test_more_loss_never_raises_the_score(delay: float, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert mos(rating(delay, more)) <= mos(rating(delay, less))


@given(losses, delays, delays)
def test_more_delay_never_raises_the_score(loss: float, one: float, other: float) -> None:
    """Past the first milliseconds, where an echo is no echo yet and the recommendation's own curve rises by 0.06."""
    less, more = sorted((one + 2, other + 2))
    assert mos(rating(more, loss)) <= mos(rating(less, loss))


@given(delays, losses, st.floats(1, 10))
def test_bursts_are_never_better_than_random_loss(delay: float, loss: float, burst: float) -> None:
    assert rating(delay, loss, burst=burst) <= rating(delay, loss) + 1e-9


@given(st.floats(-500, 500))
def test_a_score_is_a_score(r: float) -> None:
    assert WORST <= mos(r) <= BEST
    assert grade(r)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_a_better_rating_is_never_a_worse_score(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert mos(less) <= mos(more) + 1e-12


@pytest.mark.parametrize("bad", [(-1, 0), (0, -1), (0, 101), (math.nan, 0), (0, math.nan)])
def test_what_no_line_can_have(bad: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="no line has"):
        rating(*bad)


def test_grades_are_those_of_g_109() -> None:
    assert [grade(r) for r in (93, 90, 89.9, 75, 65, 50, 49)] == [
        "best",
        "best",
        "high",
        "medium",
        "low",
        "poor",
        "not_recommended",
    ]


# ---- what a call's packets tell ----


def test_a_clean_call() -> None:
    quality = judge("PCMU", None, Received(1000, 0, 0, 0.5, 40, 10.0), Reported(990, 0, 1.0))
    assert quality is not None
    assert (quality.lost_percent, quality.late_percent, quality.far_lost_percent) == (0, 0, 0)
    assert quality.grade == "best" and quality.mos_caller > 4.3 and quality.mos_called is not None and quality.mos_called > 4.3


def test_loss_and_lateness_are_of_what_was_sent() -> None:
    quality = judge("G722", "AEAD_AES_128_GCM", Received(900, 100, 50, 12.34, 60.4, None), None)
    assert quality is not None
    assert (quality.lost_percent, quality.late_percent, quality.jitter_ms, quality.buffer_ms) == (10.0, 5.0, 12.3, 60.4)
    assert quality.round_trip_ms is quality.far_lost_percent is quality.far_jitter_ms is quality.mos_called is None
    assert quality.mos_caller < 3.2 and quality.grade == "poor"


def test_nothing_heard_is_nothing_to_say() -> None:
    assert judge("PCMU", None, Received(0, 0, 0, 0, 0, None), None) is None
    assert judge("PCMU", None, Received(-3, 5, 0, 0, 0, None), Reported(9, 0, 0)) is None


@given(
    st.integers(1, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7),
    st.floats(0, 5000),
)  # fmt: skip
def test_whatever_the_counters_say_is_judged(arrived: int, lost: int, late: int, sent: int, far_lost: int, trip: float) -> None:
    quality = judge("PCMU", None, Received(arrived, lost, late, 1, 400, trip), Reported(sent, far_lost, 1))
    assert quality is not None
    assert 0 <= quality.lost_percent <= 100 and 0 <= quality.late_percent <= 100
    assert WORST <= quality.mos_caller <= BEST
    assert quality.mos_called is None or WORST <= quality.mos_called <= BEST
