"""SLIP, the framing of the ROM loader (RFC 1055)."""

from collections.abc import Iterator

_END, _ESC, _ESC_END, _ESC_ESC = b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd"


def framed(packet: bytes) -> bytes:
    return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END


class Unframer:
    """Takes bytes as they come; garbage between frames is passed over, as the ROM does."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._packet: bytearray | None = None

    def packets(self, data: bytes) -> Iterator[bytes]:
        pieces = data.split(_END)
        for last, piece in zip((False,) * (len(pieces) - 1) + (True,), pieces, strict=True):
            if self._packet is not None:
                self._packet += piece
                if len(self._packet) > self._longest:
                    self._packet = None
            if last:
                return
            if self._packet:
                packet = bytes(self._packet)
                self._packet = None
                yield packet.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC)
            else:
                self._packet = bytearray()
