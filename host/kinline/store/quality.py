"""How the lines of calls were, kept beside their records."""

from collections.abc import Iterable
from dataclasses import asdict, fields

from sqlalchemy import select
from sqlalchemy.orm import Session

from kinline.calls.quality import Quality
from kinline.store.tables.quality import QualityRow

_NAMES = [field.name for field in fields(Quality)]


def keep_quality(session: Session, call_id: int, quality: Quality) -> None:
    session.add(QualityRow(call_id=call_id, **asdict(quality)))


def qualities(session: Session, call_ids: Iterable[int]) -> dict[int, Quality]:
    """Of those of the calls that have one."""
    rows = session.scalars(select(QualityRow).where(QualityRow.call_id.in_(list(call_ids))))
    return {row.call_id: Quality(**{name: getattr(row, name) for name in _NAMES}) for row in rows}
