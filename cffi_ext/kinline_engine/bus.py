"""Events from the engine's threads, drained through one file descriptor."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kinline_engine._kinline_engine import ffi, lib

BATCH = 64


class Source(IntEnum):
    """Which part of the engine an event comes from."""

    LINK = lib.KL_SRC_LINK
    CALL = lib.KL_SRC_CALL
    SIP = lib.KL_SRC_SIP
    RECORDER = lib.KL_SRC_RECORDER


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `kind` and `code` are the source's own; `id` names the link, call or SIP leg; `mono_ns` is the
    monotonic clock (that of `time.monotonic_ns`) when it happened."""

    source: int
    kind: int
    id: int
    code: int
    mono_ns: int
    data: bytes


class Bus:
    """The queue that every engine part posts to. Poll from one thread only; `fd` suits `loop.add_reader`."""

    def __init__(self) -> None:
        self._bus = lib.kl_bus_create()
        if self._bus == ffi.NULL:
            raise OSError(ffi.errno, "the event bus could not be created: raise the limit on open files or free memory")
        self._batch = ffi.new("kl_event[]", BATCH)

    @property
    def handle(self) -> Any:
        """The C `kl_bus *`, for the other facades of this package."""
        return self._bus

    @property
    def fd(self) -> int:
        """Readable while events wait."""
        return int(lib.kl_bus_fd(self._bus))

    @property
    def dropped(self) -> int:
        """Events lost because nobody polled in time."""
        return int(lib.kl_bus_dropped(self._bus))

    def poll(self) -> list[Event]:
        """The events that wait, at most 64; call again if the descriptor is still readable."""
        count = lib.kl_bus_poll(self._bus, self._batch, BATCH)
        return [self._event(self._batch[i]) for i in range(count)]

    @staticmethod
    def _event(raw: Any) -> Event:
        data = bytes(ffi.buffer(raw.data, raw.len))
        return Event(raw.source, raw.kind, raw.id, raw.code, raw.mono_ns, data)

    def close(self) -> None:
        """Free the bus; only after the engine and the SIP side that post to it are closed."""
        if self._bus != ffi.NULL:
            lib.kl_bus_destroy(self._bus)
            self._bus = ffi.NULL
