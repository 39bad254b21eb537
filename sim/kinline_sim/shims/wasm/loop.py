"""asyncio's core for the WebAssembly MicroPython, in the place of the build's own.

The build's own loop belongs to a browser: it has no run(), no streams, and its tasks are woken by JavaScript's timers
one by one. This one keeps the build's Task and TaskQueue, and with them its Event, Lock, gather and wait_for, which
ask this module for the running task and the queue.

This build collects garbage only while no Python is running, so asyncio.run() cannot block: it unwinds the program by
Parked, and wasm/board.mjs calls turn() from then on. Should the main task end, the program is run once more up to the
same asyncio.run(), which then returns or raises what the task did: so an `except` around it is reached.
"""

from _asyncio import Task, TaskQueue
from time import ticks_add, ticks_diff
from time import ticks_ms as ticks

import node

_FILENO = 10
_POLL = 3
_READABLE = 1
IDLE = -1  # no task waits for the clock
FINISHED = -2  # the main task has ended: run the program again, see above

cur_task = None
_task_queue = TaskQueue()
_main = None
_outcome = None  # what ended the main task: StopIteration with its value, or its exception


class Parked(BaseException):
    """Carries control out of the program and back to JavaScript; no firmware catches a BaseException."""


class CancelledError(BaseException):
    pass


class TimeoutError(Exception):
    pass


class _Sleep:
    """What sleep_ms() returns: one for all, since a sleep is awaited at once and an allocation costs a collection."""

    def __init__(self):
        self._until = None
        self._end = StopIteration()

    def to(self, moment):
        self._until = moment
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self._until is None:
            self._end.__traceback__ = None
            raise self._end
        moment, self._until = self._until, None
        _task_queue.push(cur_task, moment)


_sleep = _Sleep()


def sleep_ms(ms):
    return _sleep.to(ticks_add(ticks(), max(0, ms)))


def sleep(seconds):
    return sleep_ms(int(seconds * 1000))


class _Readers:
    """Tasks that wait for something to read: (task, stream, its descriptor or 0)."""

    def __init__(self):
        self._waiting = []

    def queue_read(self, stream):
        fd = stream.ioctl(_FILENO, 0)
        self._waiting.append((cur_task, stream, fd if fd > 0 else 0))
        cur_task.data = self

    def remove(self, task):
        """Asked for by Task.cancel()."""
        self._waiting = [entry for entry in self._waiting if entry[0] is not task]

    def wake(self):
        """Make those tasks due that now have something to read; whether there were any."""
        woken = False
        for entry in self._waiting[:]:
            task, stream, fd = entry
            if node.readable(fd) if fd else stream.ioctl(_POLL, _READABLE) & _READABLE:
                self._waiting.remove(entry)
                _task_queue.push(task)
                woken = True
        return woken


_io_queue = _Readers()


class StreamReader:
    def __init__(self, stream, extra=None):
        self.s = stream

    def readinto(self, buffer):
        """To be awaited: how many bytes came, as soon as there are any; None when they were for nobody."""
        yield _io_queue.queue_read(self.s)
        return self.s.readinto(buffer)


def create_task(coroutine):
    if not hasattr(coroutine, "send"):
        raise TypeError("coroutine expected")
    task = Task(coroutine, globals())
    _task_queue.push(task)
    return task


def _promote_to_task(awaitable):
    return awaitable if isinstance(awaitable, Task) else create_task(awaitable)


def current_task():
    if cur_task is None:
        raise RuntimeError("no running event loop")
    return cur_task


def run(coroutine):
    """Start, or at the program's second pass end, its main task."""
    global _main
    if _outcome is None:
        _main = create_task(coroutine)
        raise Parked
    coroutine.close()
    if isinstance(_outcome, StopIteration):
        return _outcome.value
    raise _outcome


def turn():
    """Run every task that is due. Milliseconds until the next one is, or IDLE, or FINISHED."""
    _io_queue.wake()
    while True:
        task = _task_queue.peek()
        wait = ticks_diff(task.ph_key, ticks()) if task else IDLE
        if task and wait <= 0:
            if _step(_task_queue.pop()):
                return FINISHED
        elif not _io_queue.wake():
            return wait


def _step(task):
    """Continue one task; True when that was the end of the main one."""
    global cur_task, _outcome
    if task.state is None:
        # It ended by an error, and nobody has awaited it since.
        context = {"message": "Task exception wasn't retrieved", "exception": task.data, "future": task}
        Loop.call_exception_handler(context)
        return False
    cur_task = task
    cancelled = task.data
    try:
        if cancelled:
            task.data = None
            task.coro.throw(cancelled)
        else:
            task.coro.send(None)
    except (CancelledError, Exception) as error:
        if task is _main:
            _outcome = error
            return True
        _ended(task, error)
    finally:
        cur_task = None
    return False


def _ended(task, error):
    """task.state is True while it runs unawaited, a queue of the tasks that await it, or a function to tell; once it has
    ended, None if nobody has asked for its result, else False."""
    told = False
    if task.state is True:
        task.state = None
    elif callable(task.state):
        task.state(task, error)
        task.state = False
        told = True
    elif task.state:
        while task.state.peek():
            _task_queue.push(task.state.pop())
            told = True
        task.state = False
    if not told and not isinstance(error, (CancelledError, StopIteration)):
        # Somebody may still await it this round; if not, it comes back here to be reported.
        _task_queue.push(task)
    task.data = error


class Loop:
    _handler = None

    @staticmethod
    def create_task(coroutine):
        return create_task(coroutine)

    @staticmethod
    def run_until_complete(coroutine):
        return run(coroutine)

    @staticmethod
    def set_exception_handler(handler):
        Loop._handler = handler

    @staticmethod
    def get_exception_handler():
        return Loop._handler

    @staticmethod
    def default_exception_handler(_loop, context):
        import sys

        print(context["message"])
        sys.print_exception(context["exception"])

    @staticmethod
    def call_exception_handler(context):
        (Loop._handler or Loop.default_exception_handler)(Loop, context)


def get_event_loop():
    return Loop
