"""A call told as moments: what a person wants to read, from the daemon's log, the relay and the called party."""

from dataclasses import dataclass

from demo.daemon_process import Line
from demo.scenario import WARNING_S, MadeCall


@dataclass(frozen=True, slots=True)
class Moment:
    """Seconds since off hook, who it happened to, and what."""

    at_s: float
    where: str
    text: str


_PHASES = {
    "language": "hears the language choice",
    "pin": "is asked for the PIN",
    "checking": "PIN given, never shown",
    "number": "hears the balance, dials",
    "inviting": "hears ringback; the gate is closed",
    "menu": "answered: the menu is said to the called party",
    "talk": "accepted: gate open, clock and charge start",
}


def told(line: Line) -> tuple[str, str] | None:
    """Who a log line is about and what it says to a person; None for what only an engineer reads."""
    match line["event"]:
        case "off hook":
            return "handset", "lifted"
        case "on hook":
            return "handset", "hung up"
        case "visit" if line["phase"] in _PHASES:
            return "caller", _PHASES[line["phase"]]
        case "call begun":
            recorded = "recorded" if line["recorded"] else "not recorded"
            return "rules", f"allowed: {line['limit_seconds']} s by {line['limited_by'].replace('_', ' ')}, {recorded}"
        case "handset muted the talk":
            return "handset", f"mutes by its own clock after {line['talk_ms'] / 1000:.2f} s ({line['cause']})"
        case "call recorded":
            charge = f"{line['talk_seconds']} s, ${line['charged_micros'] / 1e6:.4f}"
            return "record", f"{line['outcome']}, ended by {line['ended_by'].replace('_', ' ')}: {charge}"
        case _:
            return None


def tell(call: MadeCall) -> list[Moment]:
    """Every moment worth telling, in order: the daemon's, the called party's, and the relay's."""
    moments = [Moment(line["mono"] - call.lifted_at, *words) for line in call.lines if (words := told(line)) is not None]
    moments += [
        Moment(at_ns / 1e9 - call.lifted_at, "called party", text)
        for at_ns, text in call.far.timeline
        if not text.startswith("speaks") or call.talk
    ]
    if call.talk:
        moments += [
            Moment(warned.at - call.lifted_at, who, f"hears over the talk: {WARNING_S} seconds left")
            for who, warned in call.warnings.items()
        ]
        opened = [at for at, closed in call.board.relay_log if not closed and at > call.talk[0]]
        if opened:
            moments.append(Moment(opened[0] - call.lifted_at, "relay", "opens: microphone and receiver are cut"))
    return sorted(moments, key=lambda moment: moment.at_s)
