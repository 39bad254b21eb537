"""The audio engine: links to handsets, calls between a link and a far end, prompts, recordings.

Methods may be called from any thread. Events arrive on the bus with the ids of `Link.id` and `Call.id`.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from os import PathLike, fsencode
from typing import Any, Self

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Bus, Event
from kinline_engine.errors import EngineError, check
from kinline_engine.frame import SECRET_BYTES, FrameCounters, counters

NEAR_RATE = 16000
FAR_RATE = 8000


class LinkEvent(IntEnum):
    """Kinds from `Source.LINK`."""

    FRAME = lib.KL_LINK_FRAME  # code: epoch << 8 | message type, data: its text
    GONE = lib.KL_LINK_GONE  # code: errno


class CallEvent(IntEnum):
    """Kinds from `Source.CALL`."""

    PLAYED = lib.KL_CALL_PLAYED  # code: token
    STOPPED = lib.KL_CALL_STOPPED  # code: token
    DTMF = lib.KL_CALL_DTMF  # code: digit, data: one byte of DtmfMethod
    RTP_SILENT = lib.KL_CALL_RTP_SILENT
    RTP_RESUMED = lib.KL_CALL_RTP_RESUMED


class RecorderEvent(IntEnum):
    """Kinds from `Source.RECORDER`; the id is the call's."""

    FAILED = lib.KL_RECORDER_FAILED  # code: -errno; tried again every second
    CLOSED = lib.KL_RECORDER_CLOSED  # code: 0 or -errno, data: see recorded
    RESUMED = lib.KL_RECORDER_RESUMED
    BEHIND = lib.KL_RECORDER_BEHIND  # the disk is stuck: sound is being dropped


class Codec(IntEnum):
    """What the far end speaks; the values are the static RTP payload types."""

    PCMU = lib.KL_CODEC_PCMU
    PCMA = lib.KL_CODEC_PCMA


class Side(IntEnum):
    """Whom a prompt is for: the handset (near), the called party (far), or both."""

    NEAR = lib.KL_SIDE_NEAR
    FAR = lib.KL_SIDE_FAR
    BOTH = lib.KL_SIDE_BOTH


class Play(IntEnum):
    """How a prompt relates to what is being heard: instead of it, after it, or after it and over the talk."""

    REPLACE = lib.KL_PLAY_REPLACE
    QUEUE = lib.KL_PLAY_QUEUE
    OVERLAY = lib.KL_PLAY_OVERLAY


class Tone(IntEnum):
    """Call progress tones for the caller."""

    NONE = lib.KL_TONE_NONE
    DIAL = lib.KL_TONE_DIAL
    RINGBACK = lib.KL_TONE_RINGBACK
    BUSY = lib.KL_TONE_BUSY
    REORDER = lib.KL_TONE_REORDER
    OFF_HOOK = lib.KL_TONE_OFF_HOOK
    BEEP = lib.KL_TONE_BEEP


class DtmfMethod(IntEnum):
    """How a digit came."""

    EVENT = lib.KL_DTMF_EVENT
    IN_BAND = lib.KL_DTMF_IN_BAND


@dataclass(frozen=True, slots=True)
class EngineCounters:
    """Engine-wide, since creation; `fifo` is whether the audio thread got its real-time priority."""

    rtp_unknown_source: int
    rtp_malformed: int
    rtp_send_failed: int
    audio_cpu_ns: int
    wakeups: int
    fifo: bool
    links: int
    calls: int
    clips: int


@dataclass(frozen=True, slots=True)
class LinkCounters:
    """Of one link, since it was opened."""

    received: FrameCounters
    bytes_in: int
    bytes_out: int
    frames_out: int
    audio_out: int
    write_overruns: int
    audio_unwired: int
    unsent: int


@dataclass(frozen=True, slots=True)
class CallCounters:
    """Of one call. Frames are 20 ms; rms is of 16-bit samples."""

    near_frames: int
    near_stalled: int
    rtp_sent: int
    rtp_received: int
    rtp_bytes: int
    rtp_lost: int
    rtp_reordered: int
    rtp_duplicate: int
    rtp_late: int
    rtp_unwanted: int
    concealed_samples: int
    jitter_us: int
    delay_ms: int
    near_rms: int
    far_rms: int
    gate: bool
    recording: bool


@dataclass(frozen=True, slots=True)
class FarEnd:
    """Where and how the called party's media goes, as agreed in SDP. dtmf_type 0: no telephone-event."""

    ip: str
    port: int
    codec: Codec = Codec.PCMU
    payload_type: int = 0
    dtmf_type: int = 101


@dataclass(frozen=True, slots=True)
class Recorded:
    """A closed recording: sample pairs written, and missing because the disk was stuck or full; `link` is the hash of
    all that is in the file.
    """

    frames: int
    missing: int
    chunks: int
    rate: int
    link: bytes


