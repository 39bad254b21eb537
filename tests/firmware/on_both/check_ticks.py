from handset import ticks

PERIOD = 1 << 30


def check_difference_across_the_wrap():
    assert ticks.diff(5, PERIOD - 5) == 10
    assert ticks.diff(PERIOD - 5, 5) == -10
    assert ticks.diff(7, 7) == 0


def check_longest_spans():
    assert ticks.diff(ticks.add(100, ticks.LONGEST_MS), 100) == ticks.LONGEST_MS
    assert ticks.diff(100, ticks.add(100, ticks.LONGEST_MS)) == -ticks.LONGEST_MS


def check_addition_wraps():
    assert ticks.add(PERIOD - 1, 2) == 1
    assert ticks.add(1, -2) == PERIOD - 1
