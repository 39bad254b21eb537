"""The price of a call before it is made: what 47 CFR 64.710 lets a called party hear before anything is charged."""

from dataclasses import dataclass

from kinline.accounts.money import affordable_seconds, charge_micros, dollars, minutes_text


@dataclass(frozen=True, slots=True)
class Quote:
    """All that a call can cost. Without a balance to pay from, `balance_seconds` is None, as it is for a free call."""

    rate_micros_per_minute: int
    first_minute_micros: int
    longest_seconds: int
    longest_micros: int
    balance_micros: int | None
    balance_seconds: int | None


def quote(rate_micros_per_minute: int, longest_seconds: int, balance_micros: int | None = None) -> Quote:
    """The price of the first minute, of each further one, of the longest call, and what the balance buys.

    The first minute costs what each other costs: nothing is charged for the call itself.
    """
    priced = rate_micros_per_minute > 0 and balance_micros is not None
    return Quote(
        rate_micros_per_minute=rate_micros_per_minute,
        first_minute_micros=charge_micros(rate_micros_per_minute, 60),
        longest_seconds=longest_seconds,
        longest_micros=charge_micros(rate_micros_per_minute, longest_seconds),
        balance_micros=balance_micros,
        balance_seconds=affordable_seconds(balance_micros or 0, rate_micros_per_minute) if priced else None,
    )


def quote_text(told: Quote, language: str) -> str:
    """The quote in a family's words, in "en" or "es"."""
    words = _WORDS[language]
    if not told.rate_micros_per_minute:
        return words["free"]
    longest = minutes_text(told.longest_seconds)
    lines = [
        words["price"].format(rate=dollars(told.rate_micros_per_minute)),
        words["longest"].format(time=longest, price=dollars(told.longest_micros)),
    ]
    if told.balance_seconds is not None:
        time = minutes_text(told.balance_seconds)
        lines.append(words["balance"].format(balance=dollars(told.balance_micros or 0), time=time))
    return " ".join(lines)


_WORDS = {
    "en": {
        "free": "This call is free.",
        "price": "Each minute costs {rate}, the first one too; parts of a minute are charged by the second. "
        "Nothing else is charged, and nothing before the call is accepted.",
        "longest": "The longest call, {time}, costs {price}.",
        "balance": "The balance of {balance} is enough for {time}.",
    },
    "es": {
        "free": "Esta llamada es gratis.",
        "price": "Cada minuto cuesta {rate}, también el primero; las fracciones de minuto se cobran por segundo. "
        "No se cobra nada más, ni nada antes de que se acepte la llamada.",
        "longest": "La llamada más larga, de {time}, cuesta {price}.",
        "balance": "El saldo de {balance} alcanza para {time}.",
    },
}
