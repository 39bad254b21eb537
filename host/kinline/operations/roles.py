"""Who works here, and what that lets them do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from kinline.failure import Failure

if TYPE_CHECKING:
    from kinline.store.staff import StaffInfo

Role = Literal["counselor", "supervisor", "legal", "investigator", "technician", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)


class Forbidden(Failure):
    """Someone asked for what is not theirs; the text says whose it is. `roles` are those that may."""

    def __init__(self, message: str, roles: Iterable[Role] = ()) -> None:
        super().__init__(message)
        self.roles = tuple(role for role in ROLES if role in set(roles))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: `name` goes into the audit log, `facility` is the only one they may touch (absent: all of them), `unit`
    the only one of its living units.

    `local` is whoever has the host's own command line, and may do everything.
    """

    name: str
    roles: frozenset[Role]
    facility: str | None = None
    unit: str | None = None
    local: bool = False


def local_actor(name: str) -> Actor:
    """Whoever has the host's command line."""
    return Actor(name, frozenset(ROLES), local=True)


def staff_actor(info: "StaffInfo", through: str | None = None) -> Actor:
    """A member of staff, or someone at the host's command line (`through`) who acts as them."""
    name = f"{info.name} (through {through})" if through else info.name
    return Actor(name, frozenset(role for role in ROLES if role in info.roles), info.facility, info.unit)


def widened(roles: Iterable[Role], changes: bool) -> frozenset[Role]:
    """The roles that may, with those that follow: a supervisor does what a counselor does, an auditor reads everything."""
    named = set(roles)
    if unknown := named - set(ROLES):
        raise ValueError(f"{sorted(unknown)} are no roles; choose from {', '.join(ROLES)}")
    if "counselor" in named:
        named.add("supervisor")
    if not changes:
        named.add("auditor")
    elif "auditor" in named:
        raise ValueError("an auditor changes nothing")
    return frozenset(named)
