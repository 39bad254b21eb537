"""The audio engine as the daemon uses it; beside kinline.switch the only importer of kinline_engine."""

from kinline_engine.bus import Bus, Event, Source
from kinline_engine.detect import Phase as Listening
from kinline_engine.detect import heard
from kinline_engine.engine import (
    AnyCall,
    Call,
    CallEvent,
    Clip,
    Codec,
    Engine,
    FarEnd,
    Link,
    LinkEvent,
    Monitor,
    MonitoredCall,
    Play,
    PrivilegedCall,
    Recorded,
    RecordedCall,
    RecorderEvent,
    RtpCounters,
    Side,
    Tone,
    recorded,
)
from kinline_engine.errors import EngineError
from kinline_engine.tty import send as typed

__all__ = [
    "AnyCall",
    "Bus",
    "Call",
    "CallEvent",
    "Clip",
    "Codec",
    "Engine",
    "EngineError",
    "Event",
    "FarEnd",
    "Link",
    "LinkEvent",
    "Listening",
    "Monitor",
    "MonitoredCall",
    "Play",
    "PrivilegedCall",
    "Recorded",
    "RecordedCall",
    "RecorderEvent",
    "RtpCounters",
    "Side",
    "Source",
    "Tone",
    "heard",
    "recorded",
    "typed",
]
