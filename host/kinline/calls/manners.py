"""How a facility wants its visits to go: what is asked, which keys mean what, and how long to wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from kinline.rules.model import Billing, Language

LINES_KEY = "0"
"""Leads to the lines that need no PIN, from every question before the call. No PIN or inmate number is this short."""


class PinMode(StrEnum):
    ID_AND_PIN = "id+pin"
    PIN = "pin"
    NONE = "none"


class Payer(StrEnum):
    """Who pays, as a caller chooses it."""

    COLLECT = "collect"  # the called party, by a bill
    DEBIT = "debit"  # the caller
    PREPAID = "prepaid"  # whoever paid for the number in advance


WAYS_OF: Mapping[Payer, tuple[Billing, ...]] = {
    Payer.COLLECT: ("collect", "direct_bill"),
    Payer.DEBIT: ("debit",),
    Payer.PREPAID: ("prepaid",),
}
PAYER_KEYS = {"1": Payer.COLLECT, "2": Payer.DEBIT, "3": Payer.PREPAID}


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line that needs no PIN: the code that reaches it, and how callers know it."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Manners:
    """A facility's choices for the conversation with the caller and the called party. Times in milliseconds.

    A key of the called party's menu that is None is not offered. `provider` is who carries the call, as the called
    party hears it first (47 CFR 64.710). With two `payers` and more the caller chooses between them; `account_code`,
    dialled as a number, tells the caller's account.
    """

    facility: str
    pin_mode: PinMode = PinMode.PIN
    languages: tuple[Language, ...] = ("en", "es")
    lines: tuple[OpenLine, ...] = ()
    provider: str | None = None
    payers: tuple[Payer, ...] = ()
    account_code: str | None = None
    pin_least: int = 4
    pin_most: int = 12
    accept_digit: str = "1"
    refuse_digit: str | None = "2"
    quote_digit: str | None = "3"
    block_digit: str | None = "9"
    account_digit: str | None = None
    first_key_ms: int = 15_000
    key_gap_ms: int = 5_000
    ring_limit_ms: int = 45_000
    menu_patience_ms: int = 6_000
    menu_times: int = 2
    quote_times: int = 5  # who asks on and on neither accepts nor refuses, and the line is not held for ever
    number_tries: int = 3
    pin_tries: int = 3
    checkpoint_ms: int = 1_000
    on_machine: Literal["nothing", "end"] = "end"
    machine_confidence: int = 85
    on_sign: Literal["nothing", "flag", "warn", "cut", "block"] = "flag"  # of a third party
    sign_confidence: int = 85
    voice_tries: int = 0  # how often a caller may try to be known by their voice; 0 where nobody compares
    spoken_names: bool = False  # callers say their name once, and are called by it
    text_telephone: bool = False  # one stands at this handset: what callers are told is typed
    deadline_grace_ms: int = 500  # the handset mutes at the deadline by itself; this much later the host does

    @property
    def lines_key(self) -> str | None:
        """The key that leads to the open lines, where there are any."""
        return LINES_KEY if self.lines else None
