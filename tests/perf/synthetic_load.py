"""Many handsets and far ends in one process: sealed speech on ptys every 20 ms, and RTP for each packet that comes.

They converse, or all speak all the time: then a far end sends back what it hears.
"""

import contextlib
import os
import secrets
import socket
import time
import tty
from dataclasses import dataclass
from multiprocessing.connection import Connection

from kinline.handsets import _link as wire
from kinline_engine.frame import WIRE_MAX, Keys, seal
from kinline_sim.speech import speech
from tests.perf import conversation
from tests.perf.machine import many_files

FRAME_S = 0.020
SLOTS = 10  # handsets share no clock: they speak in turn within each 20 ms
SPEECH_S = 4.0  # over and over
CONVERSATION_S = 60.0
RTP_HEADER_BYTES = 12
EPOCH = 1


@dataclass(frozen=True, slots=True)
class Plug:
    """What the engine needs to take a handset and its far end."""

    path: str
    secrets: tuple[bytes, bytes, bytes, bytes]
    rtp_port: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Since the start. late_s is the worst lateness of a slot since the last tally: of the generator, not the engine."""

    sent: int
    answered: int
    reflected: int
    late_s: float


class _Pair:
    def __init__(self, engine_rtp_port: int) -> None:
        self._master, self._slave = os.openpty()
        for fd in (self._master, self._slave):
            tty.setraw(fd)
            os.set_blocking(fd, False)
        self._far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far.bind(("127.0.0.1", 0))
        self._far.connect(("127.0.0.1", engine_rtp_port))
        self._far.setblocking(False)
        keys = tuple(secrets.token_bytes(32) for _ in range(4))
        self.plug = Plug(os.ttyname(self._slave), (keys[0], keys[1], keys[2], keys[3]), self._far.getsockname()[1])
        self._keys = Keys(keys[0], keys[1])
        self.sent = self.reflected = self._bytes = 0

    @property
    def answered(self) -> int:
        return self._bytes // WIRE_MAX

    def step(self, pcm: bytes, said: bytes | None) -> None:
        """20 ms of the handset; what the far end says in them, None: what it hears."""
        with contextlib.suppress(BlockingIOError):
            self._bytes += len(os.read(self._master, 4096))
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            while True:
                heard = self._far.recv(2048)
                self._far.send(heard if said is None else heard[:RTP_HEADER_BYTES] + said)
                self.reflected += 1
        self.sent += 1
        os.write(self._master, seal(wire.AUDIO, pcm, self.sent, EPOCH, self._keys))


def generate(pipe: Connection, count: int, engine_rtp_port: int, processor: int, converse: bool) -> None:
    """Target of a process: sends its Plugs, starts at the first word from the pipe, then answers each with a Tally; ends
    when the pipe does."""
    os.sched_setaffinity(0, {processor})
    with contextlib.suppress(PermissionError):  # else what else runs here would count as the engine's loss
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))
    many_files()
    frames, said = _sound(converse)
    pairs = [_Pair(engine_rtp_port) for _ in range(count)]
    pipe.send([pair.plug for pair in pairs])
    pipe.recv()
    due, number, late = time.monotonic(), 0, 0.0
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            due += FRAME_S / SLOTS
            time.sleep(max(0.0, due - time.monotonic()))
            late = max(late, time.monotonic() - due)
            for index in range(number % SLOTS, count, SLOTS):
                at = (number // SLOTS + 37 * index) % len(frames)
                pairs[index].step(frames[at], said[at] if said else None)
            number += 1
            if pipe.poll():
                pipe.recv()
                answered, reflected = sum(pair.answered for pair in pairs), sum(pair.reflected for pair in pairs)
                pipe.send(Tally(sum(pair.sent for pair in pairs), answered, reflected, late))
                late = 0.0


def _sound(converse: bool) -> tuple[list[bytes], list[bytes] | None]:
    if converse:
        spoken = [frame.tobytes() for frame in conversation.frames(0, CONVERSATION_S, 1)]
        return spoken, conversation.payloads(CONVERSATION_S, 1)
    words = speech(SPEECH_S, 3, "caller", 16_000).tobytes()
    return [words[at : at + wire.AUDIO_BYTES] for at in range(0, len(words) - wire.AUDIO_BYTES + 1, wire.AUDIO_BYTES)], None
