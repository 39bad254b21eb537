"""`kinline tech`: the technician's verbs, a file each, in the order in which a board meets them."""

import typer

from kinline.cli.later import Later, at, consisting_of
from kinline.technician.exits import MEANINGS

_EXITS = ", ".join(f"{code.value} {text}" for code, text in MEANINGS.items())


def _verb(name: str, help: str, file: str | None = None) -> Later:
    return Later(name, help, at(f"cli.tech.{file or name}", name))


tech_app = typer.Typer(
    cls=consisting_of(
        _verb("doctor", "Say whether this laptop is ready, and if not, what to do first."),
        _verb("detect", "Say which board is at the port, and refuse the wrong one."),
        _verb("flash", "Write MicroPython and the firmware, verified. What the board is, it stays."),
        _verb("provision", "Give the board its identity: device, and so station, and key."),
        _verb("selftest", "Test every wire, sensor and key, the mute, the sound and the line, and say what to mend."),
        _verb(
            "enroll",
            "Make the board known to the site, prove its key in a handshake, and, with --test-call, see a call of it through.",
        ),
        _verb("label", "Draw the board's label: serial number, MAC, firmware, key fingerprint, as text and QR code."),
        _verb(
            "record",
            "Enter what was done to the board into the record, each entry sealed by the hash of the one before.",
        ),
        _verb(
            "swap",
            "Give one board's station to another, at the site, too: the key of the board that leaves opens nothing any more.",
        ),
        _verb("logs", "Ask the running firmware for its counters and its recent events.", "listen"),
        _verb("monitor", "Show what the board says, and send nothing.", "listen"),
        _verb("update", "Send a board newer firmware over its link, into the slot that does not run; identity is not touched."),
        _verb("rollback", "Go back to the firmware in the board's other slot; it has to prove itself like a new one.", "update"),
        _verb("wipe", "Erase all of the board's flash, its identity too."),
    ),
    no_args_is_help=True,
    epilog=f"Exit codes: {_EXITS}.",
)
