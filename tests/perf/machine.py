"""Processors: who runs where, and who used how much."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NICE = -19
_AUTOGROUP = Path("/proc/self/autogroup")
_TICK = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12  # fields of /proc/*/stat after the name, see proc(5)


def processors() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


@contextmanager
def pinned(processor: int) -> Iterator[None]:
    """The calling thread, and threads and processes that it starts meanwhile, on one processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def ahead() -> Iterator[None]:
    """This process, and those that it starts meanwhile, before whatever else the machine has to do, where that is permitted.

    Else what else runs here would count as what is measured. Where the kernel groups processes by session, the session has
    to go first: a process's own priority then counts only within it, see sched(7).
    """
    before = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)
    except PermissionError:
        yield
        return
    group = _AUTOGROUP.read_text().rpartition(" ")[2] if _AUTOGROUP.exists() else None  # "/autogroup-25 nice 0"
    try:
        if group is not None:
            _AUTOGROUP.write_text(str(NICE))
        yield
    finally:
        if group is not None:
            _AUTOGROUP.write_text(group.strip())
        os.setpriority(os.PRIO_PROCESS, 0, before)


def cpu_seconds(pid: int) -> float:
    """User and system time of one process, all its threads, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICK


def busy() -> str:
    """What else this machine had to do, for a note."""
    return f"load average {os.getloadavg()[0]:.1f} on {len(processors())} processors"


def many_files() -> None:
    """Let this process open as many files as it may."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
