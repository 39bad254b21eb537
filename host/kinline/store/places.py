"""Facilities, their living units and telephones, and the lines that a facility opens to everyone."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from kinline.rules.model import NumberClass, Window
from kinline.rules.profile import NamedNumber, PinMode
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, StoreError
from kinline.store.given import OwnLimits, PinModeOf
from kinline.store.restrictions import standing, whole_facility
from kinline.store.rows import SYSTEM, facility_row, handset_row, insert, moment, one, unit_id, unit_row
from kinline.store.tables.base import AnyRow
from kinline.store.tables.places import FacilityRow, HandsetRow, NamedLineRow, OwnRules, UnitRow


@dataclass(frozen=True, slots=True)
class HandsetInfo:
    """A handset as the daemon needs it. `psk` is the device's 16-byte key and never shown or logged."""

    id: int
    device_id: str
    psk: bytes
    facility: str
    facility_name: str
    timezone: str
    profile: str
    pin_mode: PinMode
    unit: str | None
    label: str
    enabled: bool
    locked_until: datetime | None
    text_telephone: bool

    def __repr__(self) -> str:
        return f"HandsetInfo(device_id={self.device_id!r}, facility={self.facility!r}, unit={self.unit!r})"


@dataclass(frozen=True, slots=True)
class FacilityInfo:
    """`suspended` is whether calls from all of it are stopped now, until staff lift that or until its end."""

    id: int
    code: str
    name: str
    timezone: str
    profile: str
    pin_mode: PinMode
    caller_id: str | None
    local_prefixes: tuple[str, ...]
    suspended: bool


@dataclass(frozen=True, slots=True)
class UnitInfo:
    name: str
    windows: tuple[Window, ...] | None
    call_seconds: int | None
    recorded: bool


