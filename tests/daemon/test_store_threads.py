"""A PIN's slow hash holds up nobody who has dialled; records keep their order."""

import threading
from collections.abc import Iterator

import pytest

from kinline.daemon.store_threads import StoreThreads


@pytest.fixture
def threads() -> Iterator[StoreThreads]:
    opened = StoreThreads()
    yield opened
    opened.close()


async def test_records_are_written_while_a_pin_is_checked(threads: StoreThreads) -> None:
    hashed = threading.Event()
    checked = threads.pins(hashed.wait)
    try:
        assert await threads.records(lambda: "written") == "written"
        assert not checked.done()
    finally:
        hashed.set()
    assert await checked


async def test_records_are_written_one_after_another_in_the_order_asked_for(threads: StoreThreads) -> None:
    done: list[int] = []
    for work in [threads.records(lambda number=number: done.append(number)) for number in range(20)]:  # type: ignore[misc]
        await work
    assert done == list(range(20))


async def test_closing_does_what_was_asked_for_first(threads: StoreThreads) -> None:
    let, done = threading.Event(), list[str]()
    threads.records(let.wait)
    threads.records(lambda: done.append("record"))
    threads.pins(lambda: done.append("pin"))
    let.set()
    threads.close()
    assert sorted(done) == ["pin", "record"]
