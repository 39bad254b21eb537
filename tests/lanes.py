"""Run the whole suite in two lanes side by side: what lives in real time, and what only computes.

The first mostly waits: for speech to be spoken, for a grant to run out. The second takes, at low priority, the time
that is left over; it is shown when it has ended. With arguments, plain pytest on just these.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parent
LOG = TESTS.parent / "build" / "pytest-computing.log"
REAL_TIME = ("call", "call_peers", "device", "engine", "peers", "sim", "sip", "switch", "technician")
LOW_PRIORITY = 10  # a ninth of the weight of a test that real time waits for (sched(7))


def _computing() -> list[Path]:
    return sorted(
        path
        for path in TESTS.iterdir()
        if path.name not in REAL_TIME and (path.match("test_*.py") or (path.is_dir() and any(path.rglob("test_*.py"))))
    )


def _pytest(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pytest", *map(str, arguments)]


def main() -> int:
    if len(sys.argv) > 1:
        return subprocess.call(_pytest(*sys.argv[1:]))
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("wb") as log:
        command = ["nice", "-n", str(LOW_PRIORITY), *_pytest("-o", "cache_dir=build/pytest-computing", *_computing())]
        computing = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            started = time.monotonic()
            print(f"pytest: two lanes, of which the computing one writes to {os.path.relpath(LOG)}", flush=True)
            real_time = subprocess.call(_pytest(*(TESTS / name for name in REAL_TIME)))
            print(f"pytest: real time done after {time.monotonic() - started:.0f} s, now the computing lane's result", flush=True)
            computing.wait()
        finally:
            if computing.poll() is None:  # interrupted
                computing.terminate()
                computing.wait()
    print(LOG.read_text(errors="replace"), end="", flush=True)
    return real_time or computing.returncode


if __name__ == "__main__":
    sys.exit(main())
