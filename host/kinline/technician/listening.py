"""What a board says: its own account of itself, and whatever passes on the line."""

import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import serial

from kinline.handsets import _link as wire
from kinline.technician.exits import Exit
from kinline.technician.frames import Frames
from kinline.technician.identity import Identity
from kinline.technician.link import BoardLink
from kinline.technician.trouble import Trouble

_REPORT_S = 5.0
_TEXT = re.compile(rb"[\x20-\x7e\t]{4,}")


@dataclass(frozen=True, slots=True)
class Account:
    """Build, health counters and the ring of recent events, oldest first."""

    device: str
    build: str
    health: dict[str, Any]
    events: list[str]


def account(line: serial.SerialBase, identity: Identity) -> Account:
    """Ask the firmware. Raises Trouble."""
    link = BoardLink(line, {identity.device: identity.key}.get)
    opened = link.open()
    link.send(wire.Report())
    health = link.expect(wire.Health, _REPORT_S)
    text = ""
    while True:
        piece = link.expect(wire.Events, _REPORT_S)
        text += piece.text
        if not piece.more:
            return Account(opened.device, opened.build, asdict(health), text.splitlines())


def passing(line: serial.SerialBase, seconds: float | None) -> Iterator[str]:
    """Each hello, and each line of text, until interrupted or for so long. Nothing is sent, so the board is not disturbed."""
    frames, text = Frames(), b""
    end = None if seconds is None else time.monotonic() + seconds
    while end is None or time.monotonic() < end:
        data = line.read(4096)
        if not data:
            time.sleep(0.02)
            continue
        for frame in frames.taken(data):
            if frame.kind == wire.Hello.ID:
                hello = wire.Hello.decode(frame.text)
                yield f"hello: {hello.device}, build {hello.build}, boot {hello.boot:08x}, link {hello.major}.{hello.minor}"
        text += data
        *lines, text = text.split(b"\n")
        for one in lines:
            for words in _TEXT.findall(one):
                yield words.decode()
        text = text[-1000:]


def watch(line: serial.SerialBase, seconds: float | None) -> Iterator[str]:
    """`passing`, and a word on a board that starts again and again. Raises Trouble if the port goes."""
    boots: set[str] = set()
    try:
        for said in passing(line, seconds):
            yield said
            if (boot := re.search(r"boot ([0-9a-f]{8})", said)) and boot.group(1) not in boots:
                boots.add(boot.group(1))
                if len(boots) == 3:
                    yield "it starts again and again: kinline tech flash"
    except (serial.SerialException, OSError) as error:
        raise Trouble("port-lost", f"the port went away ({error})", "check the cable", Exit.PORT) from error
