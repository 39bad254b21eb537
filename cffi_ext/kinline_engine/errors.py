"""What can go wrong in the engine, said so that a person can act on it."""

import errno
import os


class EngineError(OSError):
    """A call into the engine failed; `errno` tells which way."""


class NotFound(EngineError):
    """The link, call or clip does not exist (any more)."""


class Busy(EngineError):
    """It exists already, is in use, or its queue is full."""


class Refused(EngineError):
    """The engine never does this, such as recording a privileged call."""


_CLASSES = {
    errno.ENOENT: NotFound,
    errno.EBUSY: Busy,
    errno.EALREADY: Busy,
    errno.EADDRINUSE: Busy,
    errno.EEXIST: Busy,
    errno.EAGAIN: Busy,
    errno.ENOBUFS: Busy,
    errno.EPERM: Refused,
}


def check(result: int, what: str) -> int:
    """result when it is no -errno; otherwise the error that fits, saying what failed and why."""
    if result >= 0:
        return result
    number = -result
    raise _CLASSES.get(number, EngineError)(number, f"{what}: {os.strerror(number)}")
