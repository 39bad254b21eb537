"""The audio engine: links to handsets, calls between two ends, prompts, recordings.

Methods may be called from any thread. Events arrive on the bus with the ids of `Link.id` and `Call.id`.
"""

from dataclasses import dataclass
from typing import Any, Self

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Bus
from kinline_engine.calls import (
    AnyCall,
    Call,
    CallCounters,
    CallEvent,
    Codec,
    DtmfMethod,
    FarEnd,
    MonitoredCall,
    Play,
    PrivilegedCall,
    Recorded,
    RecordedCall,
    RecorderEvent,
    RtcpCounters,
    RtpCounters,
    Side,
    Tone,
    recorded,
)
from kinline_engine.clips import Clip
from kinline_engine.errors import EngineError, check
from kinline_engine.links import Link, LinkCounters, LinkEvent
from kinline_engine.monitors import Monitor
from kinline_engine.raw import fields


@dataclass(frozen=True, slots=True)
class EngineCounters:
    """Engine-wide, since creation; `fifo` is whether the audio thread got its real-time priority."""

    rtp_unknown_source: int
    rtp_malformed: int
    rtp_send_failed: int
    rtcp_malformed: int
    rtcp_disbelieved: int
    audio_cpu_ns: int
    wakeups: int
    fifo: bool
    links: int
    calls: int
    clips: int


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
        clean_microphone: bool = False,
        fifo_priority: int = 10,
    ) -> None:
        """rtp_port 0 takes any even port; a call goes on without a handset whose frame is stall_ms late.
        clean_microphone: handsets' without echo and noise, at an even level.

        OSError when the address cannot be bound."""
        self._bus = bus  # must outlive the C engine
        ip = ffi.new("char[]", rtp_bind_ip.encode())
        config = ffi.new(
            "kl_engine_config *",
            (ip, rtp_port, jitter_min_ms, jitter_max_ms, stall_ms, clean_microphone, fifo_priority),
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
        return EngineCounters(**fields(raw, names), fifo=bool(raw.fifo))

    def open_link(self, fd: int) -> Link:
        """A link on an open descriptor, which stays the caller's to close, after `Link.close`."""
        return Link(self, check(lib.kl_link_open(self.handle, fd), f"link on descriptor {fd}"))

    def load_clip(self, samples: bytes) -> Clip:
        """A clip of 16 kHz mono 16-bit samples in the machine's byte order. EngineError when empty or beyond ten minutes."""
        data = ffi.from_buffer("int16_t[]", samples)
        return Clip(self, check(lib.kl_clip_load(self.handle, data, len(data)), f"clip of {len(data)} samples"))

    def create_call(self, link: Link) -> Call:
        """A call on a link, its gate closed, which can be recorded and monitored."""
        return Call(self, self._made(link, lib.KL_CALL_RECORDED | lib.KL_CALL_MONITORED))

    def create_recorded_call(self, link: Link) -> RecordedCall:
        """One that can be recorded only."""
        return RecordedCall(self, self._made(link, lib.KL_CALL_RECORDED))

    def create_monitored_call(self, link: Link) -> MonitoredCall:
        """One that can be monitored only."""
        return MonitoredCall(self, self._made(link, lib.KL_CALL_MONITORED))

    def create_privileged_call(self, link: Link) -> PrivilegedCall:
        """One that can be neither recorded nor monitored, ever."""
        return PrivilegedCall(self, self._made(link, 0))

    def create_bridged_call(self) -> Call:
        """A call between two RTP ends, see `set_near` and `set_far`; its gate closed."""
        return Call(self, self._bridged(lib.KL_CALL_RECORDED | lib.KL_CALL_MONITORED))

    def create_privileged_bridged_call(self) -> PrivilegedCall:
        """The same, that can be neither recorded nor monitored."""
        return PrivilegedCall(self, self._bridged(0))

    def _made(self, link: Link, places: int) -> int:
        return check(lib.kl_call_create(self.handle, link.id, places), f"call on link {link.id}")

    def _bridged(self, places: int) -> int:
        return check(lib.kl_call_create_bridged(self.handle, places), "bridged call")

    def close(self) -> None:
        """End both threads; recordings close whole."""
        if self._engine != ffi.NULL:
            lib.kl_engine_destroy(self._engine)
            self._engine = ffi.NULL

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = [
    "AnyCall",
    "Call",
    "CallCounters",
    "CallEvent",
    "Clip",
    "Codec",
    "DtmfMethod",
    "Engine",
    "EngineCounters",
    "EngineError",
    "FarEnd",
    "Link",
    "LinkCounters",
    "LinkEvent",
    "Monitor",
    "MonitoredCall",
    "Play",
    "PrivilegedCall",
    "Recorded",
    "RecordedCall",
    "RecorderEvent",
    "RtcpCounters",
    "RtpCounters",
    "Side",
    "Tone",
    "recorded",
]
