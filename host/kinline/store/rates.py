"""A facility's own prices, each from its day on."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kinline.accounts.rates import ALWAYS_FREE, RateError, RateLine, check_free_of, told
from kinline.store import audit
from kinline.store.accounts import SYSTEM
from kinline.store.database import Database
from kinline.store.errors import NotFound
from kinline.store.models import FacilityRow
from kinline.store.tables.money import RateRow


class Rates(Database):
    def set_rate(self, facility: str, line: RateLine, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Add a price from a day on; one without an end that stands before it ends on that day.

        Raises RateError for a day that has begun already elsewhere than today, or that another line has: a price that
        somebody paid is never rewritten.
        """
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            home = _facility(session, facility)
            today = moment.astimezone(ZoneInfo(home.timezone)).date()
            if line.since is None or line.since < today:
                raise RateError(f"a price begins today ({today}) or later; write --from {today} or a later day")
            if line.number_class in ALWAYS_FREE:
                raise RateError(f"calls to {line.number_class} numbers are free; no price can be set for them")
            rows = session.scalars(_of(home).where(RateRow.number_class.is_not_distinct_from(line.number_class))).all()
            for row in rows:
                if row.until is None and row.since < line.since:
                    row.until = line.since
            check_free_of(line, [_line(row) for row in rows])
            session.add(
                RateRow(
                    facility_id=home.id,
                    number_class=line.number_class,
                    micros_per_minute=line.micros_per_minute,
                    since=line.since,
                    until=line.until,
                    source=line.source,
                    entered_at=moment,
                )
            )
            audit.record(session, moment, actor, "rate.set", facility, {"rate": told(line), "source": line.source})

    def end_rate(
        self, facility: str, number_class: str | None, until: date, at: datetime | None = None, actor: str = SYSTEM
    ) -> RateLine:
        """Let the price that stands for a class end: from `until` on the profile's holds. Raises RateError or NotFound."""
        moment = at or datetime.now(UTC)
        with self._writing() as session:
            home = _facility(session, facility)
            today = moment.astimezone(ZoneInfo(home.timezone)).date()
            if until < today:
                raise RateError(f"a price ends today ({today}) or later")
            query = _of(home).where(RateRow.number_class.is_not_distinct_from(number_class), RateRow.until.is_(None))
            row = session.scalar(query)
            if row is None:
                raise NotFound(f"{facility} has no open price for {number_class or 'all'} numbers; kinline rate list shows them")
            ended = replace(_line(row), until=until)
            row.until = until
            audit.record(session, moment, actor, "rate.end", facility, {"rate": told(ended)})
            return ended

    def rates(self, facility: str) -> tuple[RateLine, ...]:
        """A facility's own lines, class by class and day by day. Raises NotFound."""
        with self._reading() as session:
            return lines_of(session, _facility(session, facility))


def lines_of(session: Session, home: FacilityRow) -> tuple[RateLine, ...]:
    return tuple(_line(row) for row in session.scalars(_of(home)))


def _of(home: FacilityRow) -> Select[RateRow]:
    return select(RateRow).where(RateRow.facility_id == home.id).order_by(RateRow.number_class, RateRow.since)


def _facility(session: Session, code: str) -> FacilityRow:
    row = session.scalar(select(FacilityRow).where(FacilityRow.code == code))
    if row is None:
        raise NotFound(f"facility {code!r} does not exist; kinline facility list shows those that do")
    return row


def _line(row: RateRow) -> RateLine:
    return RateLine(
        micros_per_minute=row.micros_per_minute,
        source=row.source,
        number_class=row.number_class,
        since=row.since,
        until=row.until,
    )
