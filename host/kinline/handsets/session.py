"""One handset's session, pure: frames and a clock in, things to do out.

closed --hello--> opening (keys installed, welcome sent) --snapshot under the new keys--> open --silence--> closed.
An old session stays in force until a frame under the new keys proves the hello, so that a forged one ends nothing.
An open session is given fresh keys every hour: the first frame under them puts them in force, and nothing else changes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from kinline.handsets import _link as wire
from kinline.handsets.arq import Arq, LinkDead
from kinline.handsets.clock import HandsetClock
from kinline.handsets.keys import SessionKeys, derive

_MS = 1_000_000
_EPOCHS = 255  # 0 is for clear frames
_FIRST = b"\x01\x00"  # the number that opens the numbering of a session
_UNPROVED = 20  # welcomes to one hello, ten seconds of them, after which somebody ought to know
_SUPERSEDED = "the handset started a new session"


@dataclass(frozen=True, slots=True)
class Transmit:
    """Hand one frame to the engine, clear or sealed by its type."""

    kind: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class InstallKeys:
    """Give the engine the next epoch's keys; the first frame that proves them puts them in force."""

    keys: SessionKeys


@dataclass(frozen=True, slots=True)
class Opened:
    """The session is up; the snapshot is the handset's whole state, told here and not delivered again.

    minor is what both ends speak: a message that came later may not be sent.
    """

    device: str
    build: str
    boot: int
    snapshot: wire.Snapshot
    minor: int = wire.MINOR


@dataclass(frozen=True, slots=True)
class Delivered:
    """One control message, in order and once."""

    message: wire.Message


