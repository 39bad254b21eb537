"""Statements and receipts, drawn up from the ledger and the call records."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from kinline.accounts.money import charge_micros
from kinline.accounts.receipt import Receipt
from kinline.accounts.statement import CallCharge, Movement, Statement, month_span, statement
from kinline.store.billing import paying_account
from kinline.store.database import Database
from kinline.store.errors import Conflict, NotFound
from kinline.store.models import AccountRow, CallRow, EntryRow, FacilityRow, HoldRow, InmateRow, PostingRow


class Statements(Database):
    def statement(self, account: str, month: str, timezone: str) -> Statement:
        """A month ("2026-03") of an account, in a zone. Raises NotFound, MoneyError for what is not a month."""
        since, until = month_span(month, timezone)
        with self._reading() as session:
            if session.get(AccountRow, account) is None:
                raise NotFound(f"account {account!r} does not exist; it is made by its first deposit or call")
            return statement(
                account,
                month,
                timezone,
                opening_micros=_sum_before(session, _position(account), since),
                closing_micros=_sum_before(session, _position(account), until),
                set_aside_micros=_sum_before(session, _held_from(account), until),
                movements=_movements(session, account, since, until),
            )

    def receipt(self, call_id: int, facility: str | None = None) -> Receipt:
        """The receipt of an ended call, its moments by the facility's clock.

        Raises NotFound; Conflict for a call without a charge to tell.
        """
        with self._reading() as session:
            row = session.get(CallRow, call_id)
            home = session.get_one(FacilityRow, row.facility_id) if row is not None else None
            if row is None or home is None or (facility is not None and home.code != facility):
                raise NotFound(f"call {call_id} does not exist; kinline calls list shows those that do")
            if row.ended_at is None:
                raise Conflict(f"call {call_id} is still on; ask again when it has ended")
            if row.billing is None:
                raise Conflict(f"call {call_id} was refused before it began; nothing was charged and there is no receipt")
            held = session.get(HoldRow, call_id)
            zone = ZoneInfo(home.timezone)
            return Receipt(
                call=row.id,
                account=paying_account(row.billing, row.inmate_id, row.number),
                billing=row.billing,
                inmate=row.inmate.number if row.inmate else None,
                number=row.number,
                started_at=row.started_at.astimezone(zone),
                accepted_at=row.accepted_at.astimezone(zone) if row.accepted_at else None,
                ended_at=row.ended_at.astimezone(zone),
                limit_seconds=row.limit_seconds,
                talk_seconds=row.talk_seconds,
                rate_micros_per_minute=row.rate_micros_per_minute,
                rate_source=row.rate_source,
                held_micros=held.amount_micros if held else None,
                price_micros=charge_micros(row.rate_micros_per_minute, row.talk_seconds),
                charged_micros=row.charged_micros,
                credited_micros=_credited(session, row),
            )


def _held_from(account: str) -> ColumnElement[bool]:
    """Postings on what is set aside from an account."""
    names = select(literal("held:") + cast(HoldRow.call_id, String)).where(HoldRow.account == account)
    return PostingRow.account.in_(names)


def _position(account: str) -> ColumnElement[bool]:
    """Postings on what is the holder's, set aside or not: a hold moves money between the two and changes nothing."""
    return or_(PostingRow.account == account, _held_from(account))


def _sum_before(session: Session, postings: ColumnElement[bool], before: datetime) -> int:
    query = select(func.sum(PostingRow.amount_micros)).join(EntryRow, EntryRow.id == PostingRow.entry_id)
    return int(session.scalar(query.where(postings, EntryRow.at < before)) or 0)


def _movements(session: Session, account: str, since: datetime, until: datetime) -> list[Movement]:
    effects = _effects(account).where(EntryRow.at >= since, EntryRow.at < until).subquery()
    query = (
        select(EntryRow, effects.c.effect, CallRow, InmateRow.number)
        .join(effects, effects.c.entry_id == EntryRow.id)
        .outerjoin(CallRow, CallRow.id == EntryRow.call_id)
        .outerjoin(InmateRow, InmateRow.id == CallRow.inmate_id)
        .order_by(EntryRow.at, EntryRow.id)
    )
    return [
        Movement(entry.at, entry.kind, int(effect), entry.reference, _call_charge(call, inmate))
        for entry, effect, call, inmate in session.execute(query)
    ]


def _effects(account: str) -> Select[int, int]:
    query = select(PostingRow.entry_id, func.sum(PostingRow.amount_micros).label("effect"))
    query = query.join(EntryRow, EntryRow.id == PostingRow.entry_id).where(_position(account))
    return query.group_by(PostingRow.entry_id).having(func.sum(PostingRow.amount_micros) != 0)


def _call_charge(call: CallRow | None, inmate: str | None) -> CallCharge | None:
    if call is None:
        return None
    return CallCharge(call.id, call.number, inmate, call.started_at, call.talk_seconds, call.rate_micros_per_minute)


def _credited(session: Session, row: CallRow) -> int:
    query = select(func.sum(PostingRow.amount_micros)).join(EntryRow, EntryRow.id == PostingRow.entry_id)
    account = paying_account(row.billing, row.inmate_id, row.number)
    query = query.where(EntryRow.call_id == row.id, EntryRow.kind == "credit", PostingRow.account == account)
    return int(session.scalar(query) or 0)
