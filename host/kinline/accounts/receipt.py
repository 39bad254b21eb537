"""The receipt of one call: every input of its price, so that anyone can work it out again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime, ConfigDict, NonNegativeInt, TypeAdapter, ValidationError

from kinline.accounts.money import MoneyError, charge_micros, dollars, minutes_text

FORMULA = "rate_micros_per_minute * talk_seconds / 60, rounded down; never more than held_micros, where money was held"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One call as it was charged. Money is micro-dollars.

    `held_micros` is None for a call without a hold: free, or collect. `price_micros` is what the formula gives,
    `charged_micros` what was taken, `credited_micros` what was given back since.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    call: int
    account: str | None
    billing: str
    inmate: str | None
    number: str
    started_at: AwareDatetime
    accepted_at: AwareDatetime | None
    ended_at: AwareDatetime
    limit_seconds: NonNegativeInt
    talk_seconds: NonNegativeInt
    rate_micros_per_minute: NonNegativeInt
    rate_source: str | None
    held_micros: NonNegativeInt | None
    price_micros: NonNegativeInt
    charged_micros: NonNegativeInt
    credited_micros: NonNegativeInt
    formula: str = FORMULA


_RECEIPT = TypeAdapter(Receipt)


def receipt_from(data: Mapping[str, Any]) -> Receipt:
    """Read a receipt's JSON form. Raises MoneyError naming each field that does not fit."""
    try:
        return _RECEIPT.validate_python(data)
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in item['loc']) or 'receipt'}: {item['msg']}" for item in error.errors()]
        raise MoneyError("not a receipt: " + "; ".join(faults)) from error


def faults(receipt: Receipt) -> list[str]:
    """What does not add up, in words; empty for a receipt that is right."""
    found = []
    price = charge_micros(receipt.rate_micros_per_minute, receipt.talk_seconds)
    if receipt.formula != FORMULA:
        found.append("formula: this is not how calls are charged")
    if receipt.price_micros != price:
        found.append(
            f"price_micros: {receipt.talk_seconds} s at {dollars(receipt.rate_micros_per_minute)} a minute come to "
            f"{price}, not {receipt.price_micros}"
        )
    most = price if receipt.held_micros is None else min(price, receipt.held_micros)
    due = 0 if receipt.billing == "free" else most
    if receipt.charged_micros != due:
        found.append(f"charged_micros: {due} were due, {receipt.charged_micros} were charged")
    if receipt.credited_micros > receipt.charged_micros:
        found.append("credited_micros: more was given back than was charged")
    if receipt.accepted_at is None:
        if receipt.talk_seconds:
            found.append("talk_seconds: the call was never accepted")
    # Talk is counted on the handset's clock and between these two moments: it is never longer than they are apart.
    elif receipt.talk_seconds > (receipt.ended_at - receipt.accepted_at).total_seconds():
        found.append("talk_seconds: longer than the time between acceptance and end")
    if receipt.talk_seconds > receipt.limit_seconds:
        found.append("talk_seconds: longer than the call was granted")
    return found


def receipt_text(receipt: Receipt, language: str) -> str:
    """The receipt in a family's words, in "en" or "es"; moments are in the zone of `started_at`."""
    words = _WORDS[language]
    zone = receipt.started_at.tzinfo
    lines = [
        words["title"].format(call=receipt.call),
        words["when"].format(at=receipt.started_at.strftime("%Y-%m-%d %H:%M"), number=receipt.number),
    ]
    if receipt.accepted_at is None:
        return "\n".join([*lines, words["not_accepted"]])
    accepted = receipt.accepted_at.astimezone(zone).strftime("%H:%M:%S")
    lines.append(words["talk"].format(accepted=accepted, time=minutes_text(receipt.talk_seconds)))
    if not receipt.price_micros or receipt.billing == "free":
        return "\n".join([*lines, words["free"]])
    rate = dollars(receipt.rate_micros_per_minute)
    lines.append(words["sum"].format(rate=rate, seconds=receipt.talk_seconds, price=dollars(receipt.price_micros)))
    if receipt.charged_micros < receipt.price_micros:
        lines.append(words["capped"].format(held=dollars(receipt.held_micros or 0)))
    lines.append(words["charged"].format(charged=dollars(receipt.charged_micros)))
    if receipt.credited_micros:
        paid = dollars(receipt.charged_micros - receipt.credited_micros)
        lines.append(words["credited"].format(credited=dollars(receipt.credited_micros), paid=paid))
    if receipt.rate_source:
        lines.append(words["source"].format(source=receipt.rate_source))
    return "\n".join(lines)


_WORDS = {
    "en": {
        "title": "Receipt for call {call}",
        "when": "Call to {number} on {at}.",
        "not_accepted": "The call was not accepted. Nothing was charged.",
        "talk": "Accepted at {accepted}. You talked for {time}.",
        "free": "Nothing was charged for this call.",
        "sum": "{rate} a minute × {seconds} s ÷ 60 = {price}, rounded down.",
        "capped": "No more than {held} was set aside for this call, so no more was charged.",
        "charged": "Charged: {charged}. There are no other charges.",
        "credited": "Given back: {credited}. In the end this call cost {paid}.",
        "source": "The price is set by: {source}",
    },
    "es": {
        "title": "Recibo de la llamada {call}",
        "when": "Llamada al {number} el {at}.",
        "not_accepted": "La llamada no se aceptó. No se cobró nada.",
        "talk": "Aceptada a las {accepted}. Hablaron durante {time}.",
        "free": "Esta llamada no se cobró.",
        "sum": "{rate} por minuto × {seconds} s ÷ 60 = {price}, redondeado hacia abajo.",
        "capped": "Para esta llamada se apartaron solo {held}, así que no se cobró más.",
        "charged": "Cobrado: {charged}. No hay otros cargos.",
        "credited": "Devuelto: {credited}. Al final, esta llamada costó {paid}.",
        "source": "El precio lo fija: {source}",
    },
}
