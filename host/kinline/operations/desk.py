"""The desk at which an operation is carried out: the site, the time, and who asks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from kinline.config import Settings
from kinline.operations.roles import Actor, Forbidden, Role
from kinline.profiles import load_profile
from kinline.rules import Profile

if TYPE_CHECKING:
    from kinline.store.store import Store


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Desk:
    store: "Store"
    settings: Settings
    actor: Actor
    clock: Callable[[], datetime] = _utc_now

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def by(self) -> str:
        """The name that the audit log keeps."""
        return self.actor.name

    def home(self, asked: str | None) -> str:
        """The facility that is meant: the one asked for, else the staff member's, else the settings'. Raises Forbidden."""
        self.keep_within(asked)
        return asked or self.actor.facility or self.settings.facility

    def within(self, asked: str | None) -> str | None:
        """For lists: the facility asked for, else what the staff member may see (None: all). Raises Forbidden."""
        self.keep_within(asked)
        return asked or self.actor.facility

    def keep_within(self, facility: str | None) -> None:
        """Raises Forbidden if this facility is not the staff member's."""
        if facility is not None and self.actor.facility not in (None, facility):
            raise Forbidden(
                f"{self.actor.name} works at facility {self.actor.facility} only, not at {facility}; ask staff of {facility}"
            )

    def sees(self, unit: str | None) -> bool:
        """Whether what is of this unit may be told: all of the facility, unless the staff member works in one unit only."""
        return self.actor.unit in (None, unit)

    def keep_within_unit(self, inmate: str | None = None, handset: str | None = None, unit: str | None = None) -> None:
        """Raises Forbidden unless something is named, and all of it is of the staff member's unit, if they have one."""
        mine, home = self.actor.unit, self.actor.facility
        if mine is None or home is None:
            return
        places: list[str | None] = [unit] if unit is not None else []
        # Who or what does not exist yet is of no unit; the operation itself says so.
        if inmate is not None:
            places += [info.unit for info in self.store.inmates(home) if info.number == inmate]
        if handset is not None:
            telephones = [info for info in self.store.handsets() if info.device_id == handset]
            places += [info.unit if info.facility == home else None for info in telephones]
        if not places or any(place != mine for place in places):
            raise Forbidden(f"{self.actor.name} works in unit {mine} only, and this reaches beyond it; ask staff of the facility")

    def need_whole_site(self) -> None:
        """For what reaches beyond one facility. Raises Forbidden."""
        if self.actor.facility is not None:
            raise Forbidden(
                f"{self.actor.name} works at facility {self.actor.facility} only, and this concerns every facility; "
                "ask staff who are not bound to one"
            )

    def need_role(self, role: Role, deed: str) -> None:
        """For what an operation's own roles do not tell apart. Raises Forbidden."""
        if not self.actor.local and role not in self.actor.roles:
            raise Forbidden(f"{self.actor.name} is not {role}, as one must be {deed}; ask someone who is", [role])

    def today_at(self, facility: str) -> date:
        """The day of a facility's calendar. Raises NotFound."""
        return self.now.astimezone(ZoneInfo(self.store.facility(facility).timezone)).date()

    def profile(self, name: str) -> Profile:
        """A profile by name, the site's own first. Raises ProfileError."""
        return load_profile(name, self.settings.storage.profiles_dir)

    def profile_of(self, facility: str) -> Profile:
        """The profile that a facility follows. Raises NotFound, ProfileError."""
        return self.profile(self.store.facility(facility).profile)
