"""A handset whose cable runs through the test: what passes can be read, repeated, added to, and the port can vanish."""

import asyncio
import contextlib
import os
import pty
import tty
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kinline_sim.board import Board


class TappedBoard(Board):
    """`async with` only. The daemon's port is a terminal of the test's, joined to the board's own."""

    def __init__(self, *, link: Path, **options: Any) -> None:
        super().__init__(**options)
        self._port = link
        self.to_host = self.to_board = b""  # all that either end has said

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._board_end = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._board_end, self._from_board)
        self._host_end: tuple[int, int] | None = None
        self.plug_in()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.vanish()
        asyncio.get_running_loop().remove_reader(self._board_end)
        os.close(self._board_end)
        await super().__aexit__(kind, error, trace)

    def plug_in(self) -> None:
        """The port appears."""
        master, slave = self._host_end = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        asyncio.get_running_loop().add_reader(master, self._from_host)
        self._port.symlink_to(os.ttyname(slave))

    def vanish(self) -> None:
        """The port goes, as that of an adapter pulled from its socket does."""
        if self._host_end:
            asyncio.get_running_loop().remove_reader(self._host_end[0])
            for end in self._host_end:
                os.close(end)
            self._host_end = None
            self._port.unlink()

    def inject(self, data: bytes) -> None:
        """Let the daemon hear this after what it has heard so far."""
        if self._host_end:
            with contextlib.suppress(BlockingIOError):
                os.write(self._host_end[0], data)

    def inject_to_board(self, data: bytes) -> None:
        """Let the handset hear this after what it has heard so far."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._board_end, data)

    def _from_board(self) -> None:
        data = os.read(self._board_end, 4096)
        self.to_host += data
        self.inject(data)

    def _from_host(self) -> None:
        if self._host_end:
            data = os.read(self._host_end[0], 4096)
            self.to_board += data
            self.inject_to_board(data)
