"""Threads on which the calls' database work is done."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


class StoreThreads:
    """One worker for records and money, so that they are written in the order asked for, and one for PINs beside it.

    A PIN takes 25 ms of processor, most of it the hash that is slow on purpose: whoever has dialled does not wait for it.
    """

    def __init__(self) -> None:
        self._records = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._pins = ThreadPoolExecutor(1, thread_name_prefix="pins")

    def records(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        """What the work returns, once all that was asked for before is done."""
        return asyncio.get_running_loop().run_in_executor(self._records, work)

    def pins(self, work: Callable[[], _T]) -> "asyncio.Future[_T]":
        """What the work returns, once the PINs before it are checked. It may be ahead of records that still wait."""
        return asyncio.get_running_loop().run_in_executor(self._pins, work)

    def close(self) -> None:
        """Wait for what is under way, and for what is still to be done."""
        self._pins.shutdown()
        self._records.shutdown()
