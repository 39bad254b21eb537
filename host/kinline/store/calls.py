"""Call records and the money that goes with them, always in one transaction."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, case, false, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kinline.accounts.ledger import AccountClosed, InsufficientFunds
from kinline.accounts.money import charge_micros
from kinline.calls.quality import Quality
from kinline.rules.model import Allow, Deny, NumberClass
from kinline.store.billing import paying_account, set_aside, settle
from kinline.store.errors import CallRefused, Conflict, NotFound
from kinline.store.explaining import is_taken
from kinline.store.heard import HeardOnLines, SignInfo, TypedInfo, signs_of, typed_in
from kinline.store.models import CallRow, HandsetRow
from kinline.store.postgresql import all_written
from kinline.store.quality import keep_quality, qualities
from kinline.store.registers import place_block
from kinline.store.rows import handset_ids
from kinline.store.tables.base import check_lengths, columns
from kinline.store.tables.places import FacilityRow

ANONYMOUS: NumberClass = "anonymous"

# Notice, ringing and the called party's menu with every quote that it gives: `kinline.calls` bounds each of them.
LONGEST_INVITATION = timedelta(minutes=20)
# Room for two hosts' clocks, and for a host that has yet to write what it knows.
OVERDUE_AFTER = timedelta(minutes=5)
# Ends that neither party chose, and that may be wrong: the charge is given back where the record says so.
_NOT_THE_PARTIES = ("fault", "detector")

_OPEN = insert(columns(CallRow)).returning(columns(CallRow).c.id)
_TALK: BindParameter[int] = bindparam("talk", type_=Integer)
_MARK = case((CallRow.limit_seconds < _TALK, CallRow.limit_seconds), else_=_TALK)
_CHECKPOINT = (
    update(CallRow)
    .where(
        CallRow.id == bindparam("of_call"),
        CallRow.accepted_at.is_not(None),
        CallRow.ended_at.is_(None),
        CallRow.talk_checkpoint_seconds < _MARK,
    )
    .values(talk_checkpoint_seconds=_MARK)
)


@dataclass(frozen=True, slots=True)
class CallInfo:
    """One call detail record."""

    id: int
    handset: str | None
    facility_id: int
    inmate: str | None
    number: str
    number_class: NumberClass | None
    started_at: datetime
    accepted_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    ended_by: str | None
    deny_rule: str | None
    billing: str | None
    rate_micros_per_minute: int
    rate_source: str | None
    limit_seconds: int
    limited_by: str | None
    recorded: bool
    monitored: bool
    talk_seconds: int
    charged_micros: int
    recording: str | None
    cause: str | None
    signs: tuple[SignInfo, ...] = ()
    typed: tuple[TypedInfo, ...] = ()
    quality: Quality | None = None

    @property
    def mos(self) -> float | None:
        """How well the caller heard the called party, 1 to 4.5."""
        return self.quality.mos_caller if self.quality else None


class Calls(HeardOnLines):
    def begin_call(
        self,
        device_id: str,
        inmate_id: int | None,
        number: str,
        allow: Allow,
        profile: str,
        at: datetime,
        rate_source: str | None = None,
        credits_faults: bool = False,
    ) -> int:
        """Open the record and set the money aside.

        `rate_source` says who sets the price; `credits_faults`, whether the charge is given back if a fault ends the call.

        Raises CallRefused with rule `busy_elsewhere` if the inmate or handset has an open call, or `balance` if the
        money went elsewhere since the decision; then nothing is written and `deny_call` leaves the record.

        An anonymous call's number and inmate are not written at all.
        """
        nameless = allow.number_class == ANONYMOUS
        if nameless:
            inmate_id, number = None, ""
        with self._calling() as session:
            facility, handset = handset_ids(session, device_id)
            row = {
                "facility_id": facility,
                "handset_id": handset,
                "inmate_id": inmate_id,
                "number": number,
                "number_class": allow.number_class,
                "profile": profile,
                "started_at": at,
                "billing": allow.billing,
                "rate_micros_per_minute": allow.rate_micros_per_minute,
                "rate_source": rate_source[:300] if rate_source else None,
                "credits_faults": credits_faults,
                "limit_seconds": allow.max_seconds,
                "limited_by": allow.limited_by,
                "recorded": allow.recorded,
                "monitored": allow.monitored,
                "caller_id": None if nameless else allow.caller_id,
            }
            call = _inserted(session, row | ({"id": _number_apart()} if nameless else {}))
            account = paying_account(allow.billing, inmate_id, number)
            # A collect call has no hold: nobody gave it a limit that a second call could overdraw.
            dearest = 0 if allow.billing == "collect" else charge_micros(allow.rate_micros_per_minute, allow.max_seconds)
            try:
                set_aside(session, call, account, dearest, at)
            except (InsufficientFunds, AccountClosed) as error:
                raise CallRefused("balance", str(error)) from error
            return call

    def deny_call(
        self,
        device_id: str,
        inmate_id: int | None,
        number: str,
        deny: Deny | str,
        profile: str,
        at: datetime,
        number_class: NumberClass | None = None,
    ) -> int:
        """The record of an attempt that was refused, closed at once. `deny` is the refusal or its rule's name."""
        nameless = number_class == ANONYMOUS
        if nameless:
            inmate_id, number, at = None, "", _day_of(at)
        with self._calling() as session:
            facility, handset = handset_ids(session, device_id)
            row = CallRow(
                id=_number_apart() if nameless else None,
                facility_id=facility,
                handset_id=None if nameless else handset,
                inmate_id=inmate_id,
                number=_printable(number),
                number_class=number_class,
                profile=profile,
                started_at=at,
                ended_at=at,
                outcome="denied",
                deny_rule=deny.rule if isinstance(deny, Deny) else deny,
            )
            session.add(row)
            session.flush()
            return row.id

    def fail_call(
        self,
        device_id: str,
        inmate_id: int | None,
        number: str,
        profile: str,
        at: datetime,
        cause: str,
        number_class: NumberClass | None = None,
    ) -> None:
        """The record of an attempt that the database left unanswered: it is closed if it was stored, else made now.

        `at` is the moment of the attempt, by which it is known.
        """
        with self._calling() as session:
            facility, handset = handset_ids(session, device_id)
            attempt = select(CallRow).where(CallRow.handset_id == handset, CallRow.started_at == at)
            row = session.scalar(attempt.with_for_update())
            if row is not None and row.ended_at is None:
                _close(session, row, "fault", "fault", 0, at, cause=cause)
            if row is not None:
                return
            nameless = number_class == ANONYMOUS
            moment = _day_of(at) if nameless else at
            row = CallRow(
                id=_number_apart() if nameless else None,
                facility_id=facility,
                handset_id=None if nameless else handset,
                inmate_id=None if nameless else inmate_id,
                number="" if nameless else _printable(number),
                number_class=number_class,
                profile=profile,
                started_at=moment,
                ended_at=moment,
                outcome="fault",
                ended_by="fault",
                cause=cause[:200],
            )
            session.add(row)

    def mark_accepted(self, call_id: int, at: datetime, recording: str | None = None) -> None:
        """The called party accepted; the first time counts. `recording` is where the talk is about to be recorded.

        Raises Conflict if the record was closed before: of such a call nothing would be known.
        """
        with self._calling() as session:
            row = _call(session, call_id)
            if row.ended_at is not None and row.accepted_at is None:
                raise Conflict(f"call {call_id} is over; its talk cannot begin")
            if row.accepted_at is None:
                row.accepted_at = at
                row.recording = recording if row.recorded else None

    def checkpoint(self, talks: Mapping[int, int]) -> None:
        """Talk so far, in seconds by call: what a crash after this may charge. It never goes back or passes the grant.

        All of a host's talks in one transaction: the disk is waited for once a second, however many calls are up.
        """
        if not talks:
            return
        with self._calling() as session:
            # In one order, so that none waits in a ring.
            marks = [{"of_call": call, "talk": talk} for call, talk in sorted(talks.items())]
            session.connection().execute(_CHECKPOINT, marks)

    def end_call(
        self,
        call_id: int,
        outcome: str,
        ended_by: str | None,
        talk_seconds: int,
        at: datetime,
        recording: str | None = None,
        cause: str | None = None,
        quality: Quality | None = None,
    ) -> CallInfo:
        """Close the record, charge the talk, release the rest. The first end counts; later ones change nothing.

        Talk that was not accepted, or passes the grant, is not charged. `talk_seconds` is whole seconds.
        """
        with self._calling() as session:
            row = _call(session, call_id)
            if row.ended_at is None:
                _close(session, row, outcome, ended_by, talk_seconds, at, recording, cause)
                if quality is not None and row.number_class != ANONYMOUS:
                    keep_quality(session, call_id, quality)
            return _call_info(row)

    def recover(self, at: datetime | None = None, devices: Collection[str] | None = None) -> list[CallInfo]:
        """Close what a crash left open: as a fault, charging the talk that was checkpointed. Run before serving.

        `devices` are the handsets of this host, where others share the database: their calls are under way.
        """
        with self._calling() as session:
            # SQLite begins a transaction on a read-only file without complaint: find out now, not at the first call.
            session.execute(update(CallRow).where(false()).values(cause=None))
            all_written(session, CallRow.__tablename__)
            open_calls = select(CallRow).where(CallRow.ended_at.is_(None)).order_by(CallRow.id)
            if devices is not None:
                open_calls = open_calls.join(CallRow.handset).where(HandsetRow.device_id.in_(devices))
            rows = session.scalars(open_calls).all()
            return _abandon(session, rows, at or datetime.now(UTC), "the host stopped during the call")

    def close_overdue(self, at: datetime) -> list[CallInfo]:
        """Close what no host can have under way any more, as `recover` does: calls of a host that never came back.

        Nothing that any host still carries is touched: a talk ends with its grant, whatever becomes of its host.
        """
        with self._calling() as session:
            open_calls = select(CallRow).where(CallRow.ended_at.is_(None), CallRow.started_at < at - OVERDUE_AFTER)
            found = session.scalars(open_calls.order_by(CallRow.id).with_for_update(skip_locked=True, key_share=True))
            rows = [row for row in found if _last_moment(row) + OVERDUE_AFTER < at]
            return _abandon(session, rows, at, "its host did not end the call")

    def block_by_called_party(self, call_id: int, at: datetime) -> None:
        """The called party pressed the block digit: no more calls from this call's facility."""
        with self._calling() as session:
            row = _call(session, call_id)
            place_block(session, row.number, "called_party", row.facility_id, at, f"call {row.id}", "called party")

    def block_by_detector(self, call_id: int, at: datetime) -> None:
        """The rules close a number after a sign of a third party; staff open it again."""
        with self._calling() as session:
            row = _call(session, call_id)
            note = f"sign of a third party in call {row.id}"
            place_block(session, row.number, "staff", row.facility_id, at, note, "detector")

    def call(self, call_id: int, facility: str | None = None) -> CallInfo:
        """Raises NotFound, also if the call was at another facility than the one named."""
        with self._reading() as session:
            row = _call(session, call_id, to_change=False)
            if facility is not None and session.get_one(FacilityRow, row.facility_id).code != facility:
                raise NotFound(f"call {call_id} does not exist")
            return replace(
                _call_info(row),
                signs=signs_of(session, call_id),
                typed=typed_in(session, call_id),
                quality=qualities(session, [call_id]).get(call_id),
            )

    def calls(
        self, limit: int = 50, inmate_id: int | None = None, open_only: bool = False, facility: str | None = None
    ) -> list[CallInfo]:
        """The newest first; then anonymous ones, of which nobody knows when they were."""
        with self._reading() as session:
            query = select(CallRow).order_by(CallRow.id.desc()).limit(limit)
            if inmate_id is not None:
                query = query.where(CallRow.inmate_id == inmate_id)
            if open_only:
                query = query.where(CallRow.ended_at.is_(None))
            if facility is not None:
                query = query.join(FacilityRow).where(FacilityRow.code == facility)
            rows = session.scalars(query).all()
            known = qualities(session, (row.id for row in rows))
            return [replace(_call_info(row), quality=known.get(row.id)) for row in rows]


