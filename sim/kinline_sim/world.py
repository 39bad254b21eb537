"""The physics of one board: contacts, loop voltage, relay, codec, watchdog, link cable."""

import threading
import time
from collections.abc import Callable
from random import Random

from kinline_sim import _board as board
from kinline_sim import contacts
from kinline_sim.codec import BLOCK_S, Codec
from kinline_sim.page import Page
from kinline_sim.relay import Relay
from kinline_sim.shims import registers as at

_SUPPLY_MV = 47200  # a 48 V port at the end of its cable


class World:
    """Moved by the clockwork. Contacts may be moved from any thread."""

    def __init__(self, random: Random, on_watchdog: Callable[[], None], remember_s: float | None = None) -> None:
        self.page = Page()
        self.codec = Codec(self.page, remember_s)
        self.random = random
        self.relay = Relay()
        self.relay_log: list[tuple[float, bool]] = []
        self._on_watchdog = on_watchdog
        self._edges = 0
        self._pumped_at = time.monotonic()
        self._feeds = 0
        self._fed_at = time.monotonic()
        self._lock = threading.Lock()  # protects what stands below up to the cable, and what it sets in the page
        self._pressed: set[tuple[int, int]] = set()
        self._in_cradle = True
        self._shut = True
        self._wires = {"hook": "whole", "cord": "whole", "case": "whole"}
        self._foreign_mv = 0
        self._sense_loops()
        self.set_supply(_SUPPLY_MV)
        self.set_cable(True)

    def close(self) -> None:
        self.codec.close()
        self.page.close()

    def set_contact(self, row: int, column: int, closed: bool) -> None:
        with self._lock:
            (self._pressed.add if closed else self._pressed.discard)((row, column))
            for index, mask in enumerate(contacts.row_masks(self._pressed)):
                self.page.set_u8(at.MATRIX + index, mask)

    def set_cradle(self, occupied: bool) -> None:
        with self._lock:
            self._in_cradle = occupied
            self._sense_loops()

    def set_wires(self, loop: str, wires: str) -> None:
        """The wires of the hook's, the cord's or the case's loop: whole, cut or short."""
        with self._lock:
            self._wires[loop] = wires
            self._sense_loops()

    def set_lid(self, shut: bool) -> None:
        with self._lock:
            self._shut = shut
            self._sense_loops()

    def set_magnet(self, millivolts: int) -> None:
        """A foreign magnet at the cradle, as what it adds at the Hall sensor; 0 takes it away."""
        with self._lock:
            self._foreign_mv = millivolts
            self._sense_loops()

    def set_supply(self, millivolts: int) -> None:
        """The wall's supply at the board's terminals."""
        self._sense(board.VIN_MON, millivolts * 1000 // board.SUPPLY_DIVIDER)

    def set_cable(self, whole: bool) -> None:
        self.page.set_u8(at.CABLE, whole)

    @property
    def looks(self) -> int:
        """How often the firmware has looked at its contacts: the hook at every other scan of the keypad."""
        return self.page.u32(at.ADC_READS)

    def reset(self, cause: int) -> None:
        """The chip starts: outputs are safe and the watchdog is off."""
        self.page.reset_chip(cause)
        self.codec.reset()

    def block(self) -> None:
        """A DMA block of the codec has passed."""
        now = time.monotonic()
        self._pump(now)
        self.codec.step(self.relay.closed)
        self._sense(board.RX_SENSE, self.codec.ear_millivolts())
        self._watch(now)

    def _pump(self, now: float) -> None:
        """The pump lives in real time, whatever blocks were late: edges of a stall belong to the whole of the stall."""
        passed = now - self._pumped_at
        if passed < BLOCK_S / 2:
            return
        edges = self.page.u32(at.EDGES + 4 * board.AUDIO_KEEPALIVE)
        ago = self.relay.step((edges - self._edges) & at.COUNTER, passed)
        if ago is not None:
            self.relay_log.append((now - ago, self.relay.closed))
        self._edges = edges
        self._pumped_at = now

    def _watch(self, now: float) -> None:
        limit = self.page.u32(at.WATCHDOG_MS)
        feeds = self.page.u32(at.WATCHDOG_FEEDS)
        if not limit or feeds != self._feeds:
            self._feeds = feeds
            self._fed_at = now
        elif now - self._fed_at > limit / 1000:
            self._fed_at = now
            self._on_watchdog()

    def _sense_loops(self) -> None:
        wires = self._wires
        self._sense(board.HOOK_SENSE, contacts.loop_millivolts(self._in_cradle, wires["hook"]))
        self._sense(board.CORD_SENSE, contacts.loop_millivolts(True, wires["cord"]))
        self._sense(board.CASE_SENSE, contacts.loop_millivolts(self._shut, wires["case"]))
        own = board.MAGNET_RESTING_MV if self._in_cradle else board.MAGNET_LIFTED_MV
        self._sense(board.MAG_SENSE, max(0, min(own + self._foreign_mv, board.LOOP_SUPPLY_MV)))

    def _sense(self, gpio: int, millivolts: int) -> None:
        self.page.set_u16(at.SENSE + 2 * gpio, millivolts)
