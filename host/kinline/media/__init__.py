"""The audio engine as the daemon uses it; beside kinline.switch the only importer of kinline_engine."""

from kinline_engine.bus import Bus, Event, Source
from kinline_engine.detect import Phase as Listening
from kinline_engine.detect import heard
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
    "Listening",
    "Play",
    "RecorderEvent",
    "Side",
    "Source",
    "Tone",
    "heard",
    "recorded",
]
