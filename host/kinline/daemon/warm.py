"""What the first caller would wait for, done before the first handset is served."""

import contextlib
import gc
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from kinline.store.errors import StoreError
from kinline.store.store import Store

# How long one thread of Python may keep the others from running; the interpreter's own is 5 ms, and the way from a key to
# the INVITE changes threads four times.
SWITCH_S = 0.0005


def warm_up(store: Store, devices: Sequence[str]) -> None:
    """Rehearse an attempt at a handset, and take what exists out of the garbage collector's rounds.

    Measured at the first attempt of a fresh process: 55 ms for SQLAlchemy to compile its statements, and 100 ms for a
    collection that happened to fall into it, which looks at every object of every library.
    """
    sys.setswitchinterval(SWITCH_S)
    # Whatever is wrong with the database, the watch and the first attempt will say.
    with contextlib.suppress(StoreError):
        for device in devices[:1]:
            store.rehearse(device, datetime.now(UTC))
    gc.collect()
    gc.freeze()