def recorded(event: Event) -> Recorded:
    """What a `RecorderEvent.CLOSED` tells."""
    return Recorded(*struct.unpack_from("=QQQI32s", event.data))


def _fields(raw: Any, names: Sequence[str]) -> dict[str, int]:
    return {name: int(getattr(raw, name)) for name in names}


class Engine:
    """The audio and writer threads, and the RTP port that all calls share."""

    def __init__(
        self,
        bus: Bus,
        *,
        rtp_bind_ip: str = "127.0.0.1",
        rtp_port: int = 0,
        jitter_min_ms: int = 20,
        jitter_max_ms: int = 120,
        stall_ms: int = 60,
        fifo_priority: int = 10,
    ) -> None:
        """rtp_port 0 takes any even port; a call goes on without a handset whose frame is stall_ms late.

        OSError when the address cannot be bound."""
        self._bus = bus  # must outlive the C engine
        ip = ffi.new("char[]", rtp_bind_ip.encode())
        config = ffi.new(
            "kl_engine_config *", (ip, rtp_port, jitter_min_ms, jitter_max_ms, stall_ms, fifo_priority)
        )
        self._engine = lib.kl_engine_create(bus.handle, config)
        if self._engine == ffi.NULL:
            check(-ffi.errno, f"audio engine on RTP {rtp_bind_ip}:{rtp_port}, jitter {jitter_min_ms}-{jitter_max_ms} ms")

    @property
    def handle(self) -> Any:
        """The C `kl_engine *`; ValueError once closed."""
        if self._engine == ffi.NULL:
            raise ValueError("the audio engine is closed")
        return self._engine

    @property
    def rtp_port(self) -> int:
        """The port to offer in SDP."""
        return int(lib.kl_engine_rtp_port(self.handle))

    @property
    def counters(self) -> EngineCounters:
        """A consistent snapshot."""
        raw = ffi.new("kl_engine_counters *")
        check(lib.kl_engine_get_counters(self.handle, raw), "engine counters")
        names = [name for name in EngineCounters.__dataclass_fields__ if name != "fifo"]
        return EngineCounters(**_fields(raw, names), fifo=bool(raw.fifo))

    def open_link(self, fd: int) -> "Link":
        """A link on an open descriptor, which stays the caller's to close, after `Link.close`."""
        return Link(self, check(lib.kl_link_open(self.handle, fd), f"link on descriptor {fd}"))

    def load_clip(self, samples: bytes) -> "Clip":
        """A clip of 16 kHz mono 16-bit samples in the machine's byte order."""
        data = ffi.from_buffer("int16_t[]", samples)
        return Clip(self, check(lib.kl_clip_load(self.handle, data, len(data)), "clip (is it empty?)"))

    def create_call(self, link: "Link", *, privileged: bool = False) -> "Call":
        """A call on a link, its gate closed. A privileged call can never be recorded."""
        flags = lib.KL_CALL_PRIVILEGED if privileged else 0
        return Call(self, check(lib.kl_call_create(self.handle, link.id, flags), f"call on link {link.id}"))

    def close(self) -> None:
        """End both threads; recordings close whole."""
        if self._engine != ffi.NULL:
            lib.kl_engine_destroy(self._engine)
            self._engine = ffi.NULL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Link:
    """One handset's serial line. From `Engine.open_link`."""

    def __init__(self, engine: Engine, id: int) -> None:
        self._engine = engine
        self.id = id

    def install_keys(self, epoch: int, d2h_cipher: bytes, d2h_tag: bytes, h2d_cipher: bytes, h2d_tag: bytes) -> None:
        """A session's keys, 32 bytes each, in force both ways with the handset's first valid frame under them."""
        secrets = (d2h_cipher, d2h_tag, h2d_cipher, h2d_tag)
        if any(len(secret) != SECRET_BYTES for secret in secrets):
            raise ValueError(f"link secrets are {SECRET_BYTES} bytes each, got {[len(s) for s in secrets]}")
        check(lib.kl_link_keys(self._engine.handle, self.id, epoch, *secrets), f"keys of link {self.id}")

    def forget_keys(self) -> None:
        """Sealed frames are refused and not sent until new keys come."""
        check(lib.kl_link_forget_keys(self._engine.handle, self.id), f"keys of link {self.id}")

    def send(self, kind: int, text: bytes) -> None:
        """Queue one message. ValueError when it is too long; Busy when the engine is 1024 commands behind."""
        if len(text) > 256:
            raise ValueError(f"message {kind:#04x} of {len(text)} bytes: the link carries 256")
        check(lib.kl_link_send(self._engine.handle, self.id, kind, text, len(text)), f"send on link {self.id}")

    @property
    def counters(self) -> LinkCounters:
        """A consistent snapshot."""
        raw = ffi.new("kl_link_counters *")
        check(lib.kl_link_get_counters(self._engine.handle, self.id, raw), f"counters of link {self.id}")
        names = [name for name in LinkCounters.__dataclass_fields__ if name != "received"]
        return LinkCounters(received=counters(raw.received), **_fields(raw, names))

    def close(self) -> None:
        """The engine stops using the descriptor before this returns."""
        check(lib.kl_link_close(self._engine.handle, self.id), f"link {self.id}")


