"""Staff: who may work here, with which roles, for how long. Kept on the host's own command line."""

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, FacilityCode, Matching, Option, UnitName
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.operations.roles import ROLES, Role

StaffName = Annotated[str, Matching(r"[A-Za-z0-9][A-Za-z0-9._@-]*", "a staff name; it has letters, digits, dots and hyphens", 50)]
TheName = Annotated[StaffName, Argument("NAME"), Field(description="Who; the audit log names them so.")]


def _compatible(roles: list[Role]) -> list[Role]:
    if not roles:
        raise ValueError(f"at least one role is needed; choose from {', '.join(ROLES)}")
    if "auditor" in roles and len(set(roles)) > 1:
        raise ValueError("an auditor holds no other role: nobody audits their own work; give two people one role each")
    return [role for role in ROLES if role in roles]


Roles = Annotated[
    list[Role],
    AfterValidator(_compatible),
    Option("--role"),
    Field(description="What they may do; repeat for more.", max_length=len(ROLES)),
]
Only = Annotated[
    FacilityCode | None, Option("--facility"), Field(description="The only facility they work at. Without: every one.")
]
OnlyUnit = Annotated[
    UnitName | None, Option("--unit"), Field(description="The only living unit of that facility. Without: every one.")
]
Days = Annotated[int, Field(ge=1, le=366, description="After so many days the token ends.")]


class StaffAdd(Order):
    name: TheName
    roles: Roles
    only: Only = None
    unit: OnlyUnit = None
    days: Days = 90


class TokenGiven(Answer):
    """`token` is shown here and never again."""

    name: str
    token: str
    expires_at: datetime


def _told(answer: TokenGiven) -> str:
    return f"The token of {answer.name}, shown this once and good until {answer.expires_at:%Y-%m-%d}:\n{answer.token}"


@operation(
    "staff.add",
    roles=(),
    example={"name": "pat", "roles": ["counselor"], "only": "north"},
    tell=_told,
    over_http=False,
)
def add_staff(desk: Desk, request: StaffAdd) -> TokenGiven:
    """Add a member of staff, and show their token."""
    ends = desk.now + timedelta(days=request.days)
    token = desk.store.add_staff(request.name, request.roles, request.only, ends, desk.by, desk.now, request.unit)
    return TokenGiven(name=request.name, token=token.text(), expires_at=ends)


def _where(answer: Any) -> str:
    unit = f"in unit {answer.unit} " if answer.unit else ""
    return f"{unit}at {answer.facility or 'every facility'}"


class StaffChange(Order):
    name: TheName
    roles: Roles
    only: Only = None
    unit: OnlyUnit = None


class StaffChanged(Answer):
    name: str
    roles: list[Role]
    facility: str | None
    unit: str | None


@operation(
    "staff.change",
    roles=(),
    example={"name": "terry", "roles": ["technician"]},
    tell=lambda answer: f"{answer.name} is {', '.join(answer.roles)} {_where(answer)}.",
    over_http=False,
)
def change_staff(desk: Desk, request: StaffChange) -> StaffChanged:
    """Give a member of staff other roles, or another facility."""
    desk.store.change_staff(request.name, request.roles, request.only, desk.by, desk.now, request.unit)
    return StaffChanged(name=request.name, roles=request.roles, facility=request.only, unit=request.unit)


class StaffRenew(Order):
    name: TheName
    days: Days = 90


@operation("staff.renew", roles=(), example={"name": "terry"}, tell=_told, over_http=False)
def renew_token(desk: Desk, request: StaffRenew) -> TokenGiven:
    """Give a member of staff a new token; the old one ends."""
    ends = desk.now + timedelta(days=request.days)
    token = desk.store.renew_token(request.name, ends, desk.by, desk.now)
    return TokenGiven(name=request.name, token=token.text(), expires_at=ends)


class StaffRevoke(Order):
    name: TheName


class StaffRevoked(Answer):
    name: str
    changed: bool


@operation(
    "staff.revoke",
    roles=(),
    example={"name": "terry"},
    tell=lambda answer: f"The token of {answer.name} {'ended.' if answer.changed else 'had ended already.'}",
    over_http=False,
)
def revoke_staff(desk: Desk, request: StaffRevoke) -> StaffRevoked:
    """End the token of a member of staff at once."""
    return StaffRevoked(name=request.name, changed=desk.store.revoke_staff(request.name, desk.by, desk.now))


class StaffList(Question):
    pass


class StaffLine(Answer):
    name: str
    roles: list[Role]
    facility: str | None
    unit: str | None
    expires_at: datetime
    revoked_at: datetime | None


@operation("staff.list", roles={"auditor"}, example={}, empty="No staff yet. Add them: kinline staff add NAME --role ROLE")
def list_staff(desk: Desk, request: StaffList) -> list[StaffLine]:
    """List the staff. Their tokens are never shown."""
    return [
        StaffLine(
            name=info.name,
            roles=[role for role in ROLES if role in info.roles],
            facility=info.facility,
            unit=info.unit,
            expires_at=info.expires_at,
            revoked_at=info.revoked_at,
        )
        for info in desk.store.staff()
    ]


class WhoAmI(Question):
    concerns_nobody: ClassVar[bool] = True


class Identity(Answer):
    name: str
    roles: list[Role]
    facility: str | None
    unit: str | None


@operation(
    "staff.whoami",
    roles=ROLES,
    example={},
    tell=lambda answer: f"{answer.name}: {', '.join(answer.roles)} {_where(answer)}.",
)
def who_am_i(desk: Desk, request: WhoAmI) -> Identity:
    """Show who asks, and with which roles."""
    mine = [role for role in ROLES if role in desk.actor.roles]
    return Identity(name=desk.by, roles=mine, facility=desk.actor.facility, unit=desk.actor.unit)
