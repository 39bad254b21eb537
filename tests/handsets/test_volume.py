"""The steps of the volume keys."""

from hypothesis import given
from hypothesis import strategies as st

from kinline.handsets.volume import STEPS_DB, Volume


def test_the_range_and_the_step_that_the_rules_ask_for() -> None:
    assert STEPS_DB[0] == 0 and STEPS_DB[-1] >= 20 and 12 in STEPS_DB
    assert list(STEPS_DB) == sorted(set(STEPS_DB))


@given(st.lists(st.booleans(), max_size=30))
def test_each_press_is_one_step_within_the_range(presses: list[bool]) -> None:
    volume, step = Volume(), 0
    for louder in presses:
        step = min(max(step + (1 if louder else -1), 0), len(STEPS_DB) - 1)
        assert volume.press(louder) == volume.db == STEPS_DB[step]
