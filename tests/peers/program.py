"""A program under test's control: started, probed until it is ready, ended with all its children."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

POLL_SECONDS = 0.01
STOP_SECONDS = 5.0


class PeerError(Exception):
    """The program did not become ready, or did not end; the text quotes its log."""


class Program:
    """One child process in a session of its own, its output in a log file."""

    def __init__(self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, start_new_session=True,
            )  # fmt: skip

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait(self, timeout: float) -> int:
        """Its exit code; PeerError if it has not ended after `timeout` seconds."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise PeerError(f"still running after {timeout} s: {self.tail()}") from None

    def stop(self) -> None:
        """SIGTERM to the whole session, SIGKILL if that is not enough."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def tail(self) -> str:
        return "\n" + "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])

    def wait_until_bound(self, protocol: str, address: str, port: int, timeout: float = 10.0) -> None:
        """Return once some process holds the address; PeerError if this one ends first or time runs out."""
        deadline = time.monotonic() + timeout
        while not is_bound(protocol, address, port):
            if not self.is_running():
                raise PeerError(f"ended with {self.process.returncode}: {self.tail()}")
            if time.monotonic() > deadline:
                raise PeerError(f"nothing bound {address}:{port}/{protocol} in {timeout} s: {self.tail()}")
            time.sleep(POLL_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def is_bound(protocol: str, address: str, port: int) -> bool:
    """Whether a socket is bound to the IPv4 address and port, by the kernel's table ("udp" or "tcp")."""
    # proc(5): the address is a little-endian word in hex.
    wanted = f"{socket.inet_aton(address)[::-1].hex().upper()}:{port:04X}"
    rows = Path(f"/proc/net/{protocol}").read_text().splitlines()[1:]
    return any(row.split()[1] == wanted for row in rows)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that is free for UDP and TCP at the address just now."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((address, 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind((address, port))
            except OSError:
                continue
            return port


def find(name: str) -> Path:
    """The program on PATH; PeerError with its package if it is absent."""
    packages = {"sipp": "sip-tester", "baresip": "baresip-core"}
    found = shutil.which(name)
    if not found:
        raise PeerError(f"{name} is not installed: apt-get install {packages.get(name, name)}")
    return Path(found)