def _inserted(session: Session, row: dict[str, Any]) -> int:
    """The id of a new record. Raises CallRefused if another one is open."""
    check_lengths(CallRow, row)
    try:
        # Past the ORM, see `kinline.store.books`.
        return int(session.connection().execute(_OPEN, row).scalar_one())
    except IntegrityError as error:
        if not is_taken(error):
            raise NotFound(f"inmate {row['inmate_id']} does not exist") from error
        raise CallRefused("busy_elsewhere", "this inmate or handset already has an open call") from error


def _close(
    session: Session,
    row: CallRow,
    outcome: str,
    ended_by: str | None,
    talk_seconds: int,
    at: datetime,
    recording: str | None = None,
    cause: str | None = None,
) -> None:
    talk = max(0, min(talk_seconds, row.limit_seconds)) if row.accepted_at is not None else 0
    # Settled before the row is touched: a closed record does not change, so it is written in one stroke.
    row.charged_micros = settle(session, row, talk, at, faulted=ended_by in _NOT_THE_PARTIES)
    row.talk_seconds, row.ended_at, row.outcome, row.ended_by = talk, at, outcome, ended_by
    # A call that was not to be recorded has no recording, whatever anyone says.
    row.recording = recording if row.recorded else None
    row.cause = cause[:200] if cause else None
    if row.number_class == ANONYMOUS:
        _leave_no_trace(row)
    session.flush()


