"""How the lines of calls were."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kinline.store.tables.base import Base


class QualityRow(Base):
    """Of one call, written with its end; percentages are of the packets that were sent."""

    __tablename__ = "call_quality"

    call_id: Mapped[int] = mapped_column(ForeignKey("call.id"), primary_key=True, autoincrement=False)
    codec: Mapped[str] = mapped_column(String(10))
    srtp: Mapped[str | None] = mapped_column(String(40))
    packets: Mapped[int]
    lost_percent: Mapped[float]
    late_percent: Mapped[float]
    jitter_ms: Mapped[float]
    buffer_ms: Mapped[float]
    round_trip_ms: Mapped[float | None]
    far_lost_percent: Mapped[float | None]
    far_jitter_ms: Mapped[float | None]
    mos_caller: Mapped[float]
    mos_called: Mapped[float | None]
