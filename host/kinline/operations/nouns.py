"""What operations are about: a group of the command, a tag of the API, and where its operations are declared.

It imports nothing, so that the command can list its groups without the modules that declare them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """`summary` says what it is about; `modules` of this package declare its operations."""

    summary: str
    modules: tuple[str, ...]


NOUNS: Mapping[str, Noun] = {
    "account": Noun(
        "Money: inmates' debit accounts, called parties' prepaid ones, and what is billed later.",
        ("accounts", "kiosk", "statements"),
    ),
    "alarm": Noun("Alarms of the telephones: wires, case, magnet, supply.", ("alarms",)),
    "audit": Noun("The log of what staff did.", ("audit",)),
    "calls": Noun("Call records: one for every attempt.", ("records",)),
    "contact": Noun("The numbers that an inmate may call.", ("contacts", "allowed")),
    "counsel": Noun("Calls with counsel, which are never recorded: what is arranged, and what may close them.", ("counsel",)),
    "facility": Noun("Facilities and their living units.", ("places", "restrictions", "pins")),
    "handset": Noun("Handsets: which there are and where they hang.", ("handsets",)),
    "inmate": Noun("Inmates and their PINs.", ("people", "pins")),
    "line": Noun("Lines that a facility opens to everyone, such as an ombudsman's.", ("lines",)),
    "message": Noun("Messages in an emergency, spoken to an inmate after the PIN.", ("messages",)),
    "name": Noun("Names that inmates said for the people whom they call; each is asked once.", ("names",)),
    "number": Noun("Telephone numbers that are closed, and who called one.", ("numbers", "unwanted")),
    "rate": Noun("What a minute costs, for which numbers, from which day.", ("rates",)),
    "recordings": Noun(
        "Recordings of calls, each sealed as it was written: a chain of custody from the call to whoever gets it.",
        ("recordings",),
    ),
    "restriction": Noun("Who may not call, and from where nobody may, for a time or until it is lifted.", ("restrictions",)),
    "staff": Noun("Staff: their roles, and the tokens by which the API knows them.", ("staff",)),
}
