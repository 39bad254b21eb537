"""What the two parties hear of a grant: who calls, how far the call is kept, what it costs, which keys there are."""

from typing import Any

from kinline.accounts.money import charge_micros
from kinline.calls.manners import Manners
from kinline.people.names import SpokenName
from kinline.rules import Allow

_KEPT = {
    (True, True): "kept_recorded_monitored",
    (True, False): "kept_recorded",
    (False, True): "kept_monitored",
    (False, False): "kept_private",
}


def kept_prompt(allow: Allow) -> str:
    """The prompt that says whether the call is recorded and monitored."""
    return _KEPT[allow.recorded, allow.monitored]


def nameless(allow: Allow) -> bool:
    """Nobody is to learn who calls, and nothing of the call is to be left (safety property P9)."""
    return allow.number_class == "anonymous"


def menu_values(manners: Manners, allow: Allow, name: str | SpokenName | None) -> dict[str, Any]:
    """For the prompt `menu`. Its values are None for what is not said."""
    return {
        "provider": manners.provider,
        "name": None if nameless(allow) else name,
        "facility": manners.facility,
        "kept": kept_prompt(allow),
        "rate": allow.rate_micros_per_minute,
        "accept": manners.accept_digit,
        "refuse": manners.refuse_digit,
        # A call for nothing has no price to tell.
        "quote": manners.quote_digit if allow.rate_micros_per_minute else None,
        "account": account_digit(manners, allow),
        "block": block_digit(manners, allow),
    }


def quote_values(manners: Manners, allow: Allow) -> dict[str, Any]:
    """For the prompt `rate_quote`: the price of a minute, and the most that the call can cost."""
    cost = charge_micros(allow.rate_micros_per_minute, allow.max_seconds)
    return {
        "rate": allow.rate_micros_per_minute,
        "length": allow.max_seconds if cost else None,
        "cost": cost or None,
        "accept": manners.accept_digit,
        "refuse": manners.refuse_digit,
    }


def account_digit(manners: Manners, allow: Allow) -> str | None:
    """Nobody opens an account for a call that costs nothing."""
    return manners.account_digit if allow.rate_micros_per_minute else None


def block_digit(manners: Manners, allow: Allow) -> str | None:
    """A block is kept with the call that it came from; a call that leaves nothing behind offers none."""
    return None if nameless(allow) else manners.block_digit
