"""The wires and sensors: each is at rest as it should be, and moves when a hand moves it."""

from kinline.handsets import _board as board
from kinline.handsets import _link as wire
from kinline.technician.selftest.bench import Bench, Hand, failed

SHORT, CLOSED, OPEN, CUT = "short", "closed", "open", "cut"


def state(millivolts: int) -> str:
    """What a supervised loop's voltage means."""
    if millivolts < board.LOOP_SHORT_BELOW_MV:
        return SHORT
    if millivolts < board.LOOP_CLOSED_BELOW_MV:
        return CLOSED
    return OPEN if millivolts < board.LOOP_OPEN_BELOW_MV else CUT


def supply(bench: Bench) -> str:
    """The wall's supply is in its range."""
    volts = bench.measure().supply / 1000
    least, most = board.SUPPLY_LEAST_MV / 1000, board.SUPPLY_MOST_MV / 1000
    if not least <= volts <= most:
        raise failed(
            "supply", f"the supply is {volts:.1f} V, {least:.0f} to {most:.0f} are right", "check the port's voltage at J1"
        )
    return f"{volts:.1f} V"


def hook(bench: Bench) -> str:
    """On hook and off hook are told, by reed and by the firmware."""
    rest = bench.measure().hook
    if state(rest) in (SHORT, CUT):
        raise failed("hook-wires", f"the hook's wires are {state(rest)} ({rest} mV)", "check the plug J4, then R40 at the reed")
    bench.by_hand(
        Hand.HANG_UP,
        lambda r: state(r.hook) == CLOSED,
        "hook",
        "the hook does not close",
        "check the magnet in the handset's cradle",
    )
    bench.by_hand(Hand.LIFT, lambda r: state(r.hook) == OPEN, "hook", "the hook does not open", "check the reed SW1 at J4")
    if not bench.link.until(lambda: _said_off_hook(bench), 3.0):
        raise failed("hook-silent", "the firmware did not tell that the handset was lifted", "kinline tech update")
    return "closes and opens"


def _said_off_hook(bench: Bench) -> bool:
    opened = bench.link.opened
    return any(isinstance(m, wire.Hook) and m.off_hook for m in bench.link.messages) or bool(opened and opened.snapshot.off_hook)


def case(bench: Bench) -> str:
    """The lid's switch opens and closes its loop."""
    rest = bench.measure().case
    if state(rest) in (SHORT, CUT):
        raise failed(
            "case-wires", f"the case switches' wires are {state(rest)} ({rest} mV)", "check the plug J4, then R42 at the switch"
        )
    bench.by_hand(
        Hand.OPEN_LID, lambda r: state(r.case) == OPEN, "case", "the lid's switch does not open", "adjust the switch SW2"
    )
    bench.by_hand(
        Hand.SHUT_LID, lambda r: state(r.case) == CLOSED, "case", "the lid's switch does not close", "adjust the switch SW2"
    )
    return "opens and closes"


def cord(bench: Bench) -> str:
    """A cut and a shorted cord are told from a whole one."""
    rest = bench.measure().cord
    if state(rest) != CLOSED:
        raise failed(
            "cord-wires", f"the cord's loop is {state(rest)} ({rest} mV)", "check the plug J2, then R39 in the handset's cap"
        )
    bench.by_hand(Hand.PULL_CORD, lambda r: state(r.cord) == CUT, "cord-cut", "a pulled cord does not show", "check R34 and R35")
    bench.by_hand(
        Hand.SHORT_CORD, lambda r: state(r.cord) == SHORT, "cord-short", "a shorted cord does not show", "check R35 and C33"
    )
    bench.by_hand(
        Hand.PLUG_CORD, lambda r: state(r.cord) == CLOSED, "cord", "the cord is not whole again", "plug it into J2 again"
    )
    return "whole, cut and shorted are told apart"


def magnet(bench: Bench) -> str:
    """The cradle's own field is known, and a foreign magnet leaves it."""
    bench.settle(_own, "magnet-rest", "the field at the cradle is not the handset's", "check U7, then [magnet] in hw/board.toml")
    bench.by_hand(Hand.HOLD_MAGNET, lambda r: not _own(r), "magnet", "a magnet at the cradle does not show", "check U7")
    bench.by_hand(Hand.TAKE_MAGNET, _own, "magnet", "the field does not come back", "take every magnet away from the case")
    return "a foreign magnet shows"


def _own(r: wire.Readings) -> bool:
    expected = board.MAGNET_RESTING_MV if state(r.hook) == CLOSED else board.MAGNET_LIFTED_MV
    return abs(r.magnet - expected) <= board.MAGNET_TOLERANCE_MV
