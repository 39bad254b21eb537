"""What is said on the daemon's socket: one line of JSON each way, then, for a listener, frames until the call is over.

A connection asks one thing. Sound to the listener is 16-bit stereo at `RATE`, the caller left, the called party right;
from staff who speak it is the same in mono. All of it little-endian.
"""

import struct
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Deed = Literal["calls", "handsets", "listen", "barge", "cut"]

RATE = 16_000
LONGEST_LINE = 4096
FRAME = struct.Struct("<BxH")  # kind, length of what follows
SOUND, NEWS = 1, 2  # news is JSON: why no more sound comes, or how much was missed
LONGEST_FRAME = 0xFFFF

_Word = Annotated[str, Field(min_length=1, max_length=400)]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Acting(_Line):
    """For whom a program of the daemon's own user asks; it has checked their rights to say so."""

    name: _Word
    roles: Annotated[list[_Word], Field(max_length=10)]
    facility: _Word | None = None
    local: bool = False


class Request(_Line):
    """`token` is a staff token; without one the kernel must say that the daemon's own user, or root, asks."""

    do: Deed
    handset: _Word | None = None
    reason: _Word | None = None
    token: _Word | None = None
    acting: Acting | None = None


class LiveCall(_Line):
    handset: str
    call: int
    phase: str
    monitored: bool


class HandsetState(_Line):
    """`started_by` is why it runs as it runs now, `restarts` how often by what since the daemon began to look."""

    handset: str
    port: str
    in_reach: bool
    build: str | None
    started_by: str | None
    restarts: dict[str, int]
    alarms: dict[str, str]


class Reply(_Line):
    """`error` ends with the next step. `call` is the record of the call that is being heard, or was cut."""

    ok: bool
    error: str | None = None
    call: int | None = None
    calls: list[LiveCall] | None = None
    handsets: list[HandsetState] | None = None
    rate: int | None = None
    announced: bool | None = None


def frame(kind: int, content: bytes) -> bytes:
    return FRAME.pack(kind, len(content)) + content
