"""The bench a handset stands on: its serial port, and what can be done to it there."""

from pathlib import Path
from typing import Protocol, TextIO

import numpy as np
from numpy.typing import NDArray

from kinline_sim.board import Board

Samples = NDArray[np.int16]
HAND, AUDIO_LOOP, RELAY = "hand", "audio_loop", "relay"


class Bench(Protocol):
    """A test that needs a capability is marked needs_<capability>, and only then may it use the verbs below it.

    The verbs of the hand ask for a gesture and do not wait for it: what the handset says is the proof.
    patience_s is how long that may take.
    """

    port: str
    key: bytes
    capabilities: frozenset[str]
    patience_s: float

    # hand

    def lift(self) -> None:
        """Take the handset off hook."""

    def hang_up(self) -> None:
        """Put it into its cradle."""

    def press(self, keys: str) -> None:
        """Press keys one after the other."""

    # audio_loop

    def speak(self, samples: Samples) -> None:
        """Say 16 kHz samples into the microphone, from now on."""

    def heard(self) -> Samples:
        """What the receiver has given so far, at 16 kHz."""

    # relay

    def muted_since(self) -> float | None:
        """The time.monotonic() at which the mute relay opened for good; None while it is closed."""


class Simulated:
    """A simulated board with a hand, a mouth, an ear, and a look at its relay."""

    capabilities = frozenset({HAND, AUDIO_LOOP, RELAY})
    patience_s = 5.0

    def __init__(self, board: Board) -> None:
        self._board = board
        self.port, self.key = board.path, board.key

    def lift(self) -> None:
        self._board.lift()

    def hang_up(self) -> None:
        self._board.hang_up()

    def press(self, keys: str) -> None:
        self._board.dial(keys)

    def speak(self, samples: Samples) -> None:
        self._board.speak(samples)

    def heard(self) -> Samples:
        return self._board.heard()

    def muted_since(self) -> float | None:
        moves = self._board.relay_log
        return moves[-1][0] if moves and not moves[-1][1] else None


class Attended:
    """A real handset; its hand is a person at this process's terminal, if it has one."""

    patience_s = 60.0

    def __init__(self, port: str, key: bytes) -> None:
        self.port, self.key = port, key
        self._terminal = _terminal()
        self.capabilities = frozenset({HAND} if self._terminal else ())

    def lift(self) -> None:
        self._please("lift the handset")

    def hang_up(self) -> None:
        self._please("hang the handset up")

    def press(self, keys: str) -> None:
        self._please("press " + " ".join(keys))

    def speak(self, samples: Samples) -> None:
        raise NotImplementedError("this bench has no audio loop")

    def heard(self) -> Samples:
        raise NotImplementedError("this bench has no audio loop")

    def muted_since(self) -> float | None:
        raise NotImplementedError("this bench does not see the relay")

    def _please(self, what: str) -> None:
        print(f"\n>>> Please {what}.", file=self._terminal, flush=True)


def _terminal() -> TextIO | None:
    """Where a person reads, whatever pytest does with the standard streams; None if nobody does."""
    try:
        return Path("/dev/tty").open("w")
    except OSError:
        return None
