"""Many handsets and far ends on one processor: the load generator of `cffi_ext/perf`, its ptys, sockets and keys.

They converse, or both sides of each call speak all the time.
"""

import itertools
import json
import os
import secrets
import socket
import subprocess
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kinline_engine.engine import Codec, FarEnd
from kinline_engine.srtp import Crypto, Suite
from tests.perf import conversation
from tests.perf.rtp_load import TOOLS, build

EPOCH = 1
NEAR_RATE = 16_000
CONVERSATION_S = 60.0  # over and over


@dataclass(frozen=True, slots=True)
class Plug:
    """What the engine needs to take a handset and its far end."""

    path: str
    secrets: tuple[bytes, bytes, bytes, bytes]
    far: FarEnd


@dataclass(frozen=True, slots=True)
class Tally:
    """Frames sent, answered and heard by the far ends since the start. The rest since the last tally: gaps are of more
    than 60 ms in what came back, but for 100 ms after the generator itself was 10 ms late; late_s is the worst of that,
    stood_s the sum, and blocked its frames that a full line refused.
    """

    sent: int
    answered: int
    heard: int
    gaps: int
    blocked: int
    longest_gap_s: float
    late_s: float
    stood_s: float


class Load:
    """The running generator."""

    def __init__(self, process: "subprocess.Popen[str]", plugs: list[Plug]) -> None:
        self._process = process
        self.plugs = plugs

    def start(self) -> None:
        self._say()

    def tally(self) -> Tally:
        self._say()
        assert self._process.stdout is not None
        return Tally(**json.loads(self._process.stdout.readline()))

    def _say(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@contextmanager
def generator(folder: Path, count: int, engine_rtp_port: int, processor: int, codec: Codec, converse: bool) -> Iterator[Load]:
    """So many calls, silent until started."""
    build()
    near, far = _sound(folder, codec, converse)
    plugs, lines, fds = [], [], []
    with ExitStack() as stack:
        for _ in range(count):
            plug, line, kept = _call(stack, engine_rtp_port, codec)
            plugs.append(plug)
            lines.append(line)
            fds += kept
        # The slaves stay open here: a pty whose last one closes is a line cut.
        process = stack.enter_context(
            subprocess.Popen(
                ["taskset", "-c", str(processor), TOOLS / "handset_load", near, far],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=fds,
            )
        )
        assert process.stdin is not None
        stack.callback(process.stdin.close)
        process.stdin.writelines(lines)
        process.stdin.flush()
        yield Load(process, plugs)


def _call(stack: ExitStack, engine_rtp_port: int, codec: Codec) -> tuple[Plug, str, list[int]]:
    master, slave = os.openpty()
    stack.callback(os.close, master)
    stack.callback(os.close, slave)
    for fd in (master, slave):
        tty.setraw(fd)
        os.set_blocking(fd, False)
    far = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    far.bind(("127.0.0.1", 0))
    far.connect(("127.0.0.1", engine_rtp_port))
    keys = (secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(32), secrets.token_bytes(32))
    suite = Suite.AES_CM_128_HMAC_SHA1_80
    crypto = Crypto(suite, secrets.token_bytes(suite.key_bytes), secrets.token_bytes(suite.key_bytes))
    line = f"{master} {far.fileno()} {keys[0].hex()} {keys[1].hex()} {crypto.receive_key.hex()} {int(suite)}\n"
    end = FarEnd("127.0.0.1", far.getsockname()[1], codec, int(codec), crypto=crypto)
    return Plug(os.ttyname(slave), keys, end), line, [master, far.fileno()]


def _sound(folder: Path, codec: Codec, converse: bool) -> tuple[Path, Path]:
    turns = conversation.turns(1) if converse else itertools.repeat((True, True))
    talk = list(itertools.islice(turns, round(CONVERSATION_S / conversation.FRAME_S)))
    near, far = folder / "near", folder / "far"
    near.write_bytes(b"".join(frame.tobytes() for frame in conversation.frames(0, talk, NEAR_RATE)))
    far.write_bytes(b"".join(conversation.payloads(talk, codec)))
    return near, far