@dataclass(frozen=True, slots=True)
class Closed:
    """The session is down, and why; the handset was last heard at this time, before whatever opens the next one."""

    reason: str
    heard_ns: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Something arrived that was not acted on; counter is its name, detail goes to the log."""

    counter: str
    detail: str


Action = Transmit | InstallKeys | Opened | Delivered | Closed | Refused
KeyOf = Callable[[str], bytes | None]


@dataclass(slots=True)
class _Opening:
    hello: wire.Hello
    epoch: int
    welcome: Transmit
    key: bytes = field(repr=False)  # the device key that it is under
    since_ns: int
    repeats: int = 0


class _Allowance:
    """So many at once, and one more in each period."""

    def __init__(self, most: int, period_ns: int) -> None:
        self._most, self._period_ns = most, period_ns
        self._left, self._since_ns = most, 0

    def take(self, now_ns: int) -> bool:
        gained = (now_ns - self._since_ns) // self._period_ns
        if gained > 0:
            self._left = min(self._most, self._left + gained)
            self._since_ns += gained * self._period_ns
        if not self._left:
            return False
        self._left -= 1
        return True


class Session:
    """All times are nanoseconds of the host's monotonic clock.

    `nonce(count)` gives secret bytes, never the same ones twice; `station` is the one device whose place this is, if any.
    """

    def __init__(self, key_of: KeyOf, nonce: Callable[[int], bytes], station: str | None = None) -> None:
        self._key_of = key_of
        self._station = station
        self._nonce = nonce
        self._opening: _Opening | None = None
        self._newest_epoch = 0
        self._epoch = 0  # of the session in force, 0 for none
        self._greeting: wire.Hello | None = None  # that opened it
        self._minor = 0  # what both sides of it speak
        self._key = b""  # the device key that it is under
        self._rekeying = 0  # the epoch of keys that the handset has been told and has not used yet, 0 for none
        self._rekey_ns = 0
        self._hellos = _Allowance(wire.HELLOS, wire.HELLO_SLOW_MS * _MS)
        self._arq = Arq()
        self.heard_ns = 0
        self._probe_ns = 0
        self._ping_ns = 0
        self._ping_number = 0
        self._pings: dict[int, int] = {}
        self.device = ""
        self.clock = HandsetClock()

    @property
    def open(self) -> bool:
        return self._epoch != 0

    @property
    def disowned(self) -> bool:
        """Whether the session in force is under a key that is no longer its handset's: revoked, or given to another board."""
        return self.open and self._key_of(self.device) != self._key

    @property
    def minor(self) -> int:
        """What both sides of the session in force speak."""
        return self._minor

    @property
    def rekeying(self) -> bool:
        """Whether the handset has been told new keys and has not used them yet."""
        return self._rekeying != 0

    @property
    def retransmits(self) -> int:
        return self._arq.retransmits

    def frame(self, kind: int, text: bytes, now_ns: int, epoch: int | None = None) -> list[Action]:
        """One clear or authenticated frame from the engine, and the epoch of the keys that authenticated it.

        Without the epoch only the snapshot tells a new session's frames from those of the one before.
        """
        try:
            if kind == wire.Hello.ID:
                return self._hello(text, now_ns)
            if kind < wire.SEALED_FROM:
                return [Refused("link_unexpected", f"clear message {kind:#04x} from a handset")]
            return self._sealed(kind, text, now_ns, epoch)
        except wire.WireError as error:
            return [Refused("link_malformed", str(error))]

    def send(self, message: wire.Message, now_ns: int) -> list[Action]:
        """Send one control message reliably; dropped with a count when no session is open."""
        if not self.open:
            return [Refused("link_unsent", f"{type(message).__name__} while the session is closed")]
        try:
            return [Transmit(*pair) for pair in self._arq.send(message.ID, message.encode(), now_ns)]
        except LinkDead as dead:
            return self._end(str(dead))

    def tick(self, now_ns: int) -> list[Action]:
        """Call at least every 50 ms: probes, pings, retransmissions, silence."""
        if not self.open:
            if now_ns < self._probe_ns:
                return []
            self._probe_ns = now_ns + wire.HELLO_MS * _MS
            return [Transmit(wire.Probe.ID, b"")]
        if now_ns - self.heard_ns > wire.SILENCE_MS * _MS:
            return self._end(f"nothing heard for {wire.SILENCE_MS} ms")
        actions: list[Action] = []
        if self._opening and now_ns - self._opening.since_ns > wire.SILENCE_MS * _MS:
            self._opening = None  # heard as before since that hello: it was not the handset's
        if now_ns >= self._rekey_ns and self._minor and not self._rekeying and not self._opening:
            actions += self.rekey(now_ns)
        if now_ns >= self._ping_ns:
            self._ping_ns = now_ns + wire.PING_MS * _MS
            actions.append(self._ping(now_ns))
        try:
            actions += [Transmit(*pair) for pair in self._arq.due(now_ns)]
        except LinkDead as dead:
            return self._end(str(dead))
        return actions

    def rekey(self, now_ns: int) -> list[Action]:
        """Give the open session fresh keys, one change at a time; a handset that does not know how to keeps its own."""
        key = self._key_of(self.device)
        if not self.open or self._rekeying or self._greeting is None or key is None or not self._minor:
            return []
        self._rekey_ns = now_ns + wire.REKEY_MS * _MS
        epoch = self._rekeying = self._newest_epoch = self._free_epoch()
        nonce = self._nonce(wire.NONCE_BYTES)
        keys, _ = derive(key, self._greeting.nonce, nonce, epoch)
        return [InstallKeys(keys), *self.send(wire.Rekey(epoch, nonce), now_ns)]

    def revoke(self) -> list[Action]:
        """The device is no longer known: an open session ends, and a hello under way comes to nothing."""
        return self.close("its key was revoked")

    def close(self, reason: str) -> list[Action]:
        """The port vanished or is given up: the session ends, and a hello under way comes to nothing."""
        self._opening = None
        return self._end(reason)

    def _end(self, reason: str) -> list[Action]:
        was_open, self._epoch, self._rekeying = self.open, 0, 0
        return [Closed(reason, self.heard_ns)] if was_open else []

    def _ping(self, now_ns: int) -> Transmit:
        self._ping_number = (self._ping_number + 1) & 0xFFFF
        self._pings = {n: at for n, at in self._pings.items() if now_ns - at < wire.SILENCE_MS * _MS}
        self._pings[self._ping_number] = now_ns
        return Transmit(wire.Ping.ID, wire.Ping(self._ping_number).encode())

    def _hello(self, text: bytes, now_ns: int) -> list[Action]:
        if text and text[0] != wire.MAJOR:  # nothing behind the first byte is known to be where we look for it
            hint = f"flash firmware that speaks link {wire.MAJOR}.{wire.MINOR}"
            return self._refuse(wire.REFUSE_MAJOR, hint, "link_wrong_major", f"it speaks link {text[0]}: {hint}")
        hello = wire.Hello.decode(text)
        if self._opening and hello == self._opening.hello:  # repeated: the welcome was lost or is under way
            self._probe_ns = now_ns + 2 * wire.HELLO_MS * _MS
            self._opening.repeats += 1
            unproved = [Refused("link_unproved", _no_proof(hello.device))] if self._opening.repeats % _UNPROVED == 0 else []
            return [self._opening.welcome, *unproved]
        if self._rekeying:  # its keys would displace those that the handset is about to use; it says hello again
            return [Refused("link_hello_limited", "a hello during a change of keys")]
        if not self._hellos.take(now_ns):
            return [Refused("link_hello_limited", f"more than {wire.HELLOS} new handshakes at once: a forger, or a reset loop")]
        if self._station not in (None, hello.device):
            detail = f"{hello.device!r} is at the port of {self._station}: plug it into its own, or mend the settings"
            return self._refuse(wire.REFUSE_UNKNOWN_DEVICE, f"this is the port of {self._station}", "link_wrong_station", detail)
        key = self._key_of(hello.device)
        if key is None:
            detail = f"{hello.device!r} is not enrolled: kinline handset add"
            return self._refuse(wire.REFUSE_UNKNOWN_DEVICE, "enrol this handset", "link_unknown_device", detail)
        self._probe_ns = now_ns + 2 * wire.HELLO_MS * _MS
        epoch = self._newest_epoch = self._free_epoch()
        host_nonce = self._nonce(wire.NONCE_BYTES)
        keys, proof = derive(key, hello.nonce, host_nonce, epoch)
        welcome = wire.Welcome(epoch, min(wire.MINOR, hello.minor), host_nonce, proof)
        self._opening = _Opening(hello, epoch, Transmit(wire.Welcome.ID, welcome.encode()), key, now_ns)
        return [InstallKeys(keys), self._opening.welcome]

    def _refuse(self, reason: int, hint: str, counter: str, detail: str) -> list[Action]:
        refusal = wire.Refuse(reason, wire.MAJOR, wire.MINOR, hint)
        return [Transmit(wire.Refuse.ID, refusal.encode()), Refused(counter, detail)]

    def _free_epoch(self) -> int:
        """The epoch after the newest on the ring 1..255; many forged hellos never come round to the one in force."""
        epoch = self._newest_epoch % _EPOCHS + 1
        return epoch % _EPOCHS + 1 if epoch == self._epoch else epoch

    def _sealed(self, kind: int, text: bytes, now_ns: int, epoch: int | None) -> list[Action]:
        opening = self._opening
        actions: list[Action] = []
        if self._rekeying and epoch == self._rekeying:
            self._epoch, self._rekeying = epoch, 0
        if opening and epoch in (None, opening.epoch):
            if kind == wire.Snapshot.ID and text[:2] == _FIRST:
                return self._start(opening, wire.Snapshot.decode(text[2:]), now_ns)
            if epoch is not None:  # proved, but its snapshot was lost: it comes again
                actions += self._end(_SUPERSEDED)
        if not self.open or epoch not in (None, self._epoch):
            return [*actions, Refused("link_unexpected", f"message {kind:#04x} outside a session")]
        self.heard_ns = now_ns
        if kind >= wire.RELIABLE_FROM:
            return self._reliable(kind, text)
        if kind == wire.Pong.ID:
            return self._pong(wire.Pong.decode(text), now_ns)
        if kind == wire.Ack.ID:
            ready = self._arq.acknowledged(wire.Ack.decode(text).number, now_ns)
            return [Transmit(*pair) for pair in ready]
        return [Refused("link_unexpected", f"message {kind:#04x} from a handset")]

    def _pong(self, pong: wire.Pong, now_ns: int) -> list[Action]:
        sent_ns = self._pings.pop(pong.number, None)
        if sent_ns is not None:
            self.clock.pong(sent_ns, now_ns, pong.ticks)
        return []

    def _reliable(self, kind: int, text: bytes) -> list[Action]:
        """What cannot be used is acknowledged all the same: to hear it again would not mend it."""
        body = self._arq.received(text)
        ack = self._acknowledge()
        if body is None:
            return [ack]
        message_type = wire.MESSAGES.get(kind)
        if message_type is None or message_type.DIRECTION == "h2d":
            return [ack, Refused("link_unexpected", f"message {kind:#04x} from a handset")]
        try:
            return [ack, Delivered(message_type.decode(body))]
        except wire.WireError as error:
            return [ack, Refused("link_malformed", str(error))]

    def _acknowledge(self) -> Transmit:
        return Transmit(wire.Ack.ID, wire.Ack(self._arq.last_received).encode())

    def _start(self, opening: _Opening, snapshot: wire.Snapshot, now_ns: int) -> list[Action]:
        ended = self._end(_SUPERSEDED)
        self._opening = None
        self._epoch = opening.epoch
        self._key = opening.key
        self._greeting, self._minor = opening.hello, min(wire.MINOR, opening.hello.minor)
        self._rekey_ns = now_ns + wire.REKEY_MS * _MS
        self._hellos = _Allowance(wire.HELLOS, wire.HELLO_SLOW_MS * _MS)
        self._arq = Arq()
        self._arq.received(_FIRST)
        self.clock = HandsetClock()
        self._pings = {}
        self.heard_ns = self._ping_ns = now_ns
        self.device = opening.hello.device
        hello = opening.hello
        opened = Opened(hello.device, hello.build, hello.boot, snapshot, min(wire.MINOR, hello.minor))
        return [*ended, opened, self._acknowledge()]


def _no_proof(device: str) -> str:
    return f"{device!r} takes no welcome of ours: its key is not the enrolled one, or it hears nothing; kinline tech enroll"
