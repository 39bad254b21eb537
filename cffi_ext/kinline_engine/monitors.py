"""Staff who listen to a call, and may speak into it."""

from typing import Any

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.errors import check
from kinline_engine.raw import Owner

RATE = 16_000
BLOCK = lib.KL_MONITOR_BLOCK  # sample pairs, 20 ms
BLOCK_BYTES = BLOCK * 4
_BLOCKS = 16


class Monitor:
    """From `MonitoredCall.monitor`; for one thread. Sound is 16-bit at 16 kHz in the machine's byte order."""

    def __init__(self, engine: Owner, call: int) -> None:
        self._monitor: Any = lib.kl_monitor_open(engine.handle, call)
        if self._monitor == ffi.NULL:
            check(-ffi.errno, f"monitor of call {call}")
        self._pairs = ffi.new("int16_t[]", _BLOCKS * BLOCK * 2)

    @property
    def fd(self) -> int:
        """Readable while sound waits, and when the call is over."""
        return int(lib.kl_monitor_fd(self._monitor))

    @property
    def missed(self) -> int:
        """Sample pairs that were not heard in time."""
        return int(lib.kl_monitor_dropped(self._monitor))

    def hear(self) -> bytes | None:
        """What has come, whole blocks of 20 ms, the caller left and the called party right; None when the call is over."""
        blocks = lib.kl_monitor_hear(self._monitor, self._pairs, _BLOCKS)
        return None if blocks < 0 else bytes(ffi.buffer(self._pairs, blocks * BLOCK_BYTES))

    def say(self, samples: bytes) -> int:
        """Speak to both parties; how many bytes were taken: a second of sound may wait. 0 as well when the call is over."""
        data = ffi.from_buffer("int16_t[]", samples)
        return max(0, int(lib.kl_monitor_say(self._monitor, data, len(data)))) * 2

    def close(self) -> None:
        """Listen no more. Once."""
        if self._monitor != ffi.NULL:
            lib.kl_monitor_close(self._monitor)
            self._monitor = ffi.NULL
