"""A port that fails in whatever way is tried again, and ends nothing but what went over it."""

import errno
import os
import pty
import termios
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from kinline.counters import counters
from kinline.daemon import port as ports
from kinline.daemon.port import opened


@pytest.fixture
def path() -> Iterator[str]:
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


async def test_an_adapter_that_goes_while_it_is_opened_is_tried_again(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyserial lets termios.error out of tcsetattr and tcflush, and that is no OSError."""
    real, times = termios.tcflush, iter((True, True, False))

    def flaps(fd: int, queue: int) -> None:
        if next(times):
            raise termios.error(errno.EIO, "Input/output error")
        real(fd, queue)

    monkeypatch.setattr(termios, "tcflush", flaps)
    monkeypatch.setattr(ports, "FIRST_WAIT_S", 0)
    before = counters.value("port_open_failed")
    async with aclosing(opened(path)) as found:
        port = await anext(found)
        assert port.is_open
    assert not port.is_open
    assert counters.value("port_open_failed") == before + 1, "the same failure is told once"


async def test_a_port_that_does_not_close_well_is_opened_again(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = counters.value("port_close_failed")
    async with aclosing(opened(path)) as found:
        port = await anext(found)
        close = port.close

        def badly() -> None:
            close()
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(port, "close", badly)
        assert (await anext(found)).is_open
    assert counters.value("port_close_failed") == before + 1
