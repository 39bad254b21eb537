"""Staff: who they are, what they may, and the token by which they are known."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kinline.accounts.tokens import ID_BYTES, SECRET_BYTES, Token, TokenBook, read_token
from kinline.store import audit
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound, StoreError
from kinline.store.models import StaffRow
from kinline.store.rows import facility_row, unit_id


@dataclass(frozen=True, slots=True)
class StaffInfo:
    """A member of staff; `facility` absent: works at all of them; `unit` absent: in all of its units."""

    name: str
    roles: tuple[str, ...]
    facility: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    unit: str | None = None

    def serves(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class StaffBook(Database):
    """Each token is handed out once, by the method that makes it; the database keeps a keyed digest."""

    _tokens: TokenBook  # given by whoever makes the store

    def add_staff(
        self,
        name: str,
        roles: Sequence[str],
        facility: str | None,
        expires_at: datetime,
        actor: str,
        at: datetime,
        unit: str | None = None,
    ) -> Token:
        """Raises Conflict if the name was ever given, so that the audit log's names stay one person's; NotFound."""
        with self._writing() as session:
            token = _fresh()
            facility_id, unit_id = _place(session, facility, unit)
            row = StaffRow(
                name=name,
                roles=list(roles),
                facility_id=facility_id,
                unit_id=unit_id,
                token_id=token.id,
                token_digest=self._tokens.digest(token),
                created_at=at,
                expires_at=expires_at,
            )
            session.add(row)
            try:
                session.flush()
            except IntegrityError as error:
                raise Conflict(f"staff {name!r} exists already; choose another name, or renew that one's token") from error
            audit.record(session, at, actor, "staff.add", name, {**_rights(row, facility, unit), "token": token.id})
            return token

    def change_staff(
        self, name: str, roles: Sequence[str], facility: str | None, actor: str, at: datetime, unit: str | None = None
    ) -> None:
        """Give other roles and another place. Raises NotFound."""
        with self._writing() as session:
            row = _member(session, name)
            row.roles = list(roles)
            row.facility_id, row.unit_id = _place(session, facility, unit)
            audit.record(session, at, actor, "staff.change", name, _rights(row, facility, unit))

    def renew_token(self, name: str, expires_at: datetime, actor: str, at: datetime) -> Token:
        """A new token in place of the old one, which ends; a revoked member of staff is back. Raises NotFound."""
        with self._writing() as session:
            row = _member(session, name)
            token = _fresh()
            row.token_id, row.token_digest = token.id, self._tokens.digest(token)
            row.expires_at, row.revoked_at = expires_at, None
            details = {"token": token.id, "expires_at": expires_at.isoformat()}
            audit.record(session, at, actor, "staff.renew", name, details)
            return token

    def revoke_staff(self, name: str, actor: str, at: datetime) -> bool:
        """End a token now; False if it was revoked already. Raises NotFound."""
        with self._writing() as session:
            row = _member(session, name)
            if row.revoked_at is not None:
                return False
            row.revoked_at = at
            audit.record(session, at, actor, "staff.revoke", name, {"token": row.token_id})
            return True

    def staff(self) -> list[StaffInfo]:
        with self._reading() as session:
            return [_info(row) for row in session.scalars(select(StaffRow).order_by(StaffRow.name))]

    def staff_member(self, name: str) -> StaffInfo:
        """Raises NotFound."""
        with self._reading() as session:
            return _info(_member(session, name))

    def token_is_given(self, token_id: str) -> bool:
        """Whether some member of staff has, or had, the token of this public id."""
        with self._reading() as session:
            return session.scalar(select(StaffRow.id).where(StaffRow.token_id == token_id)) is not None

    def staff_by_token(self, text: str, at: datetime) -> StaffInfo | None:
        """Whose token this is, if it is one, is known, and is neither expired nor revoked."""
        token = read_token(text)
        if token is None:
            return None
        with self._reading() as session:
            row = session.scalar(select(StaffRow).where(StaffRow.token_id == token.id))
            known = self._tokens.matches(row.token_digest if row else None, token)
            if row is None or not known:
                return None
            info = _info(row)
            return info if info.serves(at) else None


def _fresh() -> Token:
    return Token(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))


def _rights(row: StaffRow, facility: str | None, unit: str | None) -> dict[str, object]:
    return {"roles": row.roles, "facility": facility, **({"unit": unit} if unit else {})}


def _place(session: Session, facility: str | None, unit: str | None) -> tuple[int | None, int | None]:
    """The ids of a facility and its unit. Raises NotFound, and StoreError for a unit of no facility."""
    if facility is None:
        if unit is not None:
            raise StoreError(f"unit {unit!r} belongs to a facility; name that too")
        return None, None
    home = facility_row(session, facility)
    return home.id, unit_id(session, home, unit)


def _member(session: Session, name: str) -> StaffRow:
    row = session.scalar(select(StaffRow).where(StaffRow.name == name))
    if row is None:
        raise NotFound(f"staff {name!r} does not exist; add them first, or check the spelling")
    return row


def _info(row: StaffRow) -> StaffInfo:
    return StaffInfo(
        name=row.name,
        roles=tuple(row.roles),
        facility=row.facility.code if row.facility else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        unit=row.unit.name if row.unit else None,
    )
