"""The monthly statement of one account: what came in, each call with its time and charge, what is carried over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from kinline.accounts.ledger import LedgerError
from kinline.accounts.money import MoneyError, dollars, minutes_text

LineKind = Literal["deposit", "payment", "call", "credit", "refund"]

_KIND_OF_ENTRY: dict[str, LineKind] = {
    "deposit": "deposit",
    "payment": "payment",
    "capture": "call",
    "bill": "call",
    "credit": "credit",
    "refund": "refund",
}


@dataclass(frozen=True, slots=True)
class CallCharge:
    """The call that a line charges, or gives back a charge of."""

    call: int
    number: str
    inmate: str | None
    started_at: datetime
    talk_seconds: int
    rate_micros_per_minute: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry's effect on what is the holder's: above zero it grew. Holds and releases have none."""

    at: datetime
    entry_kind: str
    amount_micros: int
    reference: str | None = None
    call: CallCharge | None = None


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    kind: LineKind
    amount_micros: int
    reference: str | None
    call: CallCharge | None


@dataclass(frozen=True, slots=True)
class Statement:
    """A month. Balances below zero are owed.

    opening + deposits + payments + credits - charges - refunds = closing, to the micro-dollar. Of the closing balance,
    `set_aside_micros` is held for calls that were under way.
    """

    account: str
    month: str
    since: datetime
    until: datetime
    opening_micros: int
    deposits_micros: int
    payments_micros: int
    credits_micros: int
    charges_micros: int
    refunds_micros: int
    closing_micros: int
    set_aside_micros: int
    calls: int
    talk_seconds: int
    lines: tuple[Line, ...]


def month_span(month: str, timezone: str) -> tuple[datetime, datetime]:
    """The first moment of a month ("2026-03") in a zone, and the first that is no longer in it. Raises MoneyError."""
    try:
        if len(month) != 7:
            raise ValueError
        first = date.fromisoformat(f"{month}-01")
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    except ValueError as error:
        raise MoneyError(f"{month[:20]!r} is not a month; write for example 2026-03") from error
    zone = ZoneInfo(timezone)
    since, until = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, following))
    return since, until


def statement(
    account: str,
    month: str,
    timezone: str,
    opening_micros: int,
    closing_micros: int,
    set_aside_micros: int,
    movements: Iterable[Movement],
) -> Statement:
    """Draw up a month from its movements, in their order.

    Opening and closing come from the ledger, not from the movements: raises LedgerError if these do not lead from one
    to the other.
    """
    since, until = month_span(month, timezone)
    lines = [line for movement in movements if (line := _line(movement)) is not None]
    sums = dict.fromkeys(_KIND_OF_ENTRY.values(), 0)
    for line in lines:
        sums[line.kind] += line.amount_micros
    if opening_micros + sum(sums.values()) != closing_micros:
        raise LedgerError(
            f"the statement of {account} for {month} does not close: {dollars(opening_micros)} and its lines make "
            f"{dollars(opening_micros + sum(sums.values()))}, the ledger says {dollars(closing_micros)}; report this"
        )
    charged = [line for line in lines if line.kind == "call"]
    return Statement(
        account=account,
        month=month,
        since=since,
        until=until,
        opening_micros=opening_micros,
        deposits_micros=sums["deposit"],
        payments_micros=sums["payment"],
        credits_micros=sums["credit"],
        charges_micros=-sums["call"],
        refunds_micros=-sums["refund"],
        closing_micros=closing_micros,
        set_aside_micros=set_aside_micros,
        calls=len(charged),
        talk_seconds=sum(line.call.talk_seconds for line in charged if line.call is not None),
        lines=tuple(lines),
    )


def _line(movement: Movement) -> Line | None:
    if not movement.amount_micros:
        return None
    kind = _KIND_OF_ENTRY.get(movement.entry_kind)
    if kind is None:
        raise LedgerError(f"a {movement.entry_kind} at {movement.at} has no line on a statement; report this")
    return Line(movement.at, kind, movement.amount_micros, movement.reference, movement.call)


def statement_text(told: Statement, language: str) -> str:
    """The statement in a family's words, in "en" or "es"."""
    words, zone = _WORDS[language], told.since.tzinfo
    rows = [words["title"].format(month=told.month, account=told.account), ""]
    rows.append(f"{words['opening']:<44}{dollars(told.opening_micros):>16}")
    for line in told.lines:
        moment = line.at if line.call is None else line.call.started_at
        rows.append(f"{moment.astimezone(zone):%m-%d %H:%M}  {_what(line, words):<30} {dollars(line.amount_micros):>16}")
    rows.append(f"{words['closing']:<44}{dollars(told.closing_micros):>16}")
    if told.set_aside_micros:
        rows.append(words["set_aside"].format(amount=dollars(told.set_aside_micros)))
    rows.append(words["calls"].format(calls=told.calls, time=minutes_text(told.talk_seconds)))
    return "\n".join(rows)


def _what(line: Line, words: dict[str, str]) -> str:
    if line.call is None:
        return words[line.kind]
    return f"{words[line.kind]} {line.call.number} {minutes_text(line.call.talk_seconds)}"


_WORDS = {
    "en": {
        "title": "Statement for {month}, account {account}",
        "opening": "Balance carried over",
        "closing": "Balance at the end of the month",
        "set_aside": "Of this, {amount} is set aside for a call that was under way.",
        "calls": "Calls charged: {calls}, talk time {time}. Calls are charged by the second; there are no other charges.",
        "deposit": "Deposit",
        "payment": "Payment, thank you",
        "call": "Call",
        "credit": "Given back, call",
        "refund": "Refund to you",
    },
    "es": {
        "title": "Estado de cuenta de {month}, cuenta {account}",
        "opening": "Saldo anterior",
        "closing": "Saldo al final del mes",
        "set_aside": "De este saldo, {amount} está apartado para una llamada en curso.",
        "calls": "Llamadas cobradas: {calls}, tiempo hablado {time}. Se cobra por segundo; no hay otros cargos.",
        "deposit": "Depósito",
        "payment": "Pago, gracias",
        "call": "Llamada",
        "credit": "Devolución, llamada",
        "refund": "Reembolso a usted",
    },
}
