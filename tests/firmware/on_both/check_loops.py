from handset import _board as board
from handset import _link as wire
from handset import loops, selftest
from handset.hook import CLOSED, CUT, OPEN, SHORT

_GOOD = (1052, 1052, board.MAGNET_RESTING_MV, 2500)


def _look(subject, readings, hook=CLOSED, times=1):
    settled = 0
    for _ in range(times):
        for millivolts in readings:
            settled += subject.look(millivolts, hook)
    return settled


def check_what_is_sound_is_told_once_for_the_magnet_and_then_never():
    subject = loops.Loops()
    assert _look(subject, _GOOD, times=20) == 1
    assert not subject.trouble(CLOSED)
    assert subject.fields(CLOSED) == (CLOSED, CLOSED, CLOSED, wire.MAGNET_OWN, wire.SUPPLY_GOOD, 47500)


def check_a_cut_cord_settles_after_equal_looks_and_no_sooner():
    subject = loops.Loops()
    _look(subject, _GOOD, times=5)
    for look in range(board.LOOP_SETTLE_LOOKS):
        assert subject.states[0] == CLOSED
        assert _look(subject, (3100,) + _GOOD[1:]) == (look == board.LOOP_SETTLE_LOOKS - 1)
    assert subject.states[0] == CUT and subject.trouble(CLOSED)


def check_a_crackle_is_no_alarm():
    subject = loops.Loops()
    _look(subject, _GOOD, times=5)
    for _ in range(20):
        assert _look(subject, (3100,) + _GOOD[1:]) == 0
        assert _look(subject, _GOOD) == 0


def check_every_state_of_the_case():
    for millivolts, state in ((0, SHORT), (2383, OPEN), (3100, CUT), (1052, CLOSED)):
        subject = loops.Loops()
        subject.states[1] = OPEN if state == CLOSED else CLOSED
        assert _look(subject, (1052, millivolts) + _GOOD[2:], times=5) >= 1
        assert subject.states[1] == state


def check_a_magnet_belongs_where_the_hook_is():
    assert loops.magnet_state(board.MAGNET_RESTING_MV, CLOSED) == wire.MAGNET_OWN
    assert loops.magnet_state(board.MAGNET_LIFTED_MV, CLOSED) == wire.MAGNET_FOREIGN
    assert loops.magnet_state(board.MAGNET_LIFTED_MV, OPEN) == wire.MAGNET_OWN
    assert loops.magnet_state(board.MAGNET_RESTING_MV + 900, OPEN) == wire.MAGNET_FOREIGN
    assert loops.magnet_state(1000, CUT) == wire.MAGNET_UNKNOWN
    assert loops.magnet_state(1000, SHORT) == wire.MAGNET_UNKNOWN


def check_the_supply():
    good = wire.SUPPLY_GOOD
    for supply, state in ((12000, wire.SUPPLY_LOW), (24000, good), (48000, good), (56000, wire.SUPPLY_HIGH)):
        assert loops.supply_state(supply * 1000 // board.SUPPLY_DIVIDER + 1) == state


def check_readings_are_in_the_order_of_their_message():
    volts = {gpio: index + 1 for index, gpio in enumerate(selftest.PINS)}
    assert selftest.readings(volts.get, 0x10005, True) == (1, 2, 3, 4, 5, loops.supply_mv(6), 5, 1)
