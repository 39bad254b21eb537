"""Calls: what passes between two parties, what they are told, what is kept of it."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from os import PathLike, fsencode
from typing import Any

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Event
from kinline_engine.clips import Clip
from kinline_engine.detect import Phase
from kinline_engine.errors import check
from kinline_engine.monitors import Monitor
from kinline_engine.raw import Owner, fields
from kinline_engine.srtp import Crypto


class CallEvent(IntEnum):
    """Kinds from `Source.CALL`."""

    PLAYED = lib.KL_CALL_PLAYED  # code: token
    STOPPED = lib.KL_CALL_STOPPED  # code: token
    DTMF = lib.KL_CALL_DTMF  # code: digit, data: a byte of DtmfMethod, one of Side
    RTP_SILENT = lib.KL_CALL_RTP_SILENT  # code: Side
    RTP_RESUMED = lib.KL_CALL_RTP_RESUMED  # code: Side
    RTP_BAD = lib.KL_CALL_RTP_BAD  # code: Side; the first bad packet, the counters tell how many
    RTCP_BAD = lib.KL_CALL_RTCP_BAD  # code: Side; the first report that is malformed or not believed
    SIGN = lib.KL_CALL_SIGN  # code: Sign, data: see detect.heard
    TEXT = lib.KL_CALL_TEXT  # code: Side, data: ASCII that was typed there on a text telephone


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
    G722 = lib.KL_CODEC_G722


class Side(IntEnum):
    """Which end of a call: the caller's (near), the called party's (far), or both."""

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
class FarEnd:
    """Where and how an RTP end's media goes, as agreed in SDP. Type 0: no telephone-event, no comfort noise. `ip` 0.0.0.0:
    nothing at all is sent, and it is heard where it was."""

    ip: str
    port: int
    codec: Codec = Codec.PCMU
    payload_type: int = 0
    dtmf_type: int = 101
    comfort_type: int = 0
    crypto: Crypto | None = None  # None: in clear
    rtcp_port: int = 0  # 0: the one after; `port` itself: both share it (RFC 5761)
    held: bool = False  # it takes no audio; what is said to it passes unheard


@dataclass(frozen=True, slots=True)
class RtcpCounters:
    """Of one RTP leg's reports: how many, and what the other end says of what it had from us (`reports` of these were about
    us and believed). `lost` is of the `sent_then` packets that were sent as it said so, `fraction_lost` of 256 since its
    report before, `round_trip_us` the mean; 0: none."""

    sent: int
    received: int
    malformed: int
    disbelieved: int
    reports: int
    sent_then: int
    lost: int
    fraction_lost: int
    jitter_us: int
    round_trip_us: int


@dataclass(frozen=True, slots=True)
class RtpCounters:
    """Of one RTP leg. Packets, unless the name says otherwise."""

    sent: int
    received: int
    bytes: int
    lost: int
    reordered: int
    duplicate: int
    late: int
    foreign: int
    flooded: int
    unwanted: int
    unauthentic: int
    replayed: int
    concealed_samples: int
    jitter_us: int
    delay_ms: int
    mean_delay_ms: int
    reports: RtcpCounters


@dataclass(frozen=True, slots=True)
class CallCounters:
    """Of one call: stretches of up to 20 ms from the near side, 20 ms periods without one; rms is of 16-bit samples.

    `near` is all zeros in a handset's call."""

    near_frames: int
    near_stalled: int
    near_rms: int
    far_rms: int
    gate: bool
    recording: bool
    monitors: int
    near: RtpCounters
    far: RtpCounters


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


def _rtp(raw: Any) -> RtpCounters:
    own = [name for name in RtpCounters.__dataclass_fields__ if name != "reports"]
    reports = RtcpCounters(**fields(raw.reports, tuple(RtcpCounters.__dataclass_fields__)))
    return RtpCounters(**fields(raw, tuple(own)), reports=reports)


