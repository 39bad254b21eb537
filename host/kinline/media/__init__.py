"""The audio engine as the daemon uses it; beside kinline.switch the only importer of kinline_engine."""

from kinline_engine.bus import Bus, Event, Source
from kinline_engine.engine import (
    Call,
    CallEvent,
    Clip,
    Codec,
    Engine,
    FarEnd,
    Link,
    LinkEvent,
    Play,
    Recorded,
    RecorderEvent,
    Side,
    Tone,
    recorded,
)
from kinline_engine.errors import EngineError

__all__ = [
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
    "Play",
    "Recorded",
    "RecorderEvent",
    "Side",
    "Source",
    "Tone",
    "recorded",
]
