"""Handsets without a VM that call and talk by themselves: the link's protocol and sealed speech, many in one process.

For ports that lose nothing: what is sent is not repeated.
"""

import asyncio
import contextlib
import itertools
import os
import secrets
import tty
from dataclasses import dataclass
from multiprocessing.connection import Connection

from kinline.handsets import _link as wire
from kinline.handsets.arq import Arq
from kinline.handsets.keys import derive
from kinline_engine.frame import Frame, Keys, Receiver, seal
from kinline_sim.speech import speech
from tests.perf.machine import many_files

FRAME_S = 0.020
STAGGER_S = 0.25  # between two that lift


@dataclass(frozen=True, slots=True)
class Caller:
    """Who lifts which handset, and what is dialled."""

    device: str
    key: bytes
    language: str
    pin: str
    number: str


class _Handset:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._master, slave = os.openpty()
        for fd in (self._master, slave):
            tty.setraw(fd)
            os.set_blocking(fd, False)
        self.path = os.ttyname(slave)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._read)
        self._receiver = Receiver()
        self._arq = Arq()
        self._keys: Keys | None = None
        self._nonce = secrets.token_bytes(wire.NONCE_BYTES)
        self._epoch = 0
        self._sequence = itertools.count(1)
        self.talking = False

    @property
    def _ticks(self) -> int:
        return round(self._loop.time() * 1000) % wire.TICKS_PERIOD

    def hello(self) -> None:
        caller, build = self._caller, "synthetic"
        self._send(wire.Hello.ID, wire.Hello(wire.MAJOR, wire.MINOR, wire.SCHEMA, 1, self._nonce, caller.device, build).encode())

    def lift(self) -> None:
        self._say(wire.Hook(1, self._ticks))

    def speak(self, pcm: bytes) -> None:
        self._send(wire.AUDIO, pcm)

    def _send(self, kind: int, text: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: a cable that goes nowhere
            os.write(self._master, seal(kind, text, next(self._sequence), self._epoch, self._keys))

    def _say(self, message: wire.Message) -> None:
        for pair in self._arq.send(message.ID, message.encode(), 0):
            self._send(*pair)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for frame in self._receiver.feed(os.read(self._master, 4096)):
                self._heard(frame)

    def _heard(self, frame: Frame) -> None:
        match frame.type:
            case wire.AUDIO:
                pass
            case wire.Probe.ID if self._keys is None:
                self.hello()
            case wire.Welcome.ID if self._keys is None:
                self._welcome(wire.Welcome.decode(frame.text))
            case wire.Ping.ID:
                self._send(wire.Pong.ID, wire.Pong(wire.Ping.decode(frame.text).number, self._ticks).encode())
            case wire.Ack.ID:
                for pair in self._arq.acknowledged(wire.Ack.decode(frame.text).number, 0):
                    self._send(*pair)
            case kind if kind >= wire.RELIABLE_FROM:
                body = self._arq.received(frame.text)
                self._send(wire.Ack.ID, wire.Ack(self._arq.last_received).encode())
                if body is not None:
                    self._told(wire.MESSAGES[kind].decode(body))

    def _welcome(self, welcome: wire.Welcome) -> None:
        keys, _proof = derive(self._caller.key, self._nonce, welcome.nonce, welcome.epoch)
        self._receiver.install(keys.epoch, keys.h2d_cipher, keys.h2d_tag)
        self._keys, self._epoch = Keys(keys.d2h_cipher, keys.d2h_tag), keys.epoch
        self._sequence = itertools.count(1)
        self._say(wire.Snapshot(0, wire.PHASE_ON_HOOK, 0, 0, self._ticks, wire.RESET_POWER_ON, 0))

    def _told(self, message: wire.Message) -> None:
        match message:
            case wire.Collect(collect, kind):
                digits = {
                    wire.COLLECT_DIGIT: self._caller.language,
                    wire.COLLECT_SECRET: self._caller.pin,
                    wire.COLLECT_NUMBER: self._caller.number,
                }[kind]
                self._say(wire.Entry(collect, wire.ENTRY_COMPLETE, digits.encode()))
            case wire.Talk():
                self.talking = True
            case wire.End():
                self.talking = False
            case _:
                pass


def run(pipe: Connection, callers: list[Caller]) -> None:
    """Target of a process: sends the ports, lifts all at the first word, then answers each with how many talk; ends with
    the pipe."""
    many_files()
    asyncio.run(_run(pipe, callers))


async def _run(pipe: Connection, callers: list[Caller]) -> None:
    handsets = [_Handset(caller) for caller in callers]
    words = speech(4.0, 3, "caller", 16_000).tobytes()
    frames = [words[at : at + wire.AUDIO_BYTES] for at in range(0, len(words) - wire.AUDIO_BYTES + 1, wire.AUDIO_BYTES)]
    pipe.send([handset.path for handset in handsets])
    await asyncio.to_thread(pipe.recv)
    async with asyncio.TaskGroup() as tasks:
        speakers = [tasks.create_task(_use(handset, index, frames)) for index, handset in enumerate(handsets)]
        with contextlib.suppress(EOFError, BrokenPipeError):
            while True:
                await asyncio.to_thread(pipe.recv)
                pipe.send(sum(handset.talking for handset in handsets))
        for speaker in speakers:
            speaker.cancel()


async def _use(handset: _Handset, index: int, frames: list[bytes]) -> None:
    """Lift, and send 20 ms of speech every 20 ms."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(index * STAGGER_S)
    handset.lift()
    due = loop.time()
    for number in itertools.count(7 * index):
        handset.speak(frames[number % len(frames)])
        due += FRAME_S
        await asyncio.sleep(due - loop.time())