class Clip:
    """Audio ready to be played. From `Engine.load_clip`."""

    def __init__(self, engine: Engine, id: int) -> None:
        self._engine = engine
        self.id = id

    def free(self) -> None:
        """Busy while it is in a play list."""
        check(lib.kl_clip_free(self._engine.handle, self.id), f"clip {self.id}")


class Call:
    """One call between a link and a far end. From `Engine.create_call`."""

    def __init__(self, engine: Engine, id: int) -> None:
        self._engine = engine
        self.id = id

    def _do(self, result: int, what: str) -> None:
        check(result, f"{what}, call {self.id}")

    def set_far(self, far: FarEnd) -> None:
        """Where RTP goes to and comes from. Busy when another call has that address and port."""
        ip = ffi.new("char[]", far.ip.encode())
        raw = ffi.new("kl_call_far_end *", (ip, far.port, far.codec, far.payload_type, far.dtmf_type))
        self._do(lib.kl_call_far(self._engine.handle, self.id, raw), f"far end {far.ip}:{far.port}")

    def clear_far(self) -> None:
        """The far end is gone: nothing is sent there or taken from there."""
        self._do(lib.kl_call_far_clear(self._engine.handle, self.id), "far end")

    def gate(self, open: bool) -> None:
        """Let the parties hear each other, or not. While open, in-band digits are not detected: see detect."""
        self._do(lib.kl_call_gate(self._engine.handle, self.id, open), "gate")

    def detect(self, on: bool) -> None:
        """In-band digits of the called party; RFC 4733 digits are always reported."""
        self._do(lib.kl_call_detect(self._engine.handle, self.id, on), "digit detection")

    def play(self, side: Side, clips: Sequence[Clip], mode: Play = Play.QUEUE, token: int = 0) -> None:
        """Clips one after another. Ends with `CallEvent.PLAYED`, or STOPPED when it was not heard to the end.

        EngineError (ENOTCONN) for the far side without a far end; Busy when 64 clips of a side wait."""
        ids = [clip.id for clip in clips]
        result = lib.kl_call_play(self._engine.handle, self.id, side, ids, len(ids), mode, token)
        self._do(result, f"play {len(ids)} clips to {side.name.lower()}")

    def stop(self, side: Side) -> None:
        """Stop what is being said to a side."""
        self._do(lib.kl_call_stop(self._engine.handle, self.id, side), "stop")

    def tone(self, tone: Tone) -> None:
        """A tone to the caller until another, or Tone.NONE."""
        self._do(lib.kl_call_tone(self._engine.handle, self.id, tone), "tone")

    def record(self, path: str | PathLike[str], *, key: bytes, head: bytes = b"{}", rate: int = FAR_RATE) -> None:
        """Record both voices to a new sealed file: left the caller, rate 8000 or 16000, under a key of 32 bytes that no
        other file has. `head` is kept in clear, at most 4096 bytes. Refused on a privileged call.
        """
        if len(key) != lib.KL_RECORDING_KEY_BYTES or len(head) > lib.KL_RECORDING_HEAD_MOST:
            raise ValueError(f"a key has {lib.KL_RECORDING_KEY_BYTES} bytes, a head at most {lib.KL_RECORDING_HEAD_MOST}")
        name, secret, text = ffi.new("char[]", fsencode(path)), ffi.from_buffer(key), ffi.from_buffer(head)
        recording = ffi.new("kl_recording *", (name, secret, text, len(head), rate))
        self._do(lib.kl_call_record(self._engine.handle, self.id, recording), f"recording to {fsencode(path)!r}")

    def record_stop(self) -> None:
        """The file is whole with `RecorderEvent.CLOSED`. Busy when nothing is being recorded."""
        self._do(lib.kl_call_record_stop(self._engine.handle, self.id), "end of recording")

    @property
    def counters(self) -> CallCounters:
        """A consistent snapshot."""
        raw = ffi.new("kl_call_counters *")
        self._do(lib.kl_call_get_counters(self._engine.handle, self.id, raw), "counters")
        names = [name for name in CallCounters.__dataclass_fields__ if name not in ("gate", "recording")]
        return CallCounters(**_fields(raw, names), gate=bool(raw.gate), recording=bool(raw.recording))

    def close(self) -> None:
        """End the call; a recording closes whole, what is being played ends as stopped."""
        self._do(lib.kl_call_destroy(self._engine.handle, self.id), "end")


__all__ = [
    "Call", "CallCounters", "CallEvent", "Clip", "Codec", "DtmfMethod", "Engine", "EngineCounters", "EngineError",
    "FarEnd", "Link", "LinkCounters", "LinkEvent", "Play", "Recorded", "RecorderEvent", "Side", "Tone", "recorded",
]
