"""What every check works with: the board's link, the hand of whoever stands there, and how long to wait for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from itertools import count

from kinline.handsets import _link as wire
from kinline.technician.exits import Exit
from kinline.technician.link import BoardLink
from kinline.technician.trouble import Trouble

_SETTLES_S = 4.0  # a loop settles in three looks, 0.2 s apart; the rest is for the line


class Hand(Enum):
    """What a check asks of the person at the board."""

    LIFT = "lift the handset"
    HANG_UP = "put the handset into its cradle"
    OPEN_LID = "open the lid, or hold its switch"
    SHUT_LID = "shut the lid, or press its switch"
    PULL_CORD = "pull the handset's cord out of J2"
    SHORT_CORD = "short pins 5 and 6 of J2 at the cord"
    PLUG_CORD = "plug the cord in again, nothing shorted"
    HOLD_MAGNET = "hold a magnet to the cradle"
    TAKE_MAGNET = "take the magnet away"
    PRESS_KEYS = "press every key, one after the other"
    CUP = "hold your hand around ear and mouth of the handset"
    LET_GO = "let go of the handset's ear and mouth"


@dataclass
class Bench:
    """ask(hand) tells the person and does not wait; key_seen(key, seen, all) shows the grid as it fills."""

    link: BoardLink
    ask: Callable[[Hand], None]
    patience_s: float = 60.0
    key_seen: Callable[[str, int, int], None] = lambda key, seen, of: None

    def __post_init__(self) -> None:
        self._numbers = count(1)

    def measure(self) -> wire.Readings:
        """All sense pins, now. Raises Trouble."""
        number = next(self._numbers) & 0xFFFF
        self.link.send(wire.Measure(number))
        while True:
            said = self.link.expect(wire.Readings)
            if said.number == number:
                return said

    def by_hand(self, hand: Hand, proved: Callable[[wire.Readings], bool], code: str, what: str, next_step: str) -> wire.Readings:
        """Ask for it, and look until the readings prove it, twice in a row: contacts bounce. Raises Trouble."""
        self.ask(hand)
        return self.wait_for(proved, self.patience_s, code, what, next_step)

    def wait_for(
        self, proved: Callable[[wire.Readings], bool], patience_s: float, code: str, what: str, next_step: str
    ) -> wire.Readings:
        """Look until the readings prove it, twice in a row. Raises Trouble."""
        proofs: list[wire.Readings] = []

        def looked() -> bool:
            said = self.measure()
            if proved(said):
                proofs.append(said)
            else:
                proofs.clear()
            return len(proofs) >= 2

        if not self.link.until(looked, patience_s):
            raise failed(code, what, next_step)
        return proofs[-1]

    def settle(self, proved: Callable[[wire.Readings], bool], code: str, what: str, next_step: str) -> wire.Readings:
        """The same without a hand: it must be so within the time that a sensor takes. Raises Trouble."""
        return self.wait_for(proved, _SETTLES_S, code, what, next_step)


def failed(code: str, what: str, next_step: str) -> Trouble:
    return Trouble(code, what, next_step, Exit.TEST_FAILED)
