"""A handset's serial port: opened by pyserial, reopened with growing patience whenever it vanishes."""

import asyncio
import termios
from collections.abc import AsyncGenerator

import serial

from kinline.counters import counters
from kinline.handsets import _board, _link
from kinline.logs import log

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 5.0
# pyserial lets termios.error through, which is no OSError: an adapter that goes while it is being opened.
TROUBLE = (serial.SerialException, OSError, ValueError, termios.error)

_log = log(part="port")


def _open(path: str) -> serial.Serial:
    return serial.Serial(path, _board.BAUD, timeout=0, exclusive=True)


async def opened(path: str) -> AsyncGenerator[serial.Serial, None]:
    """Yield the port each time it can be opened; the consumer's loop body runs until the port has gone."""
    wait = FIRST_WAIT_S
    told = ""
    while True:
        try:
            port = await asyncio.to_thread(_open, path)
        except TROUBLE as error:
            if str(error) != told:  # say it once, not at every attempt
                told = str(error)
                counters.add("port_open_failed")
                _log.warning("port cannot be opened, trying on", port=path, error=told, next="check the cable")
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
            continue
        wait, told = FIRST_WAIT_S, ""
        _log.info("port open", port=path, baud=_board.BAUD, link=f"{_link.MAJOR}.{_link.MINOR}")
        try:
            yield port
        finally:
            try:
                port.close()
            except TROUBLE as error:  # Linux has given the descriptor up all the same
                counters.add("port_close_failed")
                _log.warning("port did not close well", port=path, error=str(error), next="check the adapter")
