"""The load generator of `cffi_ext/perf`, and what it says of the device that bridges its calls."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path

from tests.peers.program import free_port

TOOLS = Path("build/engine/perf")
SETTLE_S, WINDOW_S = 1.5, 5.0
_FIRST_PARTY = IPv4Address("127.1.0.1")

Target = tuple[str, int]  # where a party sends its RTP


@cache
def build() -> None:
    """The generator and the bare loop; the compiler's words when they do not build."""
    subprocess.run(["make", "-s", "-C", "cffi_ext", "perf"], check=True)


def parties(calls: int, port: int) -> list[tuple[Target, Target]]:
    """Where the two parties of each call are to be reached."""
    return [((str(_FIRST_PARTY + 2 * i), port), (str(_FIRST_PARTY + 2 * i + 1), port)) for i in range(calls)]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back in the window. Counts are packets; gaps are of more than 60 ms, missed is 20 ms late or more."""

    sent: int
    received: int
    gaps: int
    missed: int
    strange: int
    longest_gap_ms: float
    late_ms: float
    mean_ms: float
    bin_us: int
    bins: dict[int, int]

    @property
    def lost(self) -> int:
        # What was under way when counting began was not counted as sent.
        return max(0, self.sent - self.received)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.gaps or self.missed or self.strange)

    def percentile(self, share: float) -> float:
        """Milliseconds, to the end of a bin."""
        wanted, seen = share * self.received, 0
        for index, amount in sorted(self.bins.items()):
            seen += amount
            if seen >= wanted:
                return (index + 1) * self.bin_us / 1000
        return float("nan")

    def __str__(self) -> str:
        wrong = ", ".join(f"{value} {name}" for name, value in self._wrong().items() if value)
        return f"{self.percentile(0.5):.2f}/{self.percentile(0.99):.2f} ms{f' ({wrong})' if wrong else ''}"

    def _wrong(self) -> dict[str, int]:
        return {"lost": self.lost, "gaps": self.gaps, "missed": self.missed, "strange": self.strange}


class Generator:
    """The load generator at a UDP port of all local addresses, on a processor of its own."""

    def __init__(self, processor: int) -> None:
        build()
        self.port = free_port("0.0.0.0")
        self._processor = processor

    def run(self, targets: Sequence[tuple[Target, Target]], settle_s: float = SETTLE_S, seconds: float = WINDOW_S) -> Heard:
        """Every party speaks to its target for that long."""
        calls = "".join(f"{a[0]} {a[1]} {b[0]} {b[1]}\n" for a, b in targets)
        command = ["taskset", "-c", str(self._processor), TOOLS / "rtp_load", str(self.port), str(settle_s), str(seconds)]
        run = subprocess.run(command, input=calls, capture_output=True, text=True, check=False, timeout=60 + seconds)
        if run.returncode:
            raise OSError(f"the load generator ended with {run.returncode}: {run.stderr.strip()}")
        told = json.loads(run.stdout)
        return Heard(**{**told, "bins": {int(index): amount for index, amount in told["bins"].items()}})
