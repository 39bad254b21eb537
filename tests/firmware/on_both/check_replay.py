from handset.replay import ReplayWindow


def _accepted(sequences):
    window = ReplayWindow()
    kept = []
    for sequence in sequences:
        if window.fresh(sequence):
            window.mark(sequence)
            kept.append(sequence)
    return kept


def check_each_once():
    assert _accepted([1, 2, 2, 1, 3, 3]) == [1, 2, 3]


def check_late_within_the_window():
    assert _accepted([30, 6, 29, 6, 29]) == [30, 6, 29]


def check_late_behind_the_window():
    assert _accepted([30, 5, 31, 6]) == [30, 31]


def check_zero_is_no_sequence():
    assert _accepted([0, 1, 0]) == [1]


def check_a_jump_forgets_nothing_that_matters():
    assert _accepted([1, 2, 1000, 2, 999, 976, 975]) == [1, 2, 1000, 999, 976]


def check_the_ends_of_the_number():
    assert _accepted([0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFE]) == [0xFFFFFFFE, 0xFFFFFFFF]
