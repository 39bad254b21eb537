"""Frames on the byte stream: find them, check their headers, write them."""

import struct
from binascii import crc32

from handset import _link as wire

_HEADER = "<2sBBIHH"
_FIELDS = "<2xBBIHH"  # of a header whose sync has been found
_CHECKED = 10  # bytes of a header, closed by their check
_CRC_BYTES = 4
LONGEST = wire.HEADER_BYTES + wire.AUDIO_BYTES + wire.TAG_BYTES
_ROOM = 2 * LONGEST


def body_bytes(kind, length):
    """Bytes that follow the header of a frame with so much clear text."""
    if kind < wire.SEALED_FROM:
        return length + _CRC_BYTES
    return (length + 15 & ~15) + wire.TAG_BYTES


def plausible(kind, length):
    return length == wire.AUDIO_BYTES if kind == wire.AUDIO else length <= wire.CONTROL_BYTES


def write_header(buffer, kind, epoch, sequence, length):
    """Put a header with its check in front of a frame's body."""
    struct.pack_into(_HEADER, buffer, 0, wire.SYNC, kind, epoch, sequence, length, 0)
    struct.pack_into("<H", buffer, _CHECKED, crc32(memoryview(buffer)[:_CHECKED]) & 0xFFFF)


def sealed_parts(frame):
    """Of a view of a sealed frame: what its tag covers, its body, its tag."""
    return frame[: -wire.TAG_BYTES], frame[wire.HEADER_BYTES : -wire.TAG_BYTES], frame[-wire.TAG_BYTES :]


def clear_frame(kind, sequence, text):
    """A whole frame of the handshake."""
    frame = bytearray(wire.HEADER_BYTES + len(text) + _CRC_BYTES)
    write_header(frame, kind, 0, sequence, len(text))
    frame[wire.HEADER_BYTES : wire.HEADER_BYTES + len(text)] = text
    end = len(frame) - _CRC_BYTES
    struct.pack_into("<I", frame, end, crc32(memoryview(frame)[:end]))
    return frame


class FrameReader:
    """Cuts the byte stream into frames. After reject() the search goes on inside the refused frame, because a
    frame that lost bytes has swallowed the start of the next."""

    def __init__(self):
        self._buffer = bytearray(_ROOM)
        self._view = memoryview(self._buffer)
        # What nearly every frame is: audio, read whole and alone. Slicing a view costs memory to collect.
        self._header = self._view[:_CHECKED]
        self._audio_parts = sealed_parts(self._view[:LONGEST])
        self._start = 0
        self._end = 0
        self._size = 0
        self.kind = self.epoch = self.sequence = self.length = 0
        self.skipped = 0
        self.refused = 0

    def space(self):
        """Where the next received bytes go; never empty once next() has said False."""
        kept = self._end - self._start
        if kept and self._start:
            self._view[:kept] = self._view[self._start : self._end]
        self._start = 0
        self._end = kept
        return self._view[kept:] if kept else self._view

    def received(self, count):
        self._end += count

    def next(self):
        """Step to the next whole frame with a sound header; its fields and frame() hold until accept() or reject()."""
        while True:
            at = self._buffer.find(wire.SYNC, self._start, self._end)
            if at < 0:
                # The last byte may be the first half of a sync.
                at = self._end - 1 if self._end > self._start and self._buffer[self._end - 1] == wire.SYNC[0] else self._end
                self._skip_to(at)
                return False
            self._skip_to(at)
            if self._end - at < wire.HEADER_BYTES:
                return False
            self.kind, self.epoch, self.sequence, self.length, check = struct.unpack_from(_FIELDS, self._buffer, at)
            header = self._view[at : at + _CHECKED] if at else self._header
            if crc32(header) & 0xFFFF != check or not plausible(self.kind, self.length):
                self.refused += 1
                self.reject()
                continue
            self._size = wire.HEADER_BYTES + body_bytes(self.kind, self.length)
            return self._end - at >= self._size

    def frame(self):
        """The whole frame, header to closing bytes."""
        return self._view[self._start : self._start + self._size]

    def sealed_parts(self):
        """The same of a sealed frame in its parts."""
        return sealed_parts(self.frame()) if self._start or self._size != LONGEST else self._audio_parts

    def clear_text(self):
        """The text of a clear frame, or None when its CRC is wrong."""
        frame = self.frame()
        end = len(frame) - _CRC_BYTES
        if crc32(frame[:end]) != struct.unpack_from("<I", frame, end)[0]:
            return None
        return frame[wire.HEADER_BYTES : end]

    def accept(self):
        self._start += self._size

    def reject(self):
        self._skip_to(self._start + len(wire.SYNC))

    def _skip_to(self, at):
        self.skipped += at - self._start
        self._start = at