class AnyCall:
    """What can be done with every call. Whether it can be recorded or monitored is in its type, as in the engine's."""

    def __init__(self, engine: Owner, id: int) -> None:
        self._engine = engine
        self.id = id

    def _do(self, result: int, what: str) -> None:
        check(result, f"{what}, call {self.id}")

    def _set_end(self, function: Callable[..., int], end: FarEnd, which: str) -> None:
        ip = ffi.new("char[]", end.ip.encode())
        raw = ffi.new("kl_call_far_end *", (ip, end.port, end.codec, end.payload_type, end.dtmf_type, end.comfort_type))
        raw.rtcp_port = end.rtcp_port
        raw.held = end.held
        if end.crypto:
            keys = [ffi.new("uint8_t[]", key) for key in (end.crypto.send_key, end.crypto.receive_key)]
            raw.srtp = end.crypto.suite
            raw.send_key, raw.receive_key = keys
        self._do(function(self._engine.handle, self.id, raw), f"{which} end {end.ip}:{end.port}")

    def set_far(self, far: FarEnd) -> None:
        """Where RTP goes to and comes from. Busy when another leg has that address and port."""
        self._set_end(lib.kl_call_far, far, "far")

    def clear_far(self) -> None:
        """The far end is gone: nothing is sent there or taken from there."""
        self._do(lib.kl_call_far_clear(self._engine.handle, self.id), "far end")

    def set_near(self, near: FarEnd) -> None:
        """The near end of a bridged call. EngineError (EOPNOTSUPP) when it is a handset."""
        self._set_end(lib.kl_call_near, near, "near")

    def clear_near(self) -> None:
        """The near end of a bridged call is gone."""
        self._do(lib.kl_call_near_clear(self._engine.handle, self.id), "near end")

    def gate(self, open: bool) -> None:
        """Let the parties hear each other, or not. While open, in-band digits are not detected: see detect."""
        self._do(lib.kl_call_gate(self._engine.handle, self.id, open), "gate")

    def listen(self, phase: Phase) -> None:
        """What to listen for from now on; signs come as `CallEvent.SIGN`. In a talk, text telephones are read.

        Refused for Phase.TALK on a call without a recorder's place: Phase.TTY recognises text telephones, and reads nothing.
        Phase.ANSWER is refused while the gate is open."""
        self._do(lib.kl_call_listen(self._engine.handle, self.id, phase), f"listening for {phase.name.lower()}")

    def volume(self, db: int) -> None:
        """The receiver's gain, 0 to 24 dB. EngineError (EOPNOTSUPP) for a bridged call."""
        self._do(lib.kl_call_volume(self._engine.handle, self.id, db), f"volume of {db} dB")

    def tone_safe(self, on: bool) -> None:
        """Let tones pass as they are (TTY): no echo cancelling, gain control, comfort noise, stretching or volume."""
        self._do(lib.kl_call_tone_safe(self._engine.handle, self.id, on), "tones as they are")

    def detect(self, on: bool) -> None:
        """In-band digits of the RTP ends; RFC 4733 digits are always reported."""
        self._do(lib.kl_call_detect(self._engine.handle, self.id, on), "digit detection")

    def play(self, side: Side, clips: Sequence[Clip], mode: Play = Play.QUEUE, token: int = 0) -> None:
        """Clips one after another. Ends with `CallEvent.PLAYED`, or STOPPED when it was not heard to the end.

        EngineError (ENOTCONN) for an RTP side without an end; Busy when 64 clips of a side wait."""
        ids = [clip.id for clip in clips]
        result = lib.kl_call_play(self._engine.handle, self.id, side, ids, len(ids), mode, token)
        self._do(result, f"play {len(ids)} clips to {side.name.lower()}")

    def stop(self, side: Side) -> None:
        """Stop what is being said to a side."""
        self._do(lib.kl_call_stop(self._engine.handle, self.id, side), "stop")

    def tone(self, tone: Tone) -> None:
        """A tone to the caller until another, or Tone.NONE."""
        self._do(lib.kl_call_tone(self._engine.handle, self.id, tone), "tone")

    @property
    def counters(self) -> CallCounters:
        """A consistent snapshot."""
        raw = ffi.new("kl_call_counters *")
        self._do(lib.kl_call_get_counters(self._engine.handle, self.id, raw), "counters")
        return CallCounters(
            **fields(raw, ("near_frames", "near_stalled", "near_rms", "far_rms")),
            gate=bool(raw.gate),
            recording=bool(raw.recording),
            monitors=int(raw.monitors),
            near=_rtp(raw.near),
            far=_rtp(raw.far),
        )

    def close(self) -> None:
        """End the call; a recording closes whole, what is being played ends as stopped."""
        self._do(lib.kl_call_destroy(self._engine.handle, self.id), "end")


class PrivilegedCall(AnyCall):
    """One that nobody can record or overhear, as with an attorney: the engine has made it without a place for either."""


class RecordedCall(AnyCall):
    """One that was made with a place for a recorder."""

    def record(self, path: str | PathLike[str], *, key: bytes, head: bytes = b"{}", rate: int = 8000) -> None:
        """Record both voices to a new sealed file: left the caller, rate 8000 or 16000, under a key of 32 bytes that no
        other file has. `head` is kept in clear, at most 4096 bytes. What the disk refuses comes as an event.
        """
        if len(key) != lib.KL_RECORDING_KEY_BYTES or len(head) > lib.KL_RECORDING_HEAD_MOST:
            raise ValueError(f"a key has {lib.KL_RECORDING_KEY_BYTES} bytes, a head at most {lib.KL_RECORDING_HEAD_MOST}")
        name, secret, text = ffi.new("char[]", fsencode(path)), ffi.from_buffer(key), ffi.from_buffer(head)
        recording = ffi.new("kl_recording *", (name, secret, text, len(head), rate))
        self._do(lib.kl_call_record(self._engine.handle, self.id, recording), f"recording to {fsencode(path)!r}")

    def record_stop(self) -> None:
        """The file is whole with `RecorderEvent.CLOSED`. Busy when nothing is being recorded."""
        self._do(lib.kl_call_record_stop(self._engine.handle, self.id), "end of recording")


class MonitoredCall(AnyCall):
    """One that was made with a place for staff who listen."""

    def monitor(self) -> Monitor:
        """Listen from now on. EngineError (EUSERS) when four do already. Close it before the engine."""
        return Monitor(self._engine, self.id)


class Call(RecordedCall, MonitoredCall):
    """One that was made with a place for both."""
