"""baresip as a called party with real audio: it speaks a WAV file and writes what it hears to another."""

import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.program import PeerError, Program, find, free_port

MODULE_FOLDERS = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")


@dataclass
class Baresip:
    """A running baresip that answers every call by itself unless told not to.

    `speech` is what it speaks: mono, 16-bit WAV of 8 kHz, or of 16 for a call in G.722 (`codecs`: "G722/16000").
    What it heard is complete once the call is over.
    `protection` is its "mediaenc": none, as here, takes calls in clear only.
    `user` is its name in its URI; calls to other names are not for it.
    """

    folder: Path
    speech: Path
    user: str = "party"
    address: str = "127.0.0.6"
    answers: bool = True
    codecs: str = "PCMU,PCMA"
    protection: str = ""  # "srtp", where the caller offers it, or "srtp-mand"
    port: int = 0
    _events: list[dict[str, object]] = field(default_factory=list)
    _buffer: bytes = b""

    def __enter__(self) -> "Baresip":
        self.port = self.port or free_port(self.address)
        self._control_port = free_port(self.address)
        self._write_configuration()
        self.program = Program([find("baresip"), "-4", "-f", self.folder], self.folder / "baresip.log")
        try:
            self.program.wait_until_bound("udp", self.address, self.port)
            self.program.wait_until_bound("tcp", self.address, self._control_port)
            self._control = socket.create_connection((self.address, self._control_port), 5)
        except BaseException:
            self.program.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self.program.stop()

    @property
    def uri(self) -> str:
        return f"sip:{self.user}@{self.address}:{self.port}"

    def heard(self) -> Path:
        """The recording of what it was sent in the last call."""
        found = sorted((self.folder / "heard").glob("dump-*-dec.wav"))
        if not found:
            raise PeerError(f"baresip recorded nothing: {self.program.tail()}")
        return found[-1]

    def command(self, name: str, parameters: str = "") -> dict[str, object]:
        """One console command such as "hangup", "accept", "dial", "sndcode"; its response."""
        message = json.dumps({"command": name, "params": parameters, "token": str(time.monotonic_ns())}).encode()
        # ctrl_tcp speaks netstrings.
        self._control.sendall(b"%d:%s," % (len(message), message))
        return self._wait({"response": True}, 5.0)

    def wait_for_event(self, kind: str, timeout: float = 10.0) -> dict[str, object]:
        """The next event of that type, such as CALL_ESTABLISHED or CALL_CLOSED."""
        return self._wait({"event": True, "type": kind}, timeout)

    def _wait(self, wanted: dict[str, object], timeout: float) -> dict[str, object]:
        deadline = time.monotonic() + timeout
        while True:
            for index, message in enumerate(self._events):
                if wanted.items() <= message.items():
                    return self._events.pop(index)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise PeerError(f"baresip did not say {wanted} within {timeout} s: {self.program.tail()}")
            self._control.settimeout(remaining)
            try:
                data = self._control.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise PeerError(f"baresip closed its control connection: {self.program.tail()}")
            self._buffer += data
            self._take_messages()

    def _take_messages(self) -> None:
        while b":" in self._buffer:
            size, _, rest = self._buffer.partition(b":")
            length = int(size)
            if len(rest) <= length:
                return
            self._events.append(json.loads(rest[:length]))
            self._buffer = rest[length + 1 :]

    def _write_configuration(self) -> None:
        (self.folder / "heard").mkdir(parents=True, exist_ok=True)
        modules = next(path for path in _module_folders() if path.is_dir())
        answer = "auto" if self.answers else "manual"
        (self.folder / "accounts").write_text(
            f"<sip:{self.user}@{self.address}:{self.port}>;regint=0;answermode={answer};audio_codecs={self.codecs}"
            f"{f';mediaenc={self.protection}' if self.protection else ''}\n"
        )
        (self.folder / "contacts").write_text("")
        (self.folder / "config").write_text(f"""sip_listen {self.address}:{self.port}
net_interface {self.address}
audio_source aufile,{self.speech.resolve()}
audio_buffer 20-160
rtp_ports 40000-48000
module_path {modules}
module g711.so
module g722.so
module srtp.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {self.address}:{self._control_port}
snd_path {(self.folder / "heard").resolve()}
""")


def _module_folders() -> list[Path]:
    architecture = f"/usr/lib/{os.uname().machine}-linux-gnu/baresip/modules"
    return [Path(folder) for folder in (*MODULE_FOLDERS, architecture)]
