"""Numbers that are closed: barred from every list (victims, owners who asked), blocked, or closed by how they begin.

A bar closes a number's way onto the lists it covers, and takes it off those that hold it, in the same transaction.
Inmates are not told of it: to them such a number is not approved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Select, bindparam, or_, select
from sqlalchemy.orm import Session

from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound
from kinline.store.given import BarKind
from kinline.store.rows import SYSTEM, called_party, facility_row, inmate_row, insert, moment
from kinline.store.tables.base import AnyRow
from kinline.store.tables.lists import BarRow, BlockRow, ContactRow, ListEventRow, PrefixRow
from kinline.store.tables.people import InmateRow
from kinline.store.tables.places import FacilityRow


@dataclass(frozen=True, slots=True)
class BarInfo:
    """`facility` absent: everywhere; `inmate` absent: every inmate."""

    id: int
    number: str
    facility: str | None
    inmate: str | None
    kind: BarKind
    reference: str
    placed_at: datetime
    placed_by: str


@dataclass(frozen=True, slots=True)
class BarPlaced:
    """`removed_from` are the inmates, as FACILITY/NUMBER, off whose lists the number went."""

    id: int
    removed_from: tuple[str, ...]


class Registers(Database):
    def bar_number(
        self,
        number: str,
        kind: BarKind,
        reference: str,
        facility: str | None = None,
        inmate: str | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> BarPlaced:
        """Bar a number from one inmate's list, a facility's lists, or all (`facility` None), and take it off them.

        `reference` is what is on file: a letter, a court's order. Raises Conflict if the same bar stands already.
        """
        with self._writing() as session:
            home = facility_row(session, facility) if facility is not None else None
            whose = inmate_row(session, facility, inmate) if facility is not None and inmate is not None else None
            return place_bar(session, number, kind, reference, home, whose, moment(at), actor)

    def lift_bar(
        self,
        number: str,
        reason: str,
        facility: str | None = None,
        inmate: str | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Lift the bars on a number for exactly this inmate, facility or everywhere; how many. Lists stay as they are."""
        with self._writing() as session:
            home = facility_row(session, facility).id if facility is not None else None
            whose = inmate_row(session, facility, inmate).id if facility is not None and inmate is not None else None
            rows = [row for row in _standing_bars(session, number) if (row.facility_id, row.inmate_id) == (home, whose)]
            if not rows:
                raise NotFound(f"{number} is not barred {_where(facility, inmate)}; list what is barred")
            for row in rows:
                row.lifted_at, row.lifted_by, row.lift_reason = moment(at), actor, reason
            subject = _subject(number, facility, inmate)
            audit.record(session, moment(at), actor, "number.unbar", subject, {"bars": len(rows), "reason": reason})
            return len(rows)

    def barred_numbers(self, facility: str | None = None) -> list[BarInfo]:
        """The bars that stand; with a facility, those that hold there."""
        with self._reading() as session:
            query = (
                select(BarRow, FacilityRow.code, InmateRow.number)
                .outerjoin(FacilityRow, FacilityRow.id == BarRow.facility_id)
                .outerjoin(InmateRow, InmateRow.id == BarRow.inmate_id)
                .where(BarRow.lifted_at.is_(None))
                .order_by(BarRow.id)
            )
            if facility is not None:
                home = facility_row(session, facility)
                query = query.where(or_(BarRow.facility_id.is_(None), BarRow.facility_id == home.id))
            return [
                BarInfo(
                    id=row.id,
                    number=row.number,
                    facility=code,
                    inmate=inmate,
                    kind=row.kind,  # type: ignore[arg-type]
                    reference=row.reference,
                    placed_at=row.placed_at,
                    placed_by=row.placed_by,
                )
                for row, code, inmate in session.execute(query)
            ]

    def block_number(
        self,
        number: str,
        by: Literal["called_party", "staff"],
        facility: str | None = None,
        note: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> bool:
        """Refuse calls to a number, from one facility or from all; False if that block stands already."""
        with self._writing() as session:
            home = facility_row(session, facility) if facility is not None else None
            return place_block(session, number, by, home.id if home else None, moment(at), note, actor)

    def unblock_number(self, number: str, facility: str | None = None, actor: str = SYSTEM) -> int:
        """Lift the standing blocks on a number (of one facility, or all); how many were lifted."""
        with self._writing() as session:
            rows = standing_blocks(session, number)
            if facility is not None:
                home = facility_row(session, facility).id
                rows = [row for row in rows if row.facility_id == home]
            for row in rows:
                row.lifted_at = moment(None)
            if rows:
                audit.record(session, moment(None), actor, "number.unblock", number, {"blocks": len(rows)})
            return len(rows)

    def block_prefix(
        self,
        prefix: str,
        facility: str | None = None,
        third_party: bool = False,
        note: str = "",
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Refuse calls to every number that begins so; `third_party` marks a service that passes calls on."""
        with self._writing() as session:
            home = facility_row(session, facility) if facility is not None else None
            where = home.id if home else None
            same = [row for row in closed_prefixes(session, where) if row.prefix == prefix and row.third_party == third_party]
            if any(row.facility_id == where for row in same):
                raise Conflict(f"numbers with {prefix} are blocked already {_where(facility, None)}")
            row = PrefixRow(
                prefix=prefix,
                facility_id=where,
                third_party=third_party,
                note=note,
                placed_at=moment(at),
                placed_by=actor,
            )
            details = {"facility": facility, "third_party": third_party, "note": note}
            return insert(session, row, actor, "prefix.block", prefix, f"a block on {prefix}", at, details)

    def unblock_prefix(self, prefix: str, facility: str | None = None, at: datetime | None = None, actor: str = SYSTEM) -> int:
        """Lift the standing blocks on a prefix (of one facility, or all); how many were lifted."""
        with self._writing() as session:
            query = select(PrefixRow).where(PrefixRow.prefix == prefix, PrefixRow.lifted_at.is_(None))
            if facility is not None:
                query = query.where(PrefixRow.facility_id == facility_row(session, facility).id)
            rows = session.scalars(query).all()
            for row in rows:
                row.lifted_at, row.lifted_by = moment(at), actor
            if rows:
                audit.record(session, moment(at), actor, "prefix.unblock", prefix, {"blocks": len(rows)})
            return len(rows)


def place_bar(
    session: Session,
    number: str,
    kind: BarKind,
    reference: str,
    home: FacilityRow | None,
    inmate: InmateRow | None,
    at: datetime,
    actor: str,
) -> BarPlaced:
    """Bar a number and take it off the lists that the bar covers. Raises Conflict if the same bar stands already."""
    facility, whose = home.code if home else None, inmate.number if inmate else None
    for row in _standing_bars(session, number):
        if (row.kind, row.facility_id, row.inmate_id) == (kind, home.id if home else None, inmate.id if inmate else None):
            raise Conflict(f"{number} is barred already {_where(facility, whose)} (since {row.placed_at:%Y-%m-%d})")
    bar = BarRow(
        number=number,
        facility_id=home.id if home else None,
        inmate_id=inmate.id if inmate else None,
        kind=kind,
        reference=reference,
        placed_at=at,
        placed_by=actor,
    )
    session.add(bar)
    session.flush()
    removed = tuple(_take_off(session, contact, at, actor) for contact in session.scalars(_covered(bar)))
    details = {"kind": kind, "reference": reference, "removed_from": list(removed)}
    audit.record(session, at, actor, "number.bar", _subject(number, facility, whose), details)
    return BarPlaced(bar.id, removed)


def is_barred(at: Session | Connection, number: str, facility_id: int, inmate_id: int | None) -> bool:
    """Whether a bar closes this number to an inmate at a facility, or, with no inmate known, to everyone there."""
    bars = at.execute(_BARS, {"closed": number})
    return any(row.facility_id in (None, facility_id) and row.inmate_id in (None, inmate_id) for row in bars)


def drop_barred(session: Session, inmate: InmateRow, at: datetime, actor: str) -> None:
    """Take what is barred off one inmate's list, as after a move to another facility."""
    for contact in inmate.contacts:
        if contact.status in ("pending", "approved") and is_barred(session, contact.number, inmate.facility_id, inmate.id):
            _take_off(session, contact, at, actor)


def place_block(session: Session, number: str, by: str, facility_id: int | None, at: datetime, note: str, actor: str) -> bool:
    """Place a block inside a transaction; False if the same one stands already."""
    called_party(session, number)
    for row in standing_blocks(session, number):
        if row.by == by and row.facility_id in (facility_id, None):
            return False
    session.add(BlockRow(number=number, facility_id=facility_id, by=by, placed_at=at, note=note))
    audit.record(session, at, actor, "number.block", number, {"by": by, "facility_id": facility_id, "note": note})
    return True


# What is asked between the last digit and the call is put together once, and of columns: that costs more than asking.
_BLOCKS = select(BlockRow).where(BlockRow.number == bindparam("closed"), BlockRow.lifted_at.is_(None))
_BLOCKERS = select(BlockRow.by).where(
    BlockRow.number == bindparam("closed"),
    BlockRow.lifted_at.is_(None),
    or_(BlockRow.facility_id.is_(None), BlockRow.facility_id == bindparam("home")),
)
_BARS = select(BarRow.facility_id, BarRow.inmate_id).where(BarRow.number == bindparam("closed"), BarRow.lifted_at.is_(None))
_PREFIXES = select(PrefixRow.prefix, PrefixRow.third_party, PrefixRow.facility_id).where(
    PrefixRow.lifted_at.is_(None), or_(PrefixRow.facility_id.is_(None), PrefixRow.facility_id == bindparam("home"))
)


def _standing_bars(session: Session, number: str) -> Sequence[BarRow]:
    return session.scalars(select(BarRow).where(BarRow.number == number, BarRow.lifted_at.is_(None))).all()


def standing_blocks(session: Session, number: str) -> Sequence[BlockRow]:
    return session.scalars(_BLOCKS, {"closed": number}).all()


def blockers(connection: Connection, number: str, facility_id: int) -> frozenset[str]:
    """Who closes a number at a facility: "called_party", "staff"."""
    return frozenset(connection.scalars(_BLOCKERS, {"closed": number, "home": facility_id}))


def closed_prefixes(at: Session | Connection, facility_id: int | None) -> Sequence[AnyRow]:
    """The prefixes that are blocked, or mark third-party services, at a facility; those of all, without one."""
    return at.execute(_PREFIXES, {"home": facility_id}).all()


def _covered(bar: BarRow) -> Select[ContactRow]:
    query = select(ContactRow).join(InmateRow).where(ContactRow.number == bar.number)
    query = query.where(ContactRow.status.in_(("pending", "approved")))
    if bar.inmate_id is not None:
        return query.where(InmateRow.id == bar.inmate_id)
    return query if bar.facility_id is None else query.where(InmateRow.facility_id == bar.facility_id)


def _take_off(session: Session, contact: ContactRow, at: datetime, actor: str) -> str:
    contact.status, contact.dial, contact.reason = "removed", None, "barred"
    contact.decided_at, contact.decided_by = at, actor
    event = ListEventRow(
        inmate_id=contact.inmate_id, number=contact.number, at=at, deed="removed", by=actor, reason="barred", counts=False
    )
    session.add(event)
    return f"{contact.inmate.facility.code}/{contact.inmate.number}"


def _where(facility: str | None, inmate: str | None) -> str:
    if facility is None:
        return "everywhere"
    return f"at {facility}" if inmate is None else f"for inmate {inmate} of {facility}"


def _subject(number: str, facility: str | None, inmate: str | None) -> str:
    return "/".join(part for part in (facility, inmate, number) if part is not None)
