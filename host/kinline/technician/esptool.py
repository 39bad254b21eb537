"""esptool, as a program of its own (its licence is the GPL): what it says becomes facts, progress and Trouble."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

Advance = Callable[[int, int], None]
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d)?)\s?%")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What esptool says, what that means, and the one next step. The first that fits.
_MEANINGS: tuple[tuple[str, str, str, str, Exit], ...] = (
    (r"This chip is ([\w-]+), not", "wrong-chip", "the chip is an {0}, not an ESP32-S3", "take another board", Exit.WRONG_BOARD),
    (r"Wrong boot mode detected", "not-in-loader", "the chip started its firmware, not its loader",
     "hold BOOT, press reset, let BOOT go, then run this again", Exit.SILENT),
    (r"TX path seems to be down", "no-answer", "the chip waits for download, but hears nothing",
     "check the wire to the board's RX", Exit.SILENT),
    (r"Failed to connect", "board-silent", "no chip answers at the port",
     "hold BOOT, press reset, let BOOT go, then run this again", Exit.SILENT),
    (r"MD5 of file does not match|Verification failed|verify FAILED|digest mismatch", "flash-worn",
     "the flash does not hold what was written", "replace the board; its flash is worn", Exit.NOT_WRITTEN),
    (r"could not open|Could not exclusively lock|port is busy|doesn't exist", "port-busy", "esptool cannot open the port",
     "end the program that has it open", Exit.PORT),
    (r"No serial data received|Invalid head of packet|Packet content transfer stopped|Corrupt data|Only got|No more data"
     r"|Response doesn't match|Timed out|timed out", "line-broken", "the connection broke while the board was worked on",
     "check cable and power, then run the same command again", Exit.NOT_WRITTEN),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Esptool:
    """esptool at one port. Fast enough for a cable of a few metres; a poor one is told a lower rate."""

    port: str
    baud: int = 921_600

    def run(self, words: Sequence[object], stay: bool = False, advance: Advance | None = None) -> str:
        """Everything that it said. `stay` leaves the chip in its loader. Raises Trouble."""
        command = [
            sys.executable, "-m", "esptool", "--port", self.port, "--chip", "esp32s3", "--baud", str(self.baud),
            "--after", "no-reset" if stay else "hard-reset", *map(str, words),
        ]  # fmt: skip
        return said(command, advance)

    def read(self, address: int, length: int, into: Path, advance: Advance | None = None) -> bytes:
        """Flash from the chip, by way of a file that only its owner may read. Raises Trouble."""
        into.unlink(missing_ok=True)
        os.close(os.open(into, os.O_CREAT | os.O_WRONLY, 0o600))
        self.run(["read-flash", hex(address), hex(length), into], stay=True, advance=advance)
        return into.read_bytes()


def said(command: Sequence[str], advance: Advance | None = None) -> str:
    """Run one of esptool's programs to its end. Raises Trouble with what its failure means."""
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert process.stdout is not None
        heard = b""
        while piece := os.read(process.stdout.fileno(), 4096):
            heard += piece
            if advance and (percent := _PERCENT.findall(piece.decode(errors="replace"))):
                advance(int(float(percent[-1]) * 10), 1000)
    text = _COLOURS.sub("", heard.decode(errors="replace"))
    if process.returncode:
        raise _meaning(text)
    return text


def _meaning(text: str) -> Trouble:
    for pattern, code, what, step, exit in _MEANINGS:
        if found := re.search(pattern, text):
            return Trouble(code, what.format(*found.groups()), step, exit)
    last = next((line for line in reversed(text.splitlines()) if line.strip()), "it said nothing")
    return Trouble("esptool-failed", f"esptool: {last.strip()}", "run the same command again", Exit.NOT_WRITTEN)
