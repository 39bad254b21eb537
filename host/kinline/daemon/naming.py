"""An inmate says their name at the handset, before there is any call: the one moment at which that microphone is live alone.

It is an engine call of its own that never has a far end and no recorder's place, and is over before anybody is invited;
what it heard is this object's only.
"""

import asyncio
from collections.abc import Callable

import numpy as np

from kinline.media import MonitoredCall
from kinline.prompts.sound import Samples

LIMIT_MS = 3_000  # a second to begin, and the two that a name has at most
_PATIENCE_S = 2.0  # for a handset that does not say that it has muted


class Naming:
    """From the grant until the handset has muted again; then `done` is called once, with all that was said or with None if
    the handset muted before its time.
    """

    def __init__(self, call: MonitoredCall, loop: asyncio.AbstractEventLoop, done: Callable[[Samples | None], None]) -> None:
        self._call, self._loop, self._done = call, loop, done
        self._heard: list[bytes] = []
        call.gate(True)
        self._monitor = call.monitor()
        loop.add_reader(self._monitor.fd, self._hear)
        self._timer = loop.call_later(LIMIT_MS / 1000 + _PATIENCE_S, self.over)

    def _hear(self) -> None:
        if sound := self._monitor.hear():
            self._heard.append(sound)

    def over(self, whole: bool = False) -> None:
        """The handset has muted: when its time was over, or on hook, by a fault, or it is silent about it."""
        self._hear()
        self.close()
        both = np.frombuffer(b"".join(self._heard), np.int16).reshape(-1, 2)
        self._done(both[:, 0].copy() if whole else None)

    def close(self) -> None:
        """Let go of it, whatever was said."""
        self._timer.cancel()
        self._loop.remove_reader(self._monitor.fd)
        self._monitor.close()
        self._call.close()
