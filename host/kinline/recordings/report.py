"""What is whole in a recording, and what is missing: read once from its beginning to its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kinline.recordings.sealed import AUDIO, END, FRAME_BYTES, Chunk, Ending, Scrap, Sealed, ending

Why = Literal["dropped", "damaged", "removed"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sound that is not there: sample pairs from `at` on. Dropped: the disk was stuck or full; the recorder said so."""

    at: int
    frames: int
    why: Why


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole chunk: its first sample pair, how many, and the hash of all up to its end."""

    at: int
    frames: int
    link: str


@dataclass(frozen=True, slots=True)
class Report:
    """`frames` are the sample pairs that are there; `length` is how many there should be, as far as it is known.

    `link` is the hash of the whole chain, `faults` what is wrong, a sentence each.
    """

    rate: int
    frames: int
    length: int
    missing: tuple[Stretch, ...]
    pieces: tuple[Piece, ...]
    ending: Ending | None
    link: str
    faults: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not self.faults and not self.missing

    @property
    def ended_at(self) -> datetime | None:
        return self.ending.at if self.ending else None

    def seconds(self, frames: int) -> float:
        return round(frames / self.rate, 3)


def inspected(recording: Sealed, kept_link: str | None = None, call: int | None = None) -> Report:
    """Read and check all of it. `kept_link` is the chain's hash as the database has it since the recording was closed, and
    `call` whose recording it should be."""
    reader = _Inspection(recording)
    for piece in recording.pieces():
        reader.take(piece)
    if call is not None and (stranger := of_another_call(recording, call)):
        reader.fault(stranger)
    return reader.report(kept_link)


def of_another_call(recording: Sealed, call: int) -> str | None:
    """What is wrong if its head names another call, in a sentence."""
    whose = recording.head.get("call")
    return None if whose == call else f"it is not the recording of call {call}: its head says {whose}"


class _Inspection:
    def __init__(self, recording: Sealed) -> None:
        self._rate = recording.rate
        self._next = 0  # the sample pair that should come now
        self._nonce = 0
        self._link = recording.first_link
        self._missing: list[Stretch] = []
        self._pieces: list[Piece] = []
        self._faults: list[str] = []
        self._ending: Ending | None = None
        self._damage = 0  # bytes since the last whole chunk

    def take(self, piece: Chunk | Scrap) -> None:
        if self._ending is not None:
            self.fault("something was added behind the end")
        if isinstance(piece, Scrap):
            self._scrap(piece)
            return
        broken = not piece.follows or piece.nonce <= self._nonce
        if broken:
            self.fault(f"the chain breaks at {self._clock(piece.at)}: something was removed, put in or moved")
        why: Why = "damaged" if self._damage else "removed" if broken else "dropped"
        if piece.at > self._next:
            self._missing.append(Stretch(self._next, piece.at - self._next, why))
        self._damage, self._nonce, self._link = 0, piece.nonce, piece.link
        if piece.kind == AUDIO:
            frames = len(piece.text) // FRAME_BYTES
            self._pieces.append(Piece(piece.at, frames, piece.link.hex()))
            self._next = max(self._next, piece.at + frames)
        elif piece.kind == END:
            self._next = max(self._next, piece.at)
            self._ending = ending(piece.text)

    def report(self, kept_link: str | None) -> Report:
        frames = sum(piece.frames for piece in self._pieces)
        if self._ending is None:
            self.fault(f"it was not closed: host, process or disk stopped at {self._clock(self._next)} or within a second of it")
        elif self._ending.frames != frames and not any(gap.why != "dropped" for gap in self._missing):
            self.fault(f"{self._ending.frames} sample pairs were written and {frames} are here")
        if kept_link and kept_link != self._link.hex():
            self.fault("it is not the file that was closed: the database keeps another hash of it")
        return Report(
            self._rate, frames, self._next, tuple(self._missing), tuple(self._pieces), self._ending, self._link.hex(),
            tuple(self._faults),
        )  # fmt: skip

    def _scrap(self, scrap: Scrap) -> None:
        self._damage += scrap.length
        if scrap.last and self._ending is None:
            # What a kill leaves: at most one chunk, half written.
            return
        self.fault(f"{scrap.length} bytes after {self._clock(self._next)} are damaged")

    def fault(self, text: str) -> None:
        if text not in self._faults:
            self._faults.append(text)

    def _clock(self, frame: int) -> str:
        return f"{frame / self._rate:.3f} s"
