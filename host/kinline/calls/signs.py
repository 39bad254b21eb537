"""What follows a sign heard on the line: before acceptance a machine ends the menu, in the talk a third party may end it."""

from kinline.calls.actions import Outcome
from kinline.calls.manners import Manners
from kinline.calls.menu import nameless
from kinline.rules import Allow

THIRD_PARTY, TEXT_TELEPHONE = "three_way", "tty"

# What answers instead of a person: how the record says it, and what the caller hears.
_MACHINES: dict[str, tuple[Outcome, str]] = {
    "beep": (Outcome.VOICEMAIL, "voicemail"),
    "greeting": (Outcome.VOICEMAIL, "voicemail"),
    "fax": (Outcome.VOICEMAIL, "voicemail"),
    "busy": (Outcome.BUSY, "called_party_busy"),
    "reorder": (Outcome.BUSY, "called_party_busy"),
    "sit": (Outcome.NOT_FOUND, "number_not_in_service"),
}


def machine(manners: Manners, sign: str, confidence: int) -> tuple[Outcome, str] | None:
    """How a call ends that this answered; None if it goes on."""
    if manners.on_machine == "nothing" or confidence < manners.machine_confidence:
        return None
    return _MACHINES.get(sign)


def noted(manners: Manners, allow: Allow) -> bool:
    """Whether a sign is kept with the call: not of one that leaves no trace, or that only counsel and client hear."""
    return not nameless(allow) and allow.number_class != "privileged" and manners.on_sign != "nothing"


def consequence(manners: Manners, allow: Allow, sign: str, confidence: int) -> str:
    """ "flag", "warn", "cut" or "block". A relay's operator is a third party by trade; counsel's calls are nobody's business."""
    if sign != THIRD_PARTY or confidence < manners.sign_confidence or manners.on_sign == "nothing":
        return "flag"
    if nameless(allow) or allow.number_class in ("privileged", "relay"):
        return "flag"
    return manners.on_sign
