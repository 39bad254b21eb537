"""A line at the wrong speed is told of once, with how much garbage came; a handset that starts, or one that works, is not."""

import os
import time
from random import Random

from kinline.daemon.serial_line import LOOK_S, Garbage, SerialLine
from kinline_engine.bus import Bus
from kinline_engine.engine import Engine
from tests.engine.parties import Handset


def sampled_at_115200(data: bytes) -> bytes:
    """What a UART at an eighth of the speed makes of 8N1 at 921600: eight bits pass while it looks at one."""
    bits = "".join("0" + f"{byte:08b}"[::-1] + "1" for byte in data)
    out, at = bytearray(), 0
    while (at := bits.find("0", at)) >= 0 and at + 80 <= len(bits):
        out.append(sum((bits[at + 8 * i + 4] == "1") << (i - 1) for i in range(1, 9)))
        at += 80
    return bytes(out)


def test_a_line_at_the_wrong_speed_is_told_once_and_again_after_it_worked() -> None:
    bus, handset = Bus(), Handset()
    engine = Engine(bus)
    link = engine.open_link(handset.host_fd)
    handset.install(link)
    quality, now, told, sent = SerialLine(), 1000.0, [], 0

    def looks(garbled: bool, times: int) -> None:
        nonlocal now, sent
        for _ in range(times):
            data = b"".join(handset.wire(1, bytes(Random(now + n).randbytes(40))) for n in range(20))
            data = sampled_at_115200(data) if garbled else data
            os.write(handset.fd, data)
            sent += len(data)
            until = time.monotonic() + 10
            while link.counters.bytes_in < sent:
                assert time.monotonic() < until
            counted, now = link.counters, now + LOOK_S
            found = quality.look(now, counted.received.frames, counted.received.skipped_bytes, counted.bytes_in)
            told.append(found is not None and found.share > 0.8 and found.bytes_a_second > 4)

    try:
        looks(garbled=True, times=4)
        assert told == [False, True, False, False]
        looks(garbled=False, times=2)
        looks(garbled=True, times=3)
        assert told[4:] == [False, False, False, True, False]
    finally:
        engine.close()
        bus.close()
        handset.close()


def test_a_handsets_start_is_no_trouble() -> None:
    quality = SerialLine()
    assert quality.look(10, 0, 0, 0) is None
    assert quality.look(20, 0, 400, 400) is None  # the ROM's greeting
    assert quality.look(30, 0, 400, 400) is None
    assert quality.look(40, 12, 430, 1200) is None


def test_silence_is_no_garbage_and_the_rate_is_that_of_the_last_look() -> None:
    quality = SerialLine()
    for at in range(10, 60, 10):
        assert quality.look(at, 0, 0, 0) is None
    assert quality.look(60, 0, 500, 500) is None
    assert quality.look(70, 0, 1500, 1500) == Garbage(100.0, 1.0)
