"""All calls' marks of a moment in one write, however slow or broken the database is."""

import asyncio

from kinline.counters import counters
from kinline.daemon.checkpoints import Checkpoints, Marks


class Book:
    """A database whose writes wait until they are let through."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Marks] = asyncio.Queue()
        self.answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def write(self, marks: Marks) -> None:
        self.asked.put_nowait(marks)
        if error := await self.answers.get():
            raise error


async def test_marks_made_during_a_write_wait_together_for_the_next() -> None:
    book = Book()
    checkpoints = Checkpoints(book.write)
    checkpoints.mark(1, 1)
    assert await book.asked.get() == {1: 1}
    for second in range(2, 5):
        for call in range(1, 201):
            checkpoints.mark(call, second)
    assert book.asked.empty(), "a second write beside the first"
    book.answers.put_nowait(None)
    assert await book.asked.get() == dict.fromkeys(range(1, 201), 4)


async def test_a_failed_write_is_counted_and_the_next_marks_are_written() -> None:
    book, failed = Book(), counters.value("checkpoint_failed")
    checkpoints = Checkpoints(book.write)
    checkpoints.mark(1, 1)
    await book.asked.get()
    checkpoints.mark(1, 2)
    book.answers.put_nowait(OSError("disk"))
    assert await book.asked.get() == {1: 2}
    assert counters.value("checkpoint_failed") == failed + 1
    book.answers.put_nowait(None)


async def test_after_a_pause_a_mark_is_written_at_once() -> None:
    book = Book()
    checkpoints = Checkpoints(book.write)
    for second in (1, 2):
        book.answers.put_nowait(None)
        checkpoints.mark(7, second)
        assert await book.asked.get() == {7: second}
