"""Run by a MicroPython VM: the whole application, idle with a host in reach, for so many hours of its own clock.

Time is compressed: where the loop would sleep it goes on at once, and the clock goes on two seconds. So health check,
link and every task come round 43,200 times a day; the keypad is scanned as often, not 200 times a second.
Argument: hours. Prints the heap in use after the first hour and at the end, sessions, pongs and restarts.
"""

import asyncio
import gc
import io
import sys
import time

STEP_MS = 2000  # a session is kept by what is heard in 2.5 s


class Clock:
    """Ahead of the real one, which the loop's queue stamps new tasks with: these count as due."""

    now = time.ticks_ms()
    elapsed = 0

    def ticks_ms(self):
        return self.now

    def sleep_ms(self, ms):
        self.hop(ms)

    def hop(self, ms):
        self.now = (self.now + ms) & (1 << 30) - 1
        self.elapsed += ms


clock = Clock()


class Uart(io.IOBase):
    """The line, both ends of it: what the handset wrote, and what waits for it to read."""

    def __init__(self, *_, **__):
        self.written = bytearray()
        self.waiting = bytearray()
        Uart.only = self

    def write(self, data):
        self.written += data
        return len(data)

    def readinto(self, buffer):
        count = min(len(buffer), len(self.waiting))
        buffer[:count] = self.waiting[:count]
        self.waiting = self.waiting[count:]
        return count

    def ioctl(self, request, argument):
        if request != 3:
            return -1  # no descriptor of the system's to wait on
        return argument & 1 if self.waiting else 0


class Machine:
    PWRON_RESET, WDT_RESET = 1, 3
    UART = Uart
    kept = b""
    feeds = 0

    class Pin:
        IN, OUT, OPEN_DRAIN, PULL_UP = 1, 3, 7, 2

        def __init__(self, *_, **__):
            pass

        def value(self, level=None):
            return 1

        def on(self):
            pass

        off = on
        __call__ = value

    class ADC:
        ATTN_11DB = 3

        def __init__(self, *_, **__):
            pass

        def read_uv(self):
            return 1050000  # a closed loop: on hook

    class WDT:
        def __init__(self, **_):
            pass

        def feed(self):
            Machine.feeds += 1

    class RTC:
        def memory(self, data=None):
            if data is None:
                return Machine.kept
            Machine.kept = data
            return None

    class I2S:
        TX, RX, MONO = 2, 1, 0

        def __init__(self, *_, **__):
            pass

        def deinit(self):
            pass

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def reset():
        print("restarted")
        sys.exit(1)


def main(hours):
    sys.modules["machine"] = Machine
    from bench import Host
    from handset import _link as wire
    from handset import app, identity
    from handset.link import pack, unpack

    key = bytes(range(16))
    identity.load = lambda: identity.Identity("wall-1", key, "0.2.0-idle")
    app.time = clock
    asyncio.core.ticks = clock.ticks_ms
    poll = asyncio.core._io_queue.wait_io_event
    host = Host(key)
    counts = {"sessions": 0, "pongs": 0, "early": 0}

    def serve():
        """The host's turn: greet, acknowledge, measure the clock."""
        line = Uart.only
        host.take(line.written)
        line.written = bytearray()
        for kind, text in host.clear:
            if kind == wire.HELLO:
                counts["sessions"] += 1
                line.waiting += host.welcome(unpack(wire.HELLO, text)[4])
        for number, _kind, _text in host.got:
            line.waiting += host.sealed(wire.ACK, pack(wire.ACK, (number,)))
        counts["pongs"] += sum([kind == wire.PONG for kind, _text in host.acks])
        host.clear, host.got, host.acks = [], [], []
        if counts["sessions"]:
            line.waiting += host.sealed(wire.PING, pack(wire.PING, (counts["pongs"] & 0xFFFF,)))

    def hop(dt):
        if dt:
            clock.hop(max(dt, STEP_MS) if dt > 0 else STEP_MS)
            serve()
            if not counts["early"] and clock.elapsed > 3600 * 1000:
                gc.collect()
                counts["early"] = gc.mem_alloc()
            if clock.elapsed > hours * 3600 * 1000:
                gc.collect()
                print(
                    "early",
                    counts["early"],
                    "late",
                    gc.mem_alloc(),
                    "sessions",
                    counts["sessions"],
                    "pongs",
                    counts["pongs"],
                    "feeds",
                    Machine.feeds,
                )
                sys.exit(0)
        poll(0)

    asyncio.core._io_queue.wait_io_event = hop
    app.main()


main(int(sys.argv[1]))