class Places(Database):
    def add_facility(
        self,
        code: str,
        name: str,
        timezone: str,
        profile: str,
        pin_mode: PinMode = "id+pin",
        caller_id: str | None = None,
        actor: str = SYSTEM,
    ) -> int:
        """Raises Conflict if the code is taken."""
        row = FacilityRow(code=code, name=name, timezone=timezone, profile=profile, pin_mode=pin_mode, caller_id=caller_id)
        with self._writing() as session:
            return insert(session, row, actor, "facility.add", code, f"facility {code}")

    def change_facility(
        self,
        code: str,
        name: str | None = None,
        timezone: str | None = None,
        profile: str | None = None,
        caller_id: str | None = None,
        local_prefixes: Sequence[str] | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> None:
        """Change what is given; the rest stays. An empty `caller_id` leaves it to the profile."""
        wanted = {"name": name, "timezone": timezone, "profile": profile}
        changes: dict[str, object] = {key: value for key, value in wanted.items() if value is not None}
        if caller_id is not None:
            changes["caller_id"] = caller_id or None
        if local_prefixes is not None:
            changes["local_prefixes"] = list(local_prefixes)
        if not changes:
            raise StoreError(f"facility {code}: nothing to change was given")
        with self._writing() as session:
            row = facility_row(session, code)
            for key, value in changes.items():
                setattr(row, key, value)
            audit.record(session, moment(at), actor, "facility.change", code, changes)

    def add_unit(self, facility: str, name: str, windows: Sequence[Window] | None = None, actor: str = SYSTEM) -> int:
        """A living unit, with its own calling windows where it has some."""
        with self._writing() as session:
            home = facility_row(session, facility)
            row = UnitRow(facility_id=home.id, name=name, windows=_windows_json(windows))
            return insert(session, row, actor, "unit.add", f"{facility}/{name}", f"unit {name} of {facility}")

    def add_handset(
        self,
        device_id: str,
        psk: bytes,
        facility: str,
        unit: str | None = None,
        label: str = "",
        actor: str = SYSTEM,
    ) -> int:
        _check_key(psk)
        with self._writing() as session:
            home = facility_row(session, facility)
            row = HandsetRow(
                device_id=device_id,
                psk=psk,
                facility_id=home.id,
                unit_id=unit_id(session, home, unit),
                label=label,
            )
            return insert(session, row, actor, "handset.add", device_id, f"handset {device_id}")

    def limit_place(
        self,
        facility: str,
        limits: OwnLimits,
        unit: str | None = None,
        handset: str | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
    ) -> None:
        """Give a facility, or one of its units or telephones, these limits in place of those it had."""
        with self._writing() as session:
            home = facility_row(session, facility)
            row: OwnRules = home
            subject = facility
            if handset is not None:
                row, subject = _handset_of(handset_row(session, handset), home), handset
            elif unit is not None:
                row, subject = unit_row(session, home, unit), f"{facility}/{unit}"
            row.windows = _windows_json(limits.windows)
            row.call_seconds, row.recorded = limits.call_seconds, limits.recorded
            details = {"windows": row.windows, "call_seconds": row.call_seconds, "recorded": row.recorded}
            audit.record(session, moment(at), actor, "place.limit", subject, details)

    def change_handset(
        self,
        device_id: str,
        unit: str | None = None,
        label: str | None = None,
        enabled: bool | None = None,
        pin_mode: PinModeOf | None = None,
        at: datetime | None = None,
        actor: str = SYSTEM,
        text_telephone: bool | None = None,
    ) -> None:
        """Hang a telephone elsewhere in its facility (an empty `unit`: in none), rename it, or take it in and out of service.

        Raises Conflict where PINs alone cannot tell who it is.
        """
        with self._writing() as session:
            row = handset_row(session, device_id)
            if unit is not None:
                row.unit_id = unit_id(session, row.facility, unit or None)
            row.label = row.label if label is None else label
            row.enabled = row.enabled if enabled is None else enabled
            if pin_mode is not None:
                row.pin_mode = _pin_mode_for(row, pin_mode.own)
            row.text_telephone = row.text_telephone if text_telephone is None else text_telephone
            mode = pin_mode.name if pin_mode else None
            details = {"unit": unit, "label": label, "enabled": enabled, "pin_mode": mode, "text_telephone": text_telephone}
            given = {key: value for key, value in details.items() if value is not None}
            audit.record(session, moment(at), actor, "handset.change", device_id, given)

    def revoke_handset(self, device_id: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Make a stolen telephone's key worthless for ever: out of service, and under a key that nobody has."""
        with self._writing() as session:
            row = handset_row(session, device_id)
            row.enabled, row.psk = False, secrets.token_bytes(len(row.psk))
            audit.record(session, moment(at), actor, "handset.revoke", device_id)

    def rekey_handset(self, device_id: str, psk: bytes, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Give a telephone's station the key of the board that now hangs there, and take it into service.

        Raises Conflict if another telephone has that key.
        """
        _check_key(psk)
        with self._writing() as session:
            row = handset_row(session, device_id)
            other = session.scalar(select(HandsetRow).where(HandsetRow.psk == psk, HandsetRow.id != row.id))
            if other is not None:
                raise Conflict(f"handset {other.device_id} has this key; provision the board with a fresh device file")
            row.enabled, row.psk = True, psk
            audit.record(session, moment(at), actor, "handset.rekey", device_id)

    def add_named_line(self, facility: str, line: NamedNumber, at: datetime | None = None, actor: str = SYSTEM) -> int:
        """Open a line to everyone at a facility. Raises Conflict if its number or short code is taken there."""
        with self._writing() as session:
            home = facility_row(session, facility)
            row = NamedLineRow(
                facility_id=home.id,
                number=line.number,
                label=line.label,
                number_class=line.number_class,
                dial=line.dial,
                without_pin=line.without_pin,
                any_time=line.any_time,
                source=line.source,
                effective=line.effective,
            )
            what = f"a line of {facility} with the number {line.number}" + (f" or the code {line.dial}" if line.dial else "")
            details = {"label": line.label, "class": line.number_class, "dial": line.dial}
            return insert(session, row, actor, "line.open", f"{facility}/{line.number}", what, at, details)

    def remove_named_line(self, facility: str, number: str, at: datetime | None = None, actor: str = SYSTEM) -> None:
        """Raises NotFound."""
        with self._writing() as session:
            home = facility_row(session, facility)
            query = select(NamedLineRow).where(NamedLineRow.facility_id == home.id, NamedLineRow.number == number)
            session.delete(one(session, query, f"a line of {facility} with the number {number}"))
            audit.record(session, moment(at), actor, "line.close", f"{facility}/{number}")

    def named_lines(self, facility: str) -> tuple[NamedNumber, ...]:
        """The lines that a facility opens beside its profile's."""
        with self._reading() as session:
            home = facility_row(session, facility)
            rows = session.scalars(select(NamedLineRow).where(NamedLineRow.facility_id == home.id).order_by(NamedLineRow.id))
            return tuple(_named_number(row) for row in rows)

    def facilities(self, at: datetime | None = None) -> list[FacilityInfo]:
        with self._reading() as session:
            stopped = {row.facility_id for row in standing(session, moment(at)) if whole_facility(row)}
            rows = session.scalars(select(FacilityRow).order_by(FacilityRow.code))
            return [_facility_info(row, row.id in stopped) for row in rows]

    def facility(self, code: str, at: datetime | None = None) -> FacilityInfo:
        """Raises NotFound."""
        with self._reading() as session:
            row = facility_row(session, code)
            stopped = any(whole_facility(r) for r in standing(session, moment(at)) if r.facility_id == row.id)
            return _facility_info(row, stopped)

    def units(self, facility: str) -> list[UnitInfo]:
        with self._reading() as session:
            home = facility_row(session, facility)
            rows = session.scalars(select(UnitRow).where(UnitRow.facility_id == home.id).order_by(UnitRow.name))
            return [UnitInfo(row.name, windows_of(row), row.call_seconds, row.recorded) for row in rows]

    def handsets(self) -> list[HandsetInfo]:
        with self._looking() as connection:
            # In the order of its fields: by name, a column costs four times as much.
            return [HandsetInfo(*row) for row in connection.execute(_HANDSETS)]  # type: ignore[call-arg, arg-type]

    def handset(self, device_id: str) -> HandsetInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return _handset_info(handset_row(session, device_id))


# Asked by the daemon every other second for all of a site's telephones: put together once, and of columns.
_HANDSETS = (
    select(
        HandsetRow.id,
        HandsetRow.device_id,
        HandsetRow.psk,
        FacilityRow.code.label("facility"),
        FacilityRow.name.label("facility_name"),
        FacilityRow.timezone,
        FacilityRow.profile,
        func.coalesce(HandsetRow.pin_mode, FacilityRow.pin_mode).label("pin_mode"),
        UnitRow.name.label("unit"),
        HandsetRow.label,
        HandsetRow.enabled,
        HandsetRow.locked_until,
        HandsetRow.text_telephone,
    )
    .join(FacilityRow, FacilityRow.id == HandsetRow.facility_id)
    .outerjoin(UnitRow, UnitRow.id == HandsetRow.unit_id)
    .order_by(HandsetRow.device_id)
)


def _check_key(psk: bytes) -> None:
    if len(psk) != 16:
        raise StoreError("a handset's key has 16 bytes, that is 32 hexadecimal digits")


def _pin_mode_for(row: HandsetRow, mode: PinMode | None) -> PinMode | None:
    if mode == "pin" and row.facility.pin_mode != "pin":
        raise Conflict(
            f"{row.facility.code} does not run by PIN alone, so two inmates may have the same PIN there; "
            "choose id+pin or none, or change the facility's PIN mode first"
        )
    return mode


def pin_mode_at(handset: HandsetRow) -> PinMode:
    """How this telephone asks who is there."""
    return handset.pin_mode or handset.facility.pin_mode  # type: ignore[return-value]


def windows_of(row: OwnRules | AnyRow) -> tuple[Window, ...] | None:
    return None if row.windows is None else tuple(Window.parse(*window) for window in row.windows)


def _windows_json(windows: Iterable[Window] | None) -> list[list[str]] | None:
    return None if windows is None else [str(window).split("-") for window in windows]


def _handset_of(row: HandsetRow, home: FacilityRow) -> HandsetRow:
    if row.facility_id != home.id:
        raise StoreError(f"handset {row.device_id} hangs in {row.facility.code}, not in {home.code}; name that facility")
    return row


def _facility_info(row: FacilityRow, suspended: bool) -> FacilityInfo:
    return FacilityInfo(
        id=row.id,
        code=row.code,
        name=row.name,
        timezone=row.timezone,
        profile=row.profile,
        pin_mode=row.pin_mode,  # type: ignore[arg-type]
        caller_id=row.caller_id,
        local_prefixes=tuple(row.local_prefixes),
        suspended=suspended,
    )


def _handset_info(row: HandsetRow) -> HandsetInfo:
    return HandsetInfo(
        id=row.id,
        device_id=row.device_id,
        psk=row.psk,
        facility=row.facility.code,
        facility_name=row.facility.name,
        timezone=row.facility.timezone,
        profile=row.facility.profile,
        pin_mode=pin_mode_at(row),
        unit=row.unit.name if row.unit else None,
        label=row.label,
        enabled=row.enabled,
        locked_until=row.locked_until,
        text_telephone=row.text_telephone,
    )


def _named_number(row: NamedLineRow) -> NamedNumber:
    number_class: NumberClass = row.number_class  # type: ignore[assignment]
    effective: date = row.effective
    return NamedNumber(
        source=row.source,
        effective=effective,
        number=row.number,
        label=row.label,
        number_class=number_class,
        dial=row.dial,
        without_pin=row.without_pin,
        any_time=row.any_time,
    )
