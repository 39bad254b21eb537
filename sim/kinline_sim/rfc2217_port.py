"""The board's serial line over TCP (RFC 2217), with the reset lines that a pty lacks.

The circuit of every auto-reset board: EN is low while RTS is asserted and DTR is not, IO0 while DTR is and RTS is not. The
chip samples IO0 a moment after EN has risen. Both asserted: EN keeps what it was, since over this protocol the two arrive
up to 100 ms apart and a real EN's capacitor holds it down for that long.
"""

import contextlib
import select
import socket
import threading
import time
from typing import Any, cast

from serial.rfc2217 import PortManager

from kinline_sim.chip import Chip

_SAMPLE_S = 0.01


class Rfc2217Port:
    """Serves one client at a time; `end` is the other end of the chip's line."""

    def __init__(self, end: socket.socket, port: int = 0) -> None:
        self._end = end
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stop = threading.Event()

    def start(self, chip: Chip) -> None:
        self._lines = Lines(chip)
        chip.host_baud = lambda: self._lines.baudrate
        self._thread = threading.Thread(target=self._accept, name="rfc2217", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listener], [], [], 0.1)[0]:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with client, contextlib.suppress(ConnectionError):
                    self._attend(client)

    def _attend(self, client: socket.socket) -> None:
        manager = PortManager(cast("Any", self._lines), cast("Any", _Writer(client)))
        while not self._stop.is_set():
            ready = select.select([client, self._end], [], [], 0.05)[0]
            if client in ready:
                data = client.recv(65536)
                if not data:
                    return
                self._end.sendall(b"".join(manager.filter(data)))
            if self._end in ready:
                client.sendall(b"".join(manager.escape(self._end.recv(65536))))
            self._lines.settle()
            manager.check_modem_lines()


class _Writer:
    """What PortManager wants of a connection."""

    def __init__(self, client: socket.socket) -> None:
        self.write = client.sendall


class Lines:
    """The serial port as PortManager sets it, and the two transistors behind DTR and RTS."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._dtr = self._rts = False
        self._in_reset = False
        self._sample_at: float | None = None
        self.baudrate = 115_200
        self.bytesize, self.parity, self.stopbits = 8, "N", 1
        self.xonxoff = self.rtscts = self.break_condition = False
        self.cts = self.dsr = self.cd = True
        self.ri = False
        self.timeout: float | None = 0.0

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._dtr = on
        self._moved()

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._rts = on
        self._moved()

    def _moved(self) -> None:
        if self._rts and not self._dtr:
            self._in_reset, self._sample_at = True, None
        elif self._in_reset and not self._rts:
            self._in_reset, self._sample_at = False, time.monotonic() + _SAMPLE_S

    def settle(self) -> None:
        """Let the chip start once IO0 has been sampled."""
        if self._sample_at is not None and time.monotonic() >= self._sample_at:
            self._sample_at = None
            self._chip.reset(download=self._dtr and not self._rts)

    def reset_input_buffer(self) -> None:
        """Nothing is buffered here."""

    def reset_output_buffer(self) -> None:
        """Nothing is buffered here."""
