"""How a caller is named to the called party."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpokenName:
    """A name in the caller's own voice, and as text where the voice cannot be heard.

    sound: 16-bit mono at 16 kHz, little endian. Never shown: a log is no place for a voice.
    """

    text: str
    sound: bytes = field(repr=False)
