"""Calls that Asterisk 22 bridges and records: we are the caller and the called party of each, by plain SIP over UDP."""

import contextlib
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.asterisk import INSIDE, Asterisk, Extension
from tests.peers.program import PeerError
from tests.perf.rtp_load import Target

PATIENCE_S = 15.0
NUMBER = "5550100"
ADDRESS = "127.0.0.20"
_SDP = "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\na=ptime:20\r\n"


@dataclass
class _Parties:
    """Both ends of every call, at one socket; what they learn of Asterisk's RTP."""

    calls: Sequence[tuple[Target, Target]]
    socket: socket.socket
    switch: Target
    theirs: dict[tuple[int, str], Target] = field(default_factory=dict)  # by call and which end

    def invite(self, number: int) -> None:
        ip, port = self.calls[number][0]
        self._send(
            f"INVITE sip:{NUMBER}{number:03}@{self.switch[0]}:{self.switch[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bKload{number}",
            f"From: <sip:load@{ADDRESS}>;tag=load{number}",
            f"To: <sip:{NUMBER}{number:03}@{self.switch[0]}>",
            f"Call-ID: load-{number}@{ADDRESS}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:load@{self._here}>",
            "Content-Type: application/sdp",
            body=_SDP.format(ip=ip, port=port),
        )

    def take(self) -> None:
        """One datagram: an answer to a caller's INVITE, or an INVITE for a called party."""
        text = self.socket.recv(65536).decode(errors="replace")
        first, lines = text.split("\r\n", 1)
        if first.startswith("SIP/2.0 200") and "INVITE" in _header(lines, "CSeq"):
            self._answered(lines)
        elif first.startswith("INVITE "):
            self._called(first, lines)
        elif first.startswith("SIP/2.0") and first[8] in "3456":
            raise PeerError(f"Asterisk refused a call: {first}")

    def _answered(self, lines: str) -> None:
        number = int(re.match(r"load-(\d+)@", _header(lines, "Call-ID"))[1])  # type: ignore[index]
        self.theirs[number, "caller"] = _media(lines)
        target = re.search(r"<(.+?)>", _header(lines, "Contact"))[1]  # type: ignore[index]
        self._send(
            f"ACK {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bKack{number}",
            f"From: {_header(lines, 'From')}",
            f"To: {_header(lines, 'To')}",
            f"Call-ID: {_header(lines, 'Call-ID')}",
            "CSeq: 1 ACK",
        )

    def _called(self, first: str, lines: str) -> None:
        number = int(re.search(r"sip:called(\d+)@", first)[1])  # type: ignore[index]
        self.theirs[number, "called"] = _media(lines)
        ip, port = self.calls[number][1]
        self._send(
            "SIP/2.0 200 OK",
            f"Via: {_header(lines, 'Via')}",
            f"From: {_header(lines, 'From')}",
            f"To: {_header(lines, 'To').partition(';')[0]};tag=called{number}",
            f"Call-ID: {_header(lines, 'Call-ID')}",
            f"CSeq: {_header(lines, 'CSeq')}",
            f"Contact: <sip:called{number}@{self._here}>",
            "Content-Type: application/sdp",
            body=_SDP.format(ip=ip, port=port),
        )

    @property
    def _here(self) -> str:
        return f"{ADDRESS}:{self.socket.getsockname()[1]}"

    def _send(self, *lines: str, body: str = "") -> None:
        head = "\r\n".join((*lines, "Max-Forwards: 70", f"Content-Length: {len(body)}"))
        self.socket.sendto(f"{head}\r\n\r\n{body}".encode(), self.switch)


def _header(lines: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r$", lines, re.MULTILINE | re.IGNORECASE)
    if not found:
        raise PeerError(f"Asterisk sent no {name}: {lines}")
    return found[1]


def _media(lines: str) -> Target:
    ip, port = re.search(r"^c=IN IP4 (\S+)", lines, re.MULTILINE), re.search(r"^m=audio (\d+)", lines, re.MULTILINE)
    if not ip or not port:
        raise PeerError(f"Asterisk sent no media description: {lines}")
    return ip[1], int(port[1])


@contextlib.contextmanager
def asterisk_bridges(folder: Path, calls: Sequence[tuple[Target, Target]]) -> Iterator[tuple[list[tuple[Target, Target]], int]]:
    """Every call up, bridged and recorded by MixMonitor; where each party's RTP goes, and Asterisk's process."""
    with contextlib.ExitStack() as stack:
        us = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        us.bind((ADDRESS, 0))
        us.settimeout(PATIENCE_S)
        here = f"{ADDRESS}:{us.getsockname()[1]}"
        pattern = Extension(
            f"_{NUMBER}XXX",
            (f"MixMonitor({INSIDE}/${{EXTEN}}.wav)", f"Dial(PJSIP/facility/sip:called${{EXTEN:{len(NUMBER)}}}@{here})"),
        )
        ports = 4 * len(calls) + 8
        switch = stack.enter_context(
            Asterisk(folder, (pattern,), user="", contact=f"sip:{here}", codecs="ulaw", rtp_ports=ports, realtime=True)
        )
        parties = _Parties(calls, us, (switch.address, switch.port))
        for number in range(len(calls)):
            parties.invite(number)
            while (number, "caller") not in parties.theirs or (number, "called") not in parties.theirs:
                parties.take()
        targets = [(parties.theirs[i, "caller"], parties.theirs[i, "called"]) for i in range(len(calls))]
        yield targets, switch.pid
