"""GENERATED from hw/link.toml by hw/generate.py (make gen). Do not edit."""

import struct
from dataclasses import dataclass, field
from typing import ClassVar, Self

SYNC = b'K\xd7'
MAJOR = 1
MINOR = 1
SCHEMA = 3991755239
HEADER_BYTES = 12
SEALED_FROM = 16
RELIABLE_FROM = 32
TAG_BYTES = 8
AUDIO_BYTES = 640
CONTROL_BYTES = 256
REPLAY_WINDOW = 24
TICKS_PERIOD = 1073741824
HELLO_MS = 500
HELLO_SLOW_MS = 5000
PING_MS = 500
SILENCE_MS = 2500
RETRANSMIT_MS = 150
RETRANSMIT_TRIES = 6
WINDOW = 8
REKEY_MS = 3600000
HELLOS = 8
NONCE_BYTES = 16
PROOF_BYTES = 16
LABEL_D2H_CIPHER = b"kinline 1 handset cipher"
LABEL_D2H_TAG = b"kinline 1 handset tag"
LABEL_H2D_CIPHER = b"kinline 1 host cipher"
LABEL_H2D_TAG = b"kinline 1 host tag"
LABEL_PROOF = b"kinline 1 host proof"
REFUSE_MAJOR = 1
REFUSE_UNKNOWN_DEVICE = 2
RESET_POWER_ON = 1
RESET_WATCHDOG = 2
RESET_SOFT = 3
RESET_FAULT = 4
RESET_MEMORY = 5
RESET_UPDATE = 6
PHASE_ON_HOOK = 0
PHASE_LISTEN = 1
PHASE_TALK = 2
PHASE_OVER = 3
COLLECT_DIGIT = 1
COLLECT_SECRET = 2
COLLECT_NUMBER = 3
ENTRY_COMPLETE = 1
ENTRY_TIMEOUT = 2
CAUSE_DEADLINE = 1
CAUSE_ON_HOOK = 2
CAUSE_HOST = 3
WIRES_SHORT = 0
WIRES_CLOSED = 1
WIRES_OPEN = 2
WIRES_CUT = 3
MAGNET_UNKNOWN = 0
MAGNET_OWN = 1
MAGNET_FOREIGN = 2
SUPPLY_GOOD = 0
SUPPLY_LOW = 1
SUPPLY_HIGH = 2
LAMP_OFF = 0
LAMP_READY = 1
LAMP_BUSY = 2
UPDATE_READY = 1
UPDATE_APPLYING = 2
UPDATE_CURRENT = 3
UPDATE_REFUSED = 4
UPDATE_FAILED = 5
REASON_NONE = 0
REASON_BUSY = 1
REASON_SPACE = 2
REASON_FLASH = 3
REASON_DAMAGED = 4
REASON_SIGNATURE = 5
REASON_FOREIGN = 6
REASON_REVISION = 7
REASON_DOWNGRADE = 8
REASON_MALFORMED = 9
REASON_ABSENT = 10


class WireError(ValueError):
    """A payload that does not fit its message."""


def _pack_variable(value: bytes, limit: int, name: str) -> bytes:
    if len(value) > limit:
        raise WireError(f"{name}: {len(value)} bytes, at most {limit} fit")
    return bytes((len(value),)) + value


def _take_variable(body: bytes, at: int, limit: int, name: str) -> tuple[bytes, int]:
    if at >= len(body) or body[at] > limit or at + 1 + body[at] > len(body):
        raise WireError(f"{name}: truncated or longer than {limit} bytes")
    end = at + 1 + body[at]
    return body[at + 1 : end], end


