"""Run the whole suite in two lanes side by side: whole calls, and everything else.

Whole calls mostly wait: for speech to be spoken, for a grant to run out. The second lane takes the time that is left over:
first, at low priority, what only computes, then the shorter tests that live in real time. It is shown when it has ended.
With arguments, plain pytest on just these.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

TESTS = Path(__file__).parent
LOG = TESTS.parent / "build" / "pytest-second-lane.log"
WHOLE_CALLS = ("call", "call_peers")
PARTS = ("device", "engine", "peers", "sim", "sip", "switch", "technician")
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


class SecondLane:
    def __init__(self, log: BinaryIO) -> None:
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> int:
        """How many of its two runs failed."""
        cache = ("-o", "cache_dir=build/pytest-second-lane")
        runs = (
            ["nice", "-n", str(LOW_PRIORITY), *_pytest(*cache, *_computing())],
            _pytest(*cache, *(TESTS / name for name in PARTS)),
        )
        return sum(self._run(command) != 0 for command in runs)

    def _run(self, command: list[str]) -> int:
        if self._stopped:
            return 1
        self._running = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
        return self._running.wait()

    def stop(self) -> None:
        """Interrupted: end what runs, and begin nothing more."""
        self._stopped = True
        if self._running is not None and self._running.poll() is None:
            self._running.terminate()


def main() -> int:
    if len(sys.argv) > 1:
        return subprocess.call(_pytest(*sys.argv[1:]))
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("wb") as log, ThreadPoolExecutor(1) as executor:
        second = SecondLane(log)
        others = executor.submit(second.run)
        try:
            started = time.monotonic()
            print(f"pytest: two lanes, of which the second writes to {os.path.relpath(LOG)}", flush=True)
            calls = subprocess.call(_pytest(*(TESTS / name for name in WHOLE_CALLS)))
            print(f"pytest: whole calls done after {time.monotonic() - started:.0f} s, now the second lane's result", flush=True)
            failed = others.result()
        except BaseException:
            second.stop()
            raise
    print(LOG.read_text(errors="replace"), end="", flush=True)
    return calls or failed


if __name__ == "__main__":
    sys.exit(main())
