"""The reports of a simulated telephone (RFC 3550 §6): it answers each of the other end's at once, which tells the round trip."""

import struct

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION = 200, 201, 202
CNAME = b"simulated-phone."
SEQUENCES = 1 << 16


def is_rtcp(data: bytes) -> bool:
    """Whether a packet at a port that RTP shares is RTCP (RFC 5761 §4)."""
    return len(data) > 1 and data[0] >> 6 == 2 and 192 <= data[1] <= 223


class Reception:
    """What has come of one source, by its sequence numbers."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._highest = 0
        self._count = 0

    def note(self, sequence: int) -> None:
        """One more packet."""
        self._count += 1
        if self._first is None:
            self._first = self._highest = sequence
            return
        ahead = (sequence - self._highest) % SEQUENCES
        if ahead < SEQUENCES // 2:
            self._highest += ahead

    @property
    def lost(self) -> int:
        """So many that never came."""
        return 0 if self._first is None else max(0, self._highest - self._first + 1 - self._count)

    def answer(self, report: bytes, ssrc: int) -> bytes | None:
        """Our receiver report for a sender's; None for anything else."""
        if len(report) < 28 or report[1] != SENDER_REPORT:
            return None
        theirs, ntp = struct.unpack_from("!IQ", report, 4)
        about = struct.pack("!IIIIII", theirs, self.lost & 0xFFFFFF, self._highest, 0, ntp >> 16 & 0xFFFFFFFF, 0)
        head = struct.pack("!BBHI", 0x81, RECEIVER_REPORT, 7, ssrc)
        name = struct.pack("!BBHIBB", 0x81, DESCRIPTION, 6, ssrc, 1, len(CNAME)) + CNAME + bytes(2)
        return head + about + name
