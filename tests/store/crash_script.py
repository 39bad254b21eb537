"""One call, step by step, on a database; tells each step on standard output and waits for a line before the next.

Run as a process of its own, so that a test can kill it at any step: `python -m tests.store.crash_script FILE`.
"""

import sys
from datetime import timedelta
from pathlib import Path

from tests.store.site import NOON, begun, store_at

STEPS = (
    "opened",
    "begun",
    "rung",
    "accepted",
    "checkpoint 1",
    "checkpoint 2",
    "checkpoint 61",
    "ended",
    "ended again",
    "closed",
)


def main(file: Path) -> None:
    store = store_at(file)
    _reached("opened")
    call = begun(store)
    _reached("begun")
    store.checkpoint(call, 5)
    _reached("rung")
    store.mark_accepted(call, NOON + timedelta(seconds=4))
    _reached("accepted")
    for seconds in (1, 2, 61):
        store.checkpoint(call, seconds)
        _reached(f"checkpoint {seconds}")
    store.end_call(call, "completed", "caller", 62, NOON + timedelta(seconds=66))
    _reached("ended")
    store.end_call(call, "completed", "caller", 900, NOON + timedelta(seconds=99))
    _reached("ended again")
    store.close()
    _reached("closed")


def _reached(step: str) -> None:
    print(step, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
