"""A program's end of the daemon's socket."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from kinline.failure import Failure
from kinline.live.protocol import FRAME, NEWS, SOUND, Acting, Deed, Reply, Request, frame

PATIENCE_S = 10.0


class LiveError(Failure):
    """The daemon cannot be reached, or refuses; the text says why and what to do."""


class Connection:
    """One thing asked. Use as context. Raises LiveError, also for a refusal."""

    def __init__(
        self,
        path: Path,
        do: Deed,
        handset: str | None = None,
        *,
        acting: Acting | None = None,
        token: str | None = None,
        reason: str | None = None,
    ) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
        try:
            self._socket.connect(str(path))
            request = Request(do=do, handset=handset, reason=reason, token=token, acting=acting)
            self._socket.sendall(request.model_dump_json(exclude_none=True).encode() + b"\n")
            self._read = self._socket.makefile("rb")
            line = self._read.readline(1 << 20)
        except OSError as error:
            self._socket.close()
            raise LiveError(f"{path}: the daemon does not answer: {error.strerror or error}; is it running?") from error
        if not line:
            self.close()
            raise LiveError(f"{path}: the daemon hung up; its log says why")
        self.reply = Reply.model_validate_json(line)
        if not self.reply.ok:
            self.close()
            raise LiveError(self.reply.error or "refused")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def sound(self) -> Iterator[bytes]:
        """What is heard, in pieces of 20 ms and more, until the call is over."""
        self._socket.settimeout(None)
        while len(head := self._read.read(FRAME.size)) == FRAME.size:
            kind, length = FRAME.unpack(head)
            content = self._read.read(length)
            if kind == SOUND:
                yield content
            elif kind == NEWS and b'"over"' in content:
                return

    def say(self, samples: bytes) -> None:
        """Speak; waits while the daemon has a second of it to say."""
        for at in range(0, len(samples), 3200):
            self._socket.sendall(frame(SOUND, samples[at : at + 3200]))