def _abandon(session: Session, rows: Sequence[CallRow], at: datetime, cause: str) -> list[CallInfo]:
    """Close calls that nobody carries on, charging the talk that was checkpointed."""
    for row in rows:
        outcome = "completed" if row.accepted_at is not None else "fault"
        # The crash may have come before the recorder did.
        recording = row.recording if row.recording and Path(row.recording).is_file() else None
        _close(session, row, outcome, "fault", row.talk_checkpoint_seconds, at, recording, cause)
    return [_call_info(row) for row in rows]


def _last_moment(row: CallRow) -> datetime:
    """When the call is over at the latest, if its host does what it should."""
    if row.accepted_at is None:
        return row.started_at + LONGEST_INVITATION
    return row.accepted_at + timedelta(seconds=row.limit_seconds)


def _number_apart() -> int:
    """A record's number that tells no time: below zero, by chance. In their row, the others would tell it, or its gap."""
    return -1 - secrets.randbelow(2**31 - 1)


def _printable(number: str) -> str:
    """Whatever was keyed, as far as a record takes it."""
    return "".join(sign for sign in number if sign.isprintable())[:40]


def _leave_no_trace(row: CallRow) -> None:
    """That there was a call, on which day, how it ended and for how many minutes: no more of it is anybody's business.

    28 CFR 115.51(b): inmates may report abuse anonymously; a telephone and a time would name them as well.
    """
    row.handset_id = None
    row.started_at = _day_of(row.started_at)
    row.accepted_at = _day_of(row.accepted_at) if row.accepted_at else None
    row.ended_at = _day_of(row.ended_at) if row.ended_at else None
    row.talk_seconds -= row.talk_seconds % 60
    row.talk_checkpoint_seconds = 0


