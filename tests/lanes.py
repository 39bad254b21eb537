"""Run the whole suite in two lanes side by side: whole calls, and what computes; then both share the parts' tests.

Whole calls mostly wait: for speech to be spoken, for a grant to run out. What only computes takes the time that is left
over, at low priority. Whichever lane is done first goes on with the parts, a folder at a time, and so both end at about the
same time. The second lane is shown when it has ended. With arguments, plain pytest on just these.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

TESTS = Path(__file__).parent
LOG = TESTS.parent / "build" / "pytest-second-lane.log"
WHOLE_CALLS = ("call", "call_peers")
PARTS = ("technician", "sim", "sip", "engine", "switch", "device", "peers")  # the longest first
REAL_TIME = WHOLE_CALLS + PARTS
LOW_PRIORITY = 10  # a ninth of the weight of a test that real time waits for (sched(7))


def _computing() -> list[Path]:
    return sorted(
        path
        for path in TESTS.iterdir()
        if path.name not in REAL_TIME and (path.match("test_*.py") or (path.is_dir() and any(path.rglob("test_*.py"))))
    )


def _pytest(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pytest", *map(str, arguments)]


class Shared:
    """What is left to do, taken by one lane or the other."""

    def __init__(self, names: Iterable[str]) -> None:
        self._left = iter(tuple(names))
        self._lock = threading.Lock()  # _left

    def __iter__(self) -> Iterator[str]:
        while True:
            with self._lock:
                name = next(self._left, None)
            if name is None:
                return
            yield name


class Lane:
    """One run of pytest after another. Without a log, on the terminal."""

    def __init__(self, cache: str, log: BinaryIO | None = None) -> None:
        self._cache = ("-o", f"cache_dir=build/{cache}")
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, first: Sequence[Path], then: Shared, nice: int = 0) -> list[str]:
        """The runs that failed, each by the folders it was given."""
        failed = self._failed(first, nice)
        for name in then:
            failed += self._failed([TESTS / name])
        return failed

    def _failed(self, paths: Sequence[Path], nice: int = 0) -> list[str]:
        names = " ".join(path.name for path in paths)
        if self._stopped:
            return [names]
        command = ["nice", "-n", str(nice), *_pytest(*self._cache, *paths)]
        self._running = subprocess.Popen(command, stdout=self._log, stderr=self._log and subprocess.STDOUT)
        return [names] if self._running.wait() else []

    def stop(self) -> None:
        """Interrupted: end what runs, and begin nothing more."""
        self._stopped = True
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()


def main() -> int:
    if len(sys.argv) > 1:
        return subprocess.call(_pytest(*sys.argv[1:]))
    LOG.parent.mkdir(exist_ok=True)
    parts = Shared(PARTS)
    with LOG.open("wb") as log, ThreadPoolExecutor(1) as executor:
        first, second = Lane("pytest"), Lane("pytest-second-lane", log)
        others = executor.submit(second.run, _computing(), parts, LOW_PRIORITY)
        try:
            started = time.monotonic()
            print(f"pytest: two lanes, of which the second writes to {os.path.relpath(LOG)}", flush=True)
            failed = first.run([TESTS / name for name in WHOLE_CALLS], parts)
            print(f"pytest: the first lane is done after {time.monotonic() - started:.0f} s", flush=True)
            failed += others.result()
            print(f"pytest: the second lane is done after {time.monotonic() - started:.0f} s; its result:", flush=True)
        except BaseException:
            first.stop()
            second.stop()
            raise
    print(LOG.read_text(errors="replace"), end="", flush=True)
    for names in failed:
        print(f"pytest: failed in tests of {names}, see above", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
