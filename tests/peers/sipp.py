"""sipp as a scripted far end (UAS) or caller (UAC)."""

import csv
from dataclasses import dataclass
from pathlib import Path

from tests.peers.program import PeerError, Program, find, free_port


@dataclass
class Sipp:
    """One sipp run of a scenario (XML text, see scenarios.py), its traces in `folder`.

    Without `target` it waits for `calls` calls at `address`:`port`; with it ("address:port"), it places them.
    """

    scenario: str
    folder: Path
    target: str = ""
    address: str = "127.0.0.4"
    port: int = 0
    calls: int = 1

    def __enter__(self) -> "Sipp":
        self.folder.mkdir(parents=True, exist_ok=True)
        script = self.folder / "scenario.xml"
        script.write_text(self.scenario)
        self.port = self.port or free_port(self.address)
        command: list[str | Path] = [
            find("sipp"), *([self.target] if self.target else []), "-sf", script,
            "-i", self.address, "-p", str(self.port),
            "-mi", self.address, "-mp", str(free_port(self.address)),
            "-m", str(self.calls), "-nostdin", "-timeout", "60", "-timeout_error",
            "-trace_msg", "-message_file", self.folder / "messages.log",
            "-trace_err", "-error_file", self.folder / "errors.log",
            "-trace_stat", "-stf", self.folder / "statistics.csv", "-fd", "1",
        ]  # fmt: skip
        self.program = Program(command, self.folder / "sipp.log", env={"TERM": "dumb"})
        if not self.target:
            try:
                self.program.wait_until_bound("udp", self.address, self.port)
            except PeerError:
                self.program.stop()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self.program.stop()

    @property
    def uri(self) -> str:
        return f"sip:{self.address}:{self.port}"

    def finish(self, timeout: float = 30.0) -> None:
        """Wait until all calls are over; PeerError unless every one of them went as the scenario says."""
        code = self.program.wait(timeout)
        if code:
            raise PeerError(f"sipp ended with {code}: {self.errors()}{self.program.tail()}")

    def messages(self) -> str:
        """All SIP messages so far, as sipp traced them."""
        path = self.folder / "messages.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def errors(self) -> str:
        path = self.folder / "errors.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def successful_calls(self) -> int:
        with (self.folder / "statistics.csv").open() as file:
            rows = list(csv.DictReader(file, delimiter=";"))
        return int(rows[-1]["SuccessfulCall(C)"])