def _day_of(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _call(session: Session, call_id: int, to_change: bool = True) -> CallRow:
    row = session.get(CallRow, call_id, with_for_update=to_change)
    if row is None:
        raise NotFound(f"call {call_id} does not exist")
    return row


def _call_info(row: CallRow) -> CallInfo:
    # An anonymous call is told while it goes on as it will be when it is over.
    nameless = row.number_class == ANONYMOUS
    return CallInfo(
        id=row.id,
        handset=row.handset.device_id if row.handset and not nameless else None,
        facility_id=row.facility_id,
        inmate=row.inmate.number if row.inmate else None,
        number=row.number,
        number_class=row.number_class,  # type: ignore[arg-type]
        started_at=_day_of(row.started_at) if nameless else row.started_at,
        accepted_at=_day_of(row.accepted_at) if nameless and row.accepted_at else row.accepted_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        ended_by=row.ended_by,
        deny_rule=row.deny_rule,
        billing=row.billing,
        rate_micros_per_minute=row.rate_micros_per_minute,
        rate_source=row.rate_source,
        limit_seconds=row.limit_seconds,
        limited_by=row.limited_by,
        recorded=row.recorded,
        monitored=row.monitored,
        talk_seconds=row.talk_seconds,
        charged_micros=row.charged_micros,
        recording=row.recording,
        cause=row.cause,
    )
