"""One call, step by step, on a database, in a process that a test can kill at any step."""

from datetime import timedelta
from multiprocessing.connection import Connection

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


def run(address: str, pipe: Connection) -> None:
    """Tell each step through the pipe, and wait for a word before the next."""

    def reached(step: str) -> None:
        pipe.send(step)
        pipe.recv()

    store = store_at(address)
    reached("opened")
    call = begun(store)
    reached("begun")
    store.checkpoint({call: 5})
    reached("rung")
    store.mark_accepted(call, NOON + timedelta(seconds=4))
    reached("accepted")
    for seconds in (1, 2, 61):
        store.checkpoint({call: seconds})
        reached(f"checkpoint {seconds}")
    store.end_call(call, "completed", "caller", 62, NOON + timedelta(seconds=66))
    reached("ended")
    store.end_call(call, "completed", "caller", 900, NOON + timedelta(seconds=99))
    reached("ended again")
    store.close()
    reached("closed")
