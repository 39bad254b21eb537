"""How a call's line was, from the engine's counters, for its record."""

from kinline.calls.quality import Quality, Received, Reported, judge
from kinline.media import AnyCall, Codec, RtpCounters


def measured(call: AnyCall, codec: Codec, srtp: str | None) -> Quality | None:
    """None when the far end has sent nothing. EngineError when the engine has no such call."""
    return judge(codec.name, srtp, *_figures(call.counters.far))


def _figures(far: RtpCounters) -> tuple[Received, Reported | None]:
    told = far.reports
    received = Received(
        arrived=far.received - far.duplicate - far.foreign,
        lost=far.lost,
        late=far.late,
        jitter_ms=far.jitter_us / 1000,
        buffer_ms=far.mean_delay_ms,
        round_trip_ms=told.round_trip_us / 1000 if told.round_trip_us else None,
    )
    return received, Reported(told.sent_then, told.lost, told.jitter_us / 1000) if told.reports else None
