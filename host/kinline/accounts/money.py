"""Price of talk. Amounts are integer micro-dollars, rates are micro-dollars a minute, time is whole seconds."""

import re

from kinline.failure import Failure

MICROS_A_DOLLAR = 1_000_000

# Every reader of JSON keeps integers exact up to here (RFC 8259, section 6). No honest account comes near.
LARGEST_MICROS = 2**53 - 1

_DOLLARS = re.compile(r"\$?([0-9]{1,9})(?:\.([0-9]{1,6}))?")


class MoneyError(Failure, ValueError):
    """An amount that cannot be money, or a movement of money that is not allowed."""


def charge_micros(rate_micros_per_minute: int, talk_seconds: int) -> int:
    """Price of `talk_seconds`, per second, rounded down to a micro-dollar."""
    if rate_micros_per_minute < 0 or talk_seconds < 0:
        raise ValueError("a rate and a talk time are never negative")
    return rate_micros_per_minute * talk_seconds // 60


def affordable_seconds(balance_micros: int, rate_micros_per_minute: int) -> int:
    """Most whole seconds whose price the balance covers. The rate must be above zero: free time has no bound."""
    if rate_micros_per_minute <= 0:
        raise ValueError("only a price above zero bounds the time that a balance buys")
    if balance_micros < 0:
        return 0
    # The price rounds down, so n seconds cost at most the balance exactly when n * rate < (balance + 1) * 60.
    return ((balance_micros + 1) * 60 - 1) // rate_micros_per_minute


def micros_from_dollars(text: str) -> int:
    """Read an amount such as "10", "3.15" or "$0.0251". Raises MoneyError: nothing is rounded, nothing is guessed."""
    if not (found := _DOLLARS.fullmatch(text)):
        raise MoneyError(f"{text[:40]!r} is not an amount of dollars; write for example 10 or 3.15")
    whole, part = found.groups()
    return int(whole) * MICROS_A_DOLLAR + int((part or "").ljust(6, "0"))


def dollars(micros: int) -> str:
    """An amount to the micro-dollar, with at least cents: $3.15, $0.0251."""
    sign, whole, part = "-" if micros < 0 else "", abs(micros) // MICROS_A_DOLLAR, abs(micros) % MICROS_A_DOLLAR
    decimals = f"{part:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}${whole}.{decimals}"


def minutes_text(seconds: int) -> str:
    """A duration such as "2 min 5 s", which reads the same in English and Spanish."""
    minutes, rest = divmod(seconds, 60)
    parts = [f"{minutes} min"] if minutes else []
    return " ".join([*parts, f"{rest} s"] if rest or not parts else parts)


def whole_micros(amount_micros: int) -> int:
    """An amount of either sign, checked to be a whole number that every program can carry. Raises MoneyError."""
    # bool is an int to Python, and a float slips through arithmetic unseen.
    if type(amount_micros) is not int:
        raise MoneyError(f"{amount_micros!r} is not a whole number of micro-dollars")
    if abs(amount_micros) > LARGEST_MICROS:
        raise MoneyError(f"{amount_micros} micro-dollars is more than an account can hold")
    return amount_micros
