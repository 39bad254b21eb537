"""Joins the parts to the board: every task of the handset starts here."""

import asyncio
import gc
import time
from os import urandom

import machine
import slots
from machine import ADC, I2S, UART, WDT, Pin

from handset import _board as board
from handset import _link as wire
from handset import identity, loops, selftest, talk_timer
from handset.audio import Audio
from handset.entry import Entry
from handset.events import Ring
from handset.hook import Hook
from handset.keypad import Keypad
from handset.link import Link
from handset.matrix import Matrix
from handset.session import Session
from handset.upkeep import Upkeep

_TICK_MS = 50
_GARBAGE = 16384  # bytes allocated between collections: small enough for the heap, seldom enough for the sound
_TASKS = ("contacts", "timer", "tick")  # what the watchdog's health check expects to move on
_ALL_TASKS = _TASKS + ("capture",)


class App:
    def __init__(self):
        self.clock = time.ticks_ms
        self.ring = Ring(self.clock)
        self._reset, fault = _reset_cause()
        self._uart = UART(
            board.UART_ID,
            board.UART_BAUD,
            tx=Pin(board.LINK_TX),
            rx=Pin(board.LINK_RX),
            rxbuf=board.UART_RXBUF_BYTES,
            txbuf=board.UART_RXBUF_BYTES,
        )
        Pin(board.LINK_DE, Pin.OUT, value=1)
        self._lamp = Pin(board.LED_CALL, Pin.OUT, value=0)
        self._status = Pin(board.LED_STATUS, Pin.OUT, value=0)
        self._watchdog = Pin(board.WDOG_KICK, Pin.OUT, value=0)  # from here on the external one bites
        self._sense = {gpio: ADC(Pin(gpio), atten=ADC.ATTN_11DB) for gpio in selftest.PINS}
        self._hook = Hook()
        self._loops = loops.Loops()
        self._keys = 0  # the matrix as it was last scanned
        own = identity.load()
        self.link = Link(own, int.from_bytes(urandom(4), "little"), self._uart.write, urandom)
        self.link.on_up = self._up
        self.link.on_down = self._down
        self._entry = Entry(self._send_entry)
        self.grant = talk_timer.Grant()
        self.session = Session(self.grant, self._entry, self.link.send, self.ring.note, self._reboot, self._report, self._show)
        self._audio = Audio()
        self._upkeep = Upkeep(
            machine,
            self.link.send,
            self.clock,
            lambda: not self.session.off_hook,
            self.ring.note,
            self._try_sound,
            self._reboot,
            own.build,
        )
        self.link.on_message = self._message
        self.link.on_audio = self._audio.play
        self._lifted = asyncio.Event()
        self._beats = dict.fromkeys(_ALL_TASKS, 0)
        self._heap_peak = 0
        self.ring.note("boot, reset cause %d%s" % (self._reset, fault and ", " + fault))

    async def run(self):
        asyncio.get_event_loop().set_exception_handler(_die)
        keepalive = Pin(board.AUDIO_KEEPALIVE, Pin.OUT, value=0)
        timer = talk_timer.run(self.grant, self.session, keepalive, self.clock, self._next, lambda: self._beat("timer"))
        for task in (timer, self._contacts(), self._receive(), self._capture(), self._tick()):
            asyncio.create_task(task)
        await self._health()

    # Tasks

    async def _contacts(self):
        matrix = Matrix()
        keypad = Keypad(board.KEYS)
        hook = self._hook
        look = False
        while True:
            self._beat("contacts")
            now = self.clock()
            look = not look
            # A conversion costs more than a scan, and the hook settles in tens of milliseconds: every other time.
            if look and hook.sample(self._millivolts(board.HOOK_SENSE), now):
                self._hook_settled(hook, now)
            self._keys = matrix.read()
            key = keypad.scan(self._keys)
            if key:
                self.session.key(key, now)
            # Two equal scans prove a contact only when a bounce fits between them: a late one is not made up for.
            await self._next(board.KEY_SCAN_MS, board.KEY_SCAN_MS - 1)

    async def _receive(self):
        reader = asyncio.StreamReader(self._uart)
        frames = self.link.reader
        while True:
            count = await reader.readinto(frames.space())
            if count:
                frames.received(count)
                self.link.received(self.clock())

    async def _capture(self):
        while True:
            if not self.session.off_hook:
                self._lifted.clear()
                await self._lifted.wait()
            self._audio.open(I2S, Pin, asyncio.StreamReader)
            while self.session.off_hook:
                self._beat("capture")
                self.link.send_audio(await self._audio.capture(self.session))
            self._audio.close()

    async def _tick(self):
        while True:
            self._beat("tick")
            now = self.clock()
            self._entry.poll(now)
            self.link.poll(now)
            if self._loops.look(self._millivolts(loops.PINS[self._loops.next]), self._hook.loop):
                self._tell_loops(now)
            await self._next(_TICK_MS)

    async def _health(self):
        """Feed the watchdog while every task moves on."""
        watchdog = WDT(timeout=board.WATCHDOG_TIMEOUT_MS)
        seen = dict(self._beats)
        while True:
            await asyncio.sleep_ms(board.WATCHDOG_KICK_MS)
            self._heap_peak = max(self._heap_peak, gc.mem_alloc())
            due = _ALL_TASKS if self.session.off_hook else _TASKS
            if all(self._beats[name] != seen[name] for name in due):
                watchdog.feed()
                self._upkeep.healthy(self.link.up)
                self._watchdog.value(1 - self._watchdog.value())
            for name in _ALL_TASKS:
                seen[name] = self._beats[name]

    def _next(self, period, least=1):
        """Sleep until the clock is at a multiple of period: tasks then share their wake-ups and do not drift."""
        left = period - self.clock() % period
        return asyncio.sleep_ms(left if left >= least else left + period)

    def _beat(self, name):
        self._beats[name] = (self._beats[name] + 1) & 0xFFFF

    def _try_sound(self):
        self._audio.open(I2S, Pin, asyncio.StreamReader)
        self._audio.close()

    # What the parts tell each other

    def _message(self, kind, fields, now):
        if kind == wire.MEASURE:
            self.link.send(wire.READINGS, now, *fields, *selftest.readings(self._millivolts, self._keys, self.grant.sounds(now)))
        elif not self._upkeep.message(kind, fields, now):
            self.session.message(kind, fields, now)

    def _hook_settled(self, hook, now):
        if hook.trouble:
            self.ring.note("hook loop " + hook.trouble)
        self._tell_loops(now)
        if hook.off_hook == self.session.off_hook:
            return
        self.session.hook(hook.off_hook, now)
        self.ring.note("off hook" if hook.off_hook else "on hook")
        if hook.off_hook:
            self._lifted.set()
        else:
            self._report_health(now)

    def _send_entry(self, body):
        self.link.send_secret(wire.ENTRY, body, self.clock())

    def _up(self, now):
        self.ring.note("link up")
        self.session.snapshot(now, self._reset, gc.mem_free())
        self._tell_loops(now)

    def _down(self, now, reason):
        self.ring.note("link down: " + reason)
        self._show(wire.LAMP_OFF)  # until a host says that the phone is in service
        self.session.link_lost(now)

    def _tell_loops(self, now):
        self._status.value(1 if self._loops.trouble(self._hook.loop) else 0)
        if self.link.minor:
            self.link.send(wire.LOOPS, now, *self._loops.fields(self._hook.loop))

    def _millivolts(self, gpio):
        return self._sense[gpio].read_uv() // 1000

    def _show(self, lamp):
        self._lamp.value(0 if lamp == wire.LAMP_OFF else 1)

    def _report(self, now):
        self._report_health(now)
        pieces = list(self.ring.pieces(wire.FORMATS[wire.EVENTS][1][0]))
        for index, piece in enumerate(pieces):
            self.link.send(wire.EVENTS, now, int(index + 1 < len(pieces)), piece)

    def _report_health(self, now):
        self._heap_peak = max(self._heap_peak, gc.mem_alloc())
        level = self._audio.level
        self.link.send(
            wire.HEALTH,
            now,
            now,
            gc.mem_free(),
            self._heap_peak,
            self.link.rejected & 0xFFFF,
            self.link.replayed & 0xFFFF,
            level.underruns & 0xFFFF,
            level.overruns & 0xFFFF,
        )

    def _reboot(self):
        machine.reset()


def _reset_cause():
    """Why this boot happened, and the name of the exception if there was one."""
    fault = slots.take_fault(machine)
    if fault:
        return wire.RESET_MEMORY if fault == "MemoryError" else wire.RESET_FAULT, fault
    cause = machine.reset_cause()
    if cause == machine.PWRON_RESET:
        return wire.RESET_POWER_ON, ""
    if cause == machine.WDT_RESET:
        return wire.RESET_WATCHDOG, ""
    return wire.RESET_UPDATE if slots.on_trial() else wire.RESET_SOFT, ""


def _die(_loop, context):
    """A task has failed: restart rather than run on with a part missing."""
    slots.fail(context["exception"])


def main():
    gc.collect()
    gc.threshold(_GARBAGE)
    try:
        asyncio.run(App().run())
    except Exception as error:
        slots.fail(error)
