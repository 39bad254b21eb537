"""INVITEs as the kernel saw them on the wire, whatever the process that takes them is busy with. Needs CAP_NET_RAW."""

import ctypes
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_SO_TIMESTAMPNS = 35
_INVITE = re.compile(rb"^INVITE sips?:([^@;> ]+)@")
_HEADERS_BYTES = 28  # IP without options, UDP
_LARGEST = 65_535
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Invite:
    number: str
    at_ns: int  # monotonic


class Invites:
    """Those to one UDP port of this machine, in order, from entering on."""

    def __init__(self, port: int) -> None:
        self.seen: list[Invite] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.settimeout(_LOOK_S)
        self._done = threading.Event()
        _only_to(self._socket, port)
        self._thread = threading.Thread(target=self._watch, name="invites", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._socket.close()

    def first_after(self, number: str, ns: int) -> Invite | None:
        return next((invite for invite in self.seen if invite.number == number and invite.at_ns >= ns), None)

    def _watch(self) -> None:
        while not self._done.is_set():
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(_LARGEST, 64)
            except TimeoutError:
                continue
            if match := _INVITE.match(packet[_HEADERS_BYTES:]):
                ago = time.time_ns() - _stamp_ns(ancillary)
                self.seen.append(Invite(unquote(match[1].decode()), time.monotonic_ns() - ago))


def _stamp_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    raise ValueError("the kernel gave no time of arrival")


def _only_to(raw: socket.socket, port: int) -> None:
    """Let the kernel drop all that goes elsewhere: the speech of every call is UDP too."""
    program = b"".join(
        (
            struct.pack("HBBI", 0x28, 0, 0, 22),  # load the half word of the destination port
            struct.pack("HBBI", 0x15, 0, 1, port),  # is it ours
            struct.pack("HBBI", 0x06, 0, 0, _LARGEST),
            struct.pack("HBBI", 0x06, 0, 0, 0),
        )
    )
    kept = ctypes.create_string_buffer(program)
    raw.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", 4, ctypes.addressof(kept)))
