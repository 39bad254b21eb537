"""Who is at a telephone: PINs given, changed and checked, and the locks that guessing leads to."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kinline.accounts.lockout import INMATE, PAIR, TELEPHONE, Forgiveness, Lockout
from kinline.accounts.pins import PinBook, easily_guessed
from kinline.rules.profile import PinMode
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.inmates import InmateInfo, give_pin, inmate_info, pin_refused, refuse_taken
from kinline.store.places import pin_mode_at
from kinline.store.rows import SYSTEM, facility_row, handset_row, inmate_row, moment, one
from kinline.store.tables.people import InmateRow, PinMissRow
from kinline.store.tables.places import FacilityRow, HandsetRow

MADE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class PinFound:
    inmate: InmateInfo


@dataclass(frozen=True, slots=True)
class PinWrong:
    """`locked_until` is set when this miss locked the handset, or this inmate's number."""

    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class PinLocked:
    locked_until: datetime


PinAnswer = PinFound | PinWrong | PinLocked


class _Counted(Protocol):
    pin_misses: int
    lock_level: int
    locked_until: datetime | None


class Pins(Database):
    _pins: PinBook

    def set_pin(self, facility: str, number: str, pin: str, actor: str = SYSTEM) -> None:
        """Give an inmate the PIN that they chose. Raises PinError, or Conflict where PINs are told apart and it is taken."""
        with self._writing() as session:
            row = inmate_row(session, facility, number)
            give_pin(self._pins, row, row.facility, pin)
            refuse_taken(session, row)
            try:
                session.flush()
            except IntegrityError as error:  # another host gave it in this very moment
                raise pin_refused(row) from error
            _unlock(session, row)
            audit.record(session, moment(None), actor, "inmate.set-pin", f"{facility}/{number}")

    def issue_pin(self, facility: str, number: str, at: datetime | None = None, actor: str = SYSTEM) -> str:
        """Make a new PIN, which nobody else of a PIN-only facility has; the old one is gone. It is told this once."""
        with self._writing() as session:
            row = inmate_row(session, facility, number)
            pin = self._make_pin(session, row)
            _unlock(session, row)
            audit.record(session, moment(at), actor, "inmate.issue-pin", f"{facility}/{number}")
            return pin

    def unlock_pin(self, facility: str, number: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """End the locks that wrong PINs brought on an inmate's number."""
        with self._writing() as session:
            _unlock(session, inmate_row(session, facility, number))
            audit.record(session, moment(at), actor, "inmate.unlock-pin", f"{facility}/{number}")

    def set_facility_pin_mode(
        self, facility: str, mode: PinMode, at: datetime | None = None, actor: str = SYSTEM
    ) -> dict[str, str]:
        """Change how a facility asks who is there; the PINs that had to be made, by inmate number, told this once.

        By PIN alone, PINs must differ, and PINs chosen before cannot be compared: every inmate gets a new one.
        """
        with self._writing() as session:
            home = facility_row(session, facility)
            changed, home.pin_mode = home.pin_mode != mode, mode
            if mode != "pin":
                session.execute(update(InmateRow).where(InmateRow.facility_id == home.id).values(pin_index=None))
                override = update(HandsetRow).where(HandsetRow.facility_id == home.id, HandsetRow.pin_mode == "pin")
                session.execute(override.values(pin_mode=None))
            made: dict[str, str] = {}
            if changed and mode == "pin":
                inmates = select(InmateRow).where(InmateRow.facility_id == home.id, InmateRow.status == "active")
                made = {row.number: self._make_pin(session, row) for row in session.scalars(inmates.order_by(InmateRow.number))}
            audit.record(session, moment(at), actor, "facility.pin-mode", facility, {"pin_mode": mode, "new_pins": len(made)})
            return made

    def inmate_by_pin(self, device_id: str, inmate_number: str | None, pin: str, at: datetime) -> PinAnswer:
        """Who is at the handset. Counts misses as `kinline.accounts.lockout` says, in the database.

        `inmate_number` is None where PINs alone tell who it is. Whatever was keyed is answered, never raised on.
        Nothing is locked while the slow hash is at work; what it found counts only if no lock fell meanwhile.
        """
        with self._reading() as session:
            handset = handset_row(session, device_id)
            mode = pin_mode_at(handset)
            if mode == "none":  # nobody was asked, so nobody is known and nothing was missed
                return PinWrong(None)
            inmate = self._candidate(session, handset.facility, mode, inmate_number, pin)
            pair = session.get(PinMissRow, (handset.id, inmate.id)) if inmate is not None and mode == "id+pin" else None
            if until := _locked_until((handset, pair, inmate if mode == "id+pin" else None), at):
                return PinLocked(until)
            known, pin_hash = inmate.id if inmate else None, inmate.pin_hash if inmate else None
        found = self._pins.verify(pin_hash, pin)
        with self._calling() as session:
            return _counted(session, device_id, mode, known, pin_hash if found else None, at)

    def _make_pin(self, session: Session, row: InmateRow) -> str:
        while True:
            pin = "".join(secrets.choice("0123456789") for _ in range(MADE_DIGITS))
            index = self._pins.index(row.facility_id, pin)
            holder = select(InmateRow.id).where(InmateRow.facility_id == row.facility_id, InmateRow.pin_index == index)
            if session.scalar(holder) is None and not easily_guessed(pin):
                give_pin(self._pins, row, row.facility, pin)
                session.flush()
                return pin

    def _candidate(
        self, session: Session, facility: FacilityRow, mode: PinMode, inmate_number: str | None, pin: str
    ) -> InmateRow | None:
        query = select(InmateRow).where(InmateRow.facility_id == facility.id)
        if mode == "pin":
            return session.scalar(query.where(InmateRow.pin_index == self._pins.index(facility.id, pin)))
        # PostgreSQL refuses some characters that no inmate number has.
        number = inmate_number if inmate_number and inmate_number.isprintable() else ""
        return session.scalar(query.where(InmateRow.number == number))


def _lock(row: _Counted) -> Lockout:
    return Lockout(row.pin_misses, row.lock_level, row.locked_until)


def _keep(row: _Counted, lock: Lockout) -> None:
    row.pin_misses, row.lock_level, row.locked_until = lock.misses, lock.level, lock.locked_until


def _locked_until(rows: Iterable[_Counted | None], at: datetime) -> datetime | None:
    locks = [_lock(row) for row in rows if row is not None]
    return max((lock.locked_until for lock in locks if lock.locked_until and lock.locked(at)), default=None)


def _counted(
    session: Session, device_id: str, mode: PinMode, inmate_id: int | None, right_hash: str | None, at: datetime
) -> PinAnswer:
    """Count a hit (`right_hash` is the hash that the PIN fits) or a miss, one after another for the same rows."""
    telephone = select(HandsetRow).where(HandsetRow.device_id == device_id).with_for_update(of=HandsetRow, key_share=True)
    handset = one(session, telephone, f"handset {device_id!r}")
    inmate = session.get(InmateRow, inmate_id, with_for_update={"of": InmateRow, "key_share": True}) if inmate_id else None
    # Found by the PIN itself, an inmate has no misses: a wrong PIN meets nobody, or somebody else.
    pair = _pair(session, handset, inmate) if inmate is not None and mode == "id+pin" else None
    counted = (handset, pair, inmate if pair else None)
    if until := _locked_until(counted, at):
        return PinLocked(until)
    if right_hash is not None and inmate is not None and inmate.pin_hash == right_hash and inmate.status == "active":
        _count_success(handset, pair, inmate, at)
        return PinFound(inmate_info(inmate))
    _keep(handset, _lock(handset).missed(at, TELEPHONE))
    if pair is not None and inmate is not None:
        _count_miss(session, pair, inmate, at)
    return PinWrong(_locked_until(counted, at))


def _pair(session: Session, handset: HandsetRow, inmate: InmateRow) -> PinMissRow:
    row = session.get(PinMissRow, (handset.id, inmate.id))
    if row is None:
        row = PinMissRow(handset_id=handset.id, inmate_id=inmate.id, pin_misses=0, lock_level=0)
        session.add(row)
        session.flush()
    return row


def _count_success(handset: HandsetRow, pair: PinMissRow | None, inmate: InmateRow, at: datetime) -> None:
    kept = Forgiveness(inmate.misses_forgiven, inmate.forgiven_since)
    forgiven, kept = kept.forgive(handset.pin_misses, at)
    inmate.misses_forgiven, inmate.forgiven_since = kept.used, kept.since
    _keep(handset, _lock(handset).succeeded(forgiven))
    if pair is not None:
        _keep(pair, _lock(pair).succeeded())
    _keep(inmate, _lock(inmate).succeeded())


def _count_miss(session: Session, pair: PinMissRow, inmate: InmateRow, at: datetime) -> None:
    _keep(pair, _lock(pair).missed(at, PAIR))
    _keep(inmate, after := _lock(inmate).missed(at, INMATE))
    if after.locked(at):
        # Somebody is guessing at this inmate's PIN: staff see it where they look at what happened.
        details = {"misses": INMATE.misses, "locked_until": after.locked_until.isoformat() if after.locked_until else None}
        audit.record(session, at, SYSTEM, "inmate.pin-guessed", f"{inmate.facility.code}/{inmate.number}", details)


def _unlock(session: Session, row: InmateRow) -> None:
    _keep(row, Lockout())
    session.execute(delete(PinMissRow).where(PinMissRow.inmate_id == row.id))