@dataclass(frozen=True, slots=True)
class Hello:
    """Asks for a session: who I am, what I speak."""

    ID: ClassVar[int] = 1
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    major: int
    minor: int
    schema: int
    boot: int
    nonce: bytes
    device: str
    build: str

    def encode(self) -> bytes:
        try:
            return struct.pack("<BBII16s", self.major, self.minor, self.schema, self.boot, self.nonce) + _pack_variable(self.device.encode(), 32, "hello.device") + _pack_variable(self.build.encode(), 32, "hello.build")
        except struct.error as error:
            raise WireError(f"hello: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 26:
            raise WireError(f"hello: {len(body)} bytes, at least 26 needed")
        major, minor, schema, boot, nonce = struct.unpack_from("<BBII16s", body)
        at = 26
        device_raw, at = _take_variable(body, at, 32, "hello.device")
        device = device_raw.decode("utf-8", "replace")
        build_raw, at = _take_variable(body, at, 32, "hello.build")
        build = build_raw.decode("utf-8", "replace")
        if at != len(body):
            raise WireError(f"hello: {len(body) - at} bytes too many")
        return cls(major, minor, schema, boot, nonce, device, build)


@dataclass(frozen=True, slots=True)
class Welcome:
    """Opens a session under fresh keys; the proof covers both nonces and the epoch."""

    ID: ClassVar[int] = 2
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    epoch: int
    minor: int
    nonce: bytes
    proof: bytes

    def encode(self) -> bytes:
        try:
            return struct.pack("<BB16s16s", self.epoch, self.minor, self.nonce, self.proof)
        except struct.error as error:
            raise WireError(f"welcome: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 34:
            raise WireError(f"welcome: {len(body)} bytes, 34 expected")
        epoch, minor, nonce, proof = struct.unpack_from("<BB16s16s", body)
        return cls(epoch, minor, nonce, proof)


@dataclass(frozen=True, slots=True)
class Refuse:
    """No session, and what to do about it."""

    ID: ClassVar[int] = 3
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    reason: int
    major: int
    minor: int
    hint: str

    def encode(self) -> bytes:
        try:
            return struct.pack("<BBB", self.reason, self.major, self.minor) + _pack_variable(self.hint.encode(), 80, "refuse.hint")
        except struct.error as error:
            raise WireError(f"refuse: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 3:
            raise WireError(f"refuse: {len(body)} bytes, at least 3 needed")
        reason, major, minor = struct.unpack_from("<BBB", body)
        at = 3
        hint_raw, at = _take_variable(body, at, 80, "refuse.hint")
        hint = hint_raw.decode("utf-8", "replace")
        if at != len(body):
            raise WireError(f"refuse: {len(body) - at} bytes too many")
        return cls(reason, major, minor, hint)


@dataclass(frozen=True, slots=True)
class Probe:
    """A host that has no session asks for a hello. Anybody can forge it: counted and ignored while the last sealed frame is no older than two pings."""

    ID: ClassVar[int] = 4
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"probe: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class Ping:
    """Clock measurement; also keeps the link alive."""

    ID: ClassVar[int] = 17
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    number: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<H", self.number)
        except struct.error as error:
            raise WireError(f"ping: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 2:
            raise WireError(f"ping: {len(body)} bytes, 2 expected")
        number, = struct.unpack_from("<H", body)
        return cls(number)


@dataclass(frozen=True, slots=True)
class Pong:
    """The handset's clock when the ping was read."""

    ID: ClassVar[int] = 18
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    number: int
    ticks: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<HI", self.number, self.ticks)
        except struct.error as error:
            raise WireError(f"pong: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 6:
            raise WireError(f"pong: {len(body)} bytes, 6 expected")
        number, ticks = struct.unpack_from("<HI", body)
        return cls(number, ticks)


@dataclass(frozen=True, slots=True)
class Ack:
    """Every reliable message up to this number has been received."""

    ID: ClassVar[int] = 19
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "both"
    number: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<H", self.number)
        except struct.error as error:
            raise WireError(f"ack: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 2:
            raise WireError(f"ack: {len(body)} bytes, 2 expected")
        number, = struct.unpack_from("<H", body)
        return cls(number)


@dataclass(frozen=True, slots=True)
class Bounce:
    """The link's test: the handset sends it back as it came. Since minor 1."""

    ID: ClassVar[int] = 20
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "both"
    number: int
    filling: bytes

    def encode(self) -> bytes:
        try:
            return struct.pack("<H", self.number) + _pack_variable(self.filling, 200, "bounce.filling")
        except struct.error as error:
            raise WireError(f"bounce: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 2:
            raise WireError(f"bounce: {len(body)} bytes, at least 2 needed")
        number, = struct.unpack_from("<H", body)
        at = 2
        filling_raw, at = _take_variable(body, at, 200, "bounce.filling")
        filling = filling_raw
        if at != len(body):
            raise WireError(f"bounce: {len(body) - at} bytes too many")
        return cls(number, filling)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The handset's whole state, first thing in every session."""

    ID: ClassVar[int] = 32
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    off_hook: int
    phase: int
    call: int
    talk: int
    ticks: int
    reset: int
    heap_free: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<BBIIIBI", self.off_hook, self.phase, self.call, self.talk, self.ticks, self.reset, self.heap_free)
        except struct.error as error:
            raise WireError(f"snapshot: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 19:
            raise WireError(f"snapshot: {len(body)} bytes, 19 expected")
        off_hook, phase, call, talk, ticks, reset, heap_free = struct.unpack_from("<BBIIIBI", body)
        return cls(off_hook, phase, call, talk, ticks, reset, heap_free)


@dataclass(frozen=True, slots=True)
class Hook:
    """The hook has settled."""

    ID: ClassVar[int] = 33
    IDEMPOTENT: ClassVar[bool] = False
    DIRECTION: ClassVar[str] = "d2h"
    off_hook: int
    ticks: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<BI", self.off_hook, self.ticks)
        except struct.error as error:
            raise WireError(f"hook: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 5:
            raise WireError(f"hook: {len(body)} bytes, 5 expected")
        off_hook, ticks = struct.unpack_from("<BI", body)
        return cls(off_hook, ticks)


@dataclass(frozen=True, slots=True)
class Key:
    """A key went down while no entry was being collected."""

    ID: ClassVar[int] = 34
    IDEMPOTENT: ClassVar[bool] = False
    DIRECTION: ClassVar[str] = "d2h"
    key: int
    ticks: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<BI", self.key, self.ticks)
        except struct.error as error:
            raise WireError(f"key: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 5:
            raise WireError(f"key: {len(body)} bytes, 5 expected")
        key, ticks = struct.unpack_from("<BI", body)
        return cls(key, ticks)


@dataclass(frozen=True, slots=True)
class Entry:
    """What was dialled for a collect; the handset has wiped its copy."""

    ID: ClassVar[int] = 35
    IDEMPOTENT: ClassVar[bool] = False
    DIRECTION: ClassVar[str] = "d2h"
    collect: int
    result: int
    digits: bytes = field(repr=False)

    def encode(self) -> bytes:
        try:
            return struct.pack("<HB", self.collect, self.result) + _pack_variable(self.digits, 32, "entry.digits")
        except struct.error as error:
            raise WireError(f"entry: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 3:
            raise WireError(f"entry: {len(body)} bytes, at least 3 needed")
        collect, result = struct.unpack_from("<HB", body)
        at = 3
        digits_raw, at = _take_variable(body, at, 32, "entry.digits")
        digits = digits_raw
        if at != len(body):
            raise WireError(f"entry: {len(body) - at} bytes too many")
        return cls(collect, result, digits)


@dataclass(frozen=True, slots=True)
class TalkEnded:
    """The handset has muted a talk; talk is its length in milliseconds on the handset's own clock."""

    ID: ClassVar[int] = 36
    IDEMPOTENT: ClassVar[bool] = False
    DIRECTION: ClassVar[str] = "d2h"
    call: int
    cause: int
    talk: int
    ticks: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<IBII", self.call, self.cause, self.talk, self.ticks)
        except struct.error as error:
            raise WireError(f"talk_ended: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 13:
            raise WireError(f"talk_ended: {len(body)} bytes, 13 expected")
        call, cause, talk, ticks = struct.unpack_from("<IBII", body)
        return cls(call, cause, talk, ticks)


@dataclass(frozen=True, slots=True)
class Health:
    """Counters since boot, sent after each call and on request."""

    ID: ClassVar[int] = 37
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    uptime: int
    heap_free: int
    heap_peak: int
    rejected: int
    replayed: int
    underruns: int
    overruns: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<IIIHHHH", self.uptime, self.heap_free, self.heap_peak, self.rejected, self.replayed, self.underruns, self.overruns)
        except struct.error as error:
            raise WireError(f"health: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 20:
            raise WireError(f"health: {len(body)} bytes, 20 expected")
        uptime, heap_free, heap_peak, rejected, replayed, underruns, overruns = struct.unpack_from("<IIIHHHH", body)
        return cls(uptime, heap_free, heap_peak, rejected, replayed, underruns, overruns)


@dataclass(frozen=True, slots=True)
class Events:
    """A piece of the ring of recent events, oldest first; more = 0 closes."""

    ID: ClassVar[int] = 38
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    more: int
    text: str

    def encode(self) -> bytes:
        try:
            return struct.pack("<B", self.more) + _pack_variable(self.text.encode(), 200, "events.text")
        except struct.error as error:
            raise WireError(f"events: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 1:
            raise WireError(f"events: {len(body)} bytes, at least 1 needed")
        more, = struct.unpack_from("<B", body)
        at = 1
        text_raw, at = _take_variable(body, at, 200, "events.text")
        text = text_raw.decode("utf-8", "replace")
        if at != len(body):
            raise WireError(f"events: {len(body) - at} bytes too many")
        return cls(more, text)


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume key went down: louder = 1, softer = 0. Works in a talk, too, and is never part of an entry."""

    ID: ClassVar[int] = 39
    IDEMPOTENT: ClassVar[bool] = False
    DIRECTION: ClassVar[str] = "d2h"
    louder: int
    ticks: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<BI", self.louder, self.ticks)
        except struct.error as error:
            raise WireError(f"volume: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 5:
            raise WireError(f"volume: {len(body)} bytes, 5 expected")
        louder, ticks = struct.unpack_from("<BI", body)
        return cls(louder, ticks)


@dataclass(frozen=True, slots=True)
class UpdateWant:
    """The update goes on here: so many bytes of the bundle from there. Since 1.1."""

    ID: ClassVar[int] = 40
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    offset: int
    room: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<IH", self.offset, self.room)
        except struct.error as error:
            raise WireError(f"update_want: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 6:
            raise WireError(f"update_want: {len(body)} bytes, 6 expected")
        offset, room = struct.unpack_from("<IH", body)
        return cls(offset, room)


@dataclass(frozen=True, slots=True)
class UpdateState:
    """How an offer, an apply or a slot_switch ended, and why; detail is for people. Since 1.1."""

    ID: ClassVar[int] = 41
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    state: int
    reason: int
    detail: str

    def encode(self) -> bytes:
        try:
            return struct.pack("<BB", self.state, self.reason) + _pack_variable(self.detail.encode(), 80, "update_state.detail")
        except struct.error as error:
            raise WireError(f"update_state: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 2:
            raise WireError(f"update_state: {len(body)} bytes, at least 2 needed")
        state, reason = struct.unpack_from("<BB", body)
        at = 2
        detail_raw, at = _take_variable(body, at, 80, "update_state.detail")
        detail = detail_raw.decode("utf-8", "replace")
        if at != len(body):
            raise WireError(f"update_state: {len(body) - at} bytes too many")
        return cls(state, reason, detail)


@dataclass(frozen=True, slots=True)
class Slots:
    """The builds in the handset's two slots, which one runs, whether on trial, and the last that failed its trial. Since 1.1."""

    ID: ClassVar[int] = 42
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    running: int
    trial: int
    a: str
    b: str
    fell: str

    def encode(self) -> bytes:
        try:
            return struct.pack("<BB", self.running, self.trial) + _pack_variable(self.a.encode(), 32, "slots.a") + _pack_variable(self.b.encode(), 32, "slots.b") + _pack_variable(self.fell.encode(), 32, "slots.fell")
        except struct.error as error:
            raise WireError(f"slots: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 2:
            raise WireError(f"slots: {len(body)} bytes, at least 2 needed")
        running, trial = struct.unpack_from("<BB", body)
        at = 2
        a_raw, at = _take_variable(body, at, 32, "slots.a")
        a = a_raw.decode("utf-8", "replace")
        b_raw, at = _take_variable(body, at, 32, "slots.b")
        b = b_raw.decode("utf-8", "replace")
        fell_raw, at = _take_variable(body, at, 32, "slots.fell")
        fell = fell_raw.decode("utf-8", "replace")
        if at != len(body):
            raise WireError(f"slots: {len(body) - at} bytes too many")
        return cls(running, trial, a, b, fell)


@dataclass(frozen=True, slots=True)
class Loops:
    """Hook, cord and case wires, the magnet's field, the wall's supply; on each change and in each session. Since minor 1."""

    ID: ClassVar[int] = 44
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    hook: int
    cord: int
    case: int
    magnet: int
    supply: int
    supply_mv: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<BBBBBH", self.hook, self.cord, self.case, self.magnet, self.supply, self.supply_mv)
        except struct.error as error:
            raise WireError(f"loops: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 7:
            raise WireError(f"loops: {len(body)} bytes, 7 expected")
        hook, cord, case, magnet, supply, supply_mv = struct.unpack_from("<BBBBBH", body)
        return cls(hook, cord, case, magnet, supply, supply_mv)


@dataclass(frozen=True, slots=True)
class Readings:
    """Answers measure: millivolts at each sense pin, and which keys are down, a bit each, row by row. Since minor 1."""

    ID: ClassVar[int] = 45
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "d2h"
    number: int
    hook: int
    cord: int
    case: int
    magnet: int
    ear: int
    supply: int
    keys: int
    relay: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<HHHHHHHHB", self.number, self.hook, self.cord, self.case, self.magnet, self.ear, self.supply, self.keys, self.relay)
        except struct.error as error:
            raise WireError(f"readings: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 17:
            raise WireError(f"readings: {len(body)} bytes, 17 expected")
        number, hook, cord, case, magnet, ear, supply, keys, relay = struct.unpack_from("<HHHHHHHHB", body)
        return cls(number, hook, cord, case, magnet, ear, supply, keys, relay)


@dataclass(frozen=True, slots=True)
class Listen:
    """The receiver may be heard for so long; the microphone stays muted."""

    ID: ClassVar[int] = 64
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    limit: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<I", self.limit)
        except struct.error as error:
            raise WireError(f"listen: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 4:
            raise WireError(f"listen: {len(body)} bytes, 4 expected")
        limit, = struct.unpack_from("<I", body)
        return cls(limit)


@dataclass(frozen=True, slots=True)
class Collect:
    """Take digits: at least, at most, closing key (0 none), patience before the first and between keys."""

    ID: ClassVar[int] = 65
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    collect: int
    kind: int
    least: int
    most: int
    closing: int
    first: int
    gap: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<HBBBBHH", self.collect, self.kind, self.least, self.most, self.closing, self.first, self.gap)
        except struct.error as error:
            raise WireError(f"collect: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 10:
            raise WireError(f"collect: {len(body)} bytes, 10 expected")
        collect, kind, least, most, closing, first, gap = struct.unpack_from("<HBBBBHH", body)
        return cls(collect, kind, least, most, closing, first, gap)


@dataclass(frozen=True, slots=True)
class CollectEnd:
    """Stop collecting and forget what was dialled."""

    ID: ClassVar[int] = 66
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    collect: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<H", self.collect)
        except struct.error as error:
            raise WireError(f"collect_end: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 2:
            raise WireError(f"collect_end: {len(body)} bytes, 2 expected")
        collect, = struct.unpack_from("<H", body)
        return cls(collect)


@dataclass(frozen=True, slots=True)
class Talk:
    """The grant: talk until deadline on the handset's clock, never longer than limit from now."""

    ID: ClassVar[int] = 67
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    call: int
    deadline: int
    limit: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<III", self.call, self.deadline, self.limit)
        except struct.error as error:
            raise WireError(f"talk: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 12:
            raise WireError(f"talk: {len(body)} bytes, 12 expected")
        call, deadline, limit = struct.unpack_from("<III", body)
        return cls(call, deadline, limit)


@dataclass(frozen=True, slots=True)
class End:
    """Mute the talk and go back to listening."""

    ID: ClassVar[int] = 68
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    call: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<I", self.call)
        except struct.error as error:
            raise WireError(f"end: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 4:
            raise WireError(f"end: {len(body)} bytes, 4 expected")
        call, = struct.unpack_from("<I", body)
        return cls(call)


@dataclass(frozen=True, slots=True)
class Show:
    """The lamp beside the handset."""

    ID: ClassVar[int] = 69
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    lamp: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<B", self.lamp)
        except struct.error as error:
            raise WireError(f"show: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 1:
            raise WireError(f"show: {len(body)} bytes, 1 expected")
        lamp, = struct.unpack_from("<B", body)
        return cls(lamp)


@dataclass(frozen=True, slots=True)
class Reboot:
    """Restart; refused while talking."""

    ID: ClassVar[int] = 70
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"reboot: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class Report:
    """Send health and the ring of events."""

    ID: ClassVar[int] = 71
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"report: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class UpdateOffer:
    """A firmware bundle of this size and SHA-256. Again, it goes on where it was left. Since 1.1."""

    ID: ClassVar[int] = 74
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    size: int
    digest: bytes

    def encode(self) -> bytes:
        try:
            return struct.pack("<I32s", self.size, self.digest)
        except struct.error as error:
            raise WireError(f"update_offer: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 36:
            raise WireError(f"update_offer: {len(body)} bytes, 36 expected")
        size, digest = struct.unpack_from("<I32s", body)
        return cls(size, digest)


@dataclass(frozen=True, slots=True)
class UpdateData:
    """A piece of the bundle, as wanted. Since 1.1."""

    ID: ClassVar[int] = 75
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    offset: int
    data: bytes

    def encode(self) -> bytes:
        try:
            return struct.pack("<I", self.offset) + _pack_variable(self.data, 240, "update_data.data")
        except struct.error as error:
            raise WireError(f"update_data: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) < 4:
            raise WireError(f"update_data: {len(body)} bytes, at least 4 needed")
        offset, = struct.unpack_from("<I", body)
        at = 4
        data_raw, at = _take_variable(body, at, 240, "update_data.data")
        data = data_raw
        if at != len(body):
            raise WireError(f"update_data: {len(body) - at} bytes too many")
        return cls(offset, data)


@dataclass(frozen=True, slots=True)
class UpdateApply:
    """Restart into the update that is ready, on trial; refused off hook. Since 1.1."""

    ID: ClassVar[int] = 76
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"update_apply: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class UpdateCancel:
    """Forget the offer and what came of it. Since 1.1."""

    ID: ClassVar[int] = 77
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"update_cancel: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class SlotSwitch:
    """Restart into the other slot, on trial; refused off hook. Since 1.1."""

    ID: ClassVar[int] = 78
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"slot_switch: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class SlotsAsk:
    """Tell the slots. Since 1.1."""

    ID: ClassVar[int] = 79
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"

    def encode(self) -> bytes:
        return b''

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 0:
            raise WireError(f"slots_ask: {len(body)} bytes, 0 expected")
        return cls()


@dataclass(frozen=True, slots=True)
class Measure:
    """Read every sense pin and the keypad now. Since minor 1."""

    ID: ClassVar[int] = 80
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    number: int

    def encode(self) -> bytes:
        try:
            return struct.pack("<H", self.number)
        except struct.error as error:
            raise WireError(f"measure: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 2:
            raise WireError(f"measure: {len(body)} bytes, 2 expected")
        number, = struct.unpack_from("<H", body)
        return cls(number)


@dataclass(frozen=True, slots=True)
class Rekey:
    """Fresh keys under a new epoch, from the session's handset nonce and this one; the session goes on. Since minor 1."""

    ID: ClassVar[int] = 81
    IDEMPOTENT: ClassVar[bool] = True
    DIRECTION: ClassVar[str] = "h2d"
    epoch: int
    nonce: bytes

    def encode(self) -> bytes:
        try:
            return struct.pack("<B16s", self.epoch, self.nonce)
        except struct.error as error:
            raise WireError(f"rekey: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        if len(body) != 17:
            raise WireError(f"rekey: {len(body)} bytes, 17 expected")
        epoch, nonce = struct.unpack_from("<B16s", body)
        return cls(epoch, nonce)


AUDIO = 16
Message = (
    Hello
    | Welcome
    | Refuse
    | Probe
    | Ping
    | Pong
    | Ack
    | Bounce
    | Snapshot
    | Hook
    | Key
    | Entry
    | TalkEnded
    | Health
    | Events
    | Volume
    | UpdateWant
    | UpdateState
    | Slots
    | Loops
    | Readings
    | Listen
    | Collect
    | CollectEnd
    | Talk
    | End
    | Show
    | Reboot
    | Report
    | UpdateOffer
    | UpdateData
    | UpdateApply
    | UpdateCancel
    | SlotSwitch
    | SlotsAsk
    | Measure
    | Rekey
)
MESSAGES: dict[int, type[Message]] = {
    Hello.ID: Hello,
    Welcome.ID: Welcome,
    Refuse.ID: Refuse,
    Probe.ID: Probe,
    Ping.ID: Ping,
    Pong.ID: Pong,
    Ack.ID: Ack,
    Bounce.ID: Bounce,
    Snapshot.ID: Snapshot,
    Hook.ID: Hook,
    Key.ID: Key,
    Entry.ID: Entry,
    TalkEnded.ID: TalkEnded,
    Health.ID: Health,
    Events.ID: Events,
    Volume.ID: Volume,
    UpdateWant.ID: UpdateWant,
    UpdateState.ID: UpdateState,
    Slots.ID: Slots,
    Loops.ID: Loops,
    Readings.ID: Readings,
    Listen.ID: Listen,
    Collect.ID: Collect,
    CollectEnd.ID: CollectEnd,
    Talk.ID: Talk,
    End.ID: End,
    Show.ID: Show,
    Reboot.ID: Reboot,
    Report.ID: Report,
    UpdateOffer.ID: UpdateOffer,
    UpdateData.ID: UpdateData,
    UpdateApply.ID: UpdateApply,
    UpdateCancel.ID: UpdateCancel,
    SlotSwitch.ID: SlotSwitch,
    SlotsAsk.ID: SlotsAsk,
    Measure.ID: Measure,
    Rekey.ID: Rekey,
}
