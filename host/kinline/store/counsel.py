"""Calls with counsel: the arrangements that make a number privileged, and what may yet close it. Legal staff's matter."""

from dataclasses import dataclass
from datetime import datetime

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.registers import is_barred
from kinline.store.restrictions import restriction_row
from kinline.store.rows import SYSTEM, inmate_row, insert, moment
from kinline.store.tables.base import AnyRow
from kinline.store.tables.lists import ArrangementRow
from kinline.store.tables.restrictions import DeterminationRow


@dataclass(frozen=True, slots=True)
class ArrangementInfo:
    """`document` is where the request lies on file; `entered_by` the legal staff member who arranged it."""

    id: int
    inmate: str
    number: str
    attorney: str
    document: str
    starts_at: datetime
    ends_at: datetime
    entered_by: str
    entered_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None
    withdrawn_because: str | None


@dataclass(frozen=True, slots=True)
class DeterminationInfo:
    id: int
    restriction: int
    ground: str
    document: str
    entered_by: str
    entered_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None


class Counsel(Database):
    def arrange_counsel(
        self,
        facility: str,
        inmate: str,
        number: str,
        attorney: str,
        document: str,
        starts_at: datetime,
        ends_at: datetime,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Make an attorney's number privileged for an inmate for a time; the arrangement's id.

        Raises StoreError if document or time is missing, Conflict if the number is barred.
        """
        _needed(attorney=attorney, document=document)
        if ends_at <= starts_at:
            raise StoreError("the arrangement ends before it begins; give a later --until")
        with self._writing() as session:
            whose = inmate_row(session, facility, inmate)
            if is_barred(session, number, whose.facility_id, whose.id):
                raise Conflict(f"{number} is in the register of barred numbers; lift the bar first, if that is right")
            row = ArrangementRow(
                inmate_id=whose.id,
                number=number,
                attorney=attorney,
                document=document,
                starts_at=starts_at,
                ends_at=ends_at,
                entered_by=actor,
                entered_at=moment(at),
            )
            details = {"attorney": attorney, "document": document, "from": starts_at.isoformat(), "until": ends_at.isoformat()}
            return insert(session, row, actor, "counsel.arrange", f"{facility}/{inmate}/{number}", "arrangement", at, details)

    def withdraw_arrangement(
        self, arrangement: int, facility: str, reason: str, at: datetime | None = None, actor: str = SYSTEM
    ) -> None:
        """End an arrangement early. Raises NotFound, or Conflict if it has ended."""
        with self._writing() as session:
            row, when = session.get(ArrangementRow, arrangement), moment(at)
            if row is None or row.inmate.facility.code != facility:
                raise NotFound(f"arrangement {arrangement} of {facility} does not exist; list what there is")
            if row.withdrawn_at is not None or row.ends_at <= when:
                raise Conflict(f"arrangement {arrangement} has ended already")
            row.withdrawn_at, row.withdrawn_by, row.withdrawn_because = when, actor, reason
            audit.record(session, when, actor, "counsel.withdraw", str(arrangement), {"reason": reason})

    def arrangements(self, facility: str, inmate: str) -> list[ArrangementInfo]:
        """All that were ever made for an inmate, the first one first."""
        with self._reading() as session:
            rows = inmate_row(session, facility, inmate).arrangements
            return [_arrangement_info(row, inmate) for row in rows]

    def determine_counsel(
        self,
        restriction: int,
        facility: str,
        ground: str,
        document: str,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Find that a restriction or suspension covers calls to counsel too; the determination's id."""
        _needed(ground=ground, document=document)
        with self._writing() as session:
            restricted = restriction_row(session, restriction, facility)
            when = moment(at)
            if restricted.lifted_at is not None or (restricted.ends_at is not None and restricted.ends_at <= when):
                raise Conflict(f"restriction {restriction} has ended already; there is nothing to determine")
            row = DeterminationRow(
                restriction_id=restricted.id, ground=ground, document=document, entered_by=actor, entered_at=when
            )
            details = {"ground": ground, "document": document}
            return insert(session, row, actor, "counsel.determine", str(restriction), "determination", when, details)

    def withdraw_determination(self, determination: int, facility: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Counsel is reached again. Raises NotFound, or Conflict if it was withdrawn before."""
        with self._writing() as session:
            row = session.get(DeterminationRow, determination)
            if row is None:
                raise NotFound(f"determination {determination} of {facility} does not exist; list what there is")
            restriction_row(session, row.restriction_id, facility)
            if row.withdrawn_at is not None:
                raise Conflict(f"determination {determination} was withdrawn already")
            row.withdrawn_at, row.withdrawn_by = moment(at), actor
            details = {"restriction": row.restriction_id}
            audit.record(session, moment(at), actor, "counsel.undetermine", str(determination), details)

    def determinations(self, restriction: int, facility: str) -> list[DeterminationInfo]:
        with self._reading() as session:
            rows = restriction_row(session, restriction, facility).determinations
            return [
                DeterminationInfo(
                    id=row.id,
                    restriction=row.restriction_id,
                    ground=row.ground,
                    document=row.document,
                    entered_by=row.entered_by,
                    entered_at=row.entered_at,
                    withdrawn_at=row.withdrawn_at,
                    withdrawn_by=row.withdrawn_by,
                )
                for row in rows
            ]


def in_force(row: ArrangementRow | AnyRow, at: datetime) -> bool:
    """Whether an arrangement holds at a moment."""
    return row.starts_at <= at < row.ends_at and (row.withdrawn_at is None or at < row.withdrawn_at)


def _needed(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise StoreError(f"the {name} is missing; what concerns counsel is entered with all that is on file")


def _arrangement_info(row: ArrangementRow, inmate: str) -> ArrangementInfo:
    return ArrangementInfo(
        id=row.id,
        inmate=inmate,
        number=row.number,
        attorney=row.attorney,
        document=row.document,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_because=row.withdrawn_because,
    )
