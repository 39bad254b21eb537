from handset.keypad import Keypad

KEYS = ("123+", "456-", "789T", "*0#S")


def _bit(key):
    return 1 << "".join(KEYS).index(key)


def _run(keypad, *masks):
    return [key for key in (keypad.scan(mask) for mask in masks) if key]


def check_a_key_needs_two_equal_scans():
    keypad = Keypad(KEYS)
    assert _run(keypad, _bit("5"), 0, _bit("5"), 0) == []
    assert _run(keypad, _bit("5"), _bit("5"), _bit("5"), _bit("5")) == ["5"]


def check_each_press_counts_once():
    keypad = Keypad(KEYS)
    five = _bit("5")
    assert _run(keypad, five, five, five, 0, five, five, 0, 0, five, five) == ["5", "5"]


def check_chords_are_refused_until_release():
    keypad = Keypad(KEYS)
    one, two = _bit("1"), _bit("2")
    assert _run(keypad, one | two, one | two, one, one, two, two) == []
    assert keypad.refused == 1
    assert _run(keypad, 0, 0, two, two) == ["2"]


def check_a_second_key_kills_the_first_until_release():
    keypad = Keypad(KEYS)
    one, two = _bit("1"), _bit("2")
    assert _run(keypad, one, one) == ["1"]
    assert _run(keypad, one | two, one | two, two, two) == []
    assert _run(keypad, 0, 0, two, two) == ["2"]


def check_every_key():
    for key in "".join(KEYS):
        assert _run(Keypad(KEYS), _bit(key), _bit(key)) == [key]
