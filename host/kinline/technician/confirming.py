"""What cannot be undone is confirmed by typing the board's serial number: at the terminal, or given on the command line."""

from collections.abc import Callable

from kinline.technician.exits import Exit
from kinline.technician.trouble import Trouble

Ask = Callable[[str], str | None]  # a question; the answer, or None where nobody can be asked


def confirmed(what: str, serial: str, typed: str | None, ask: Ask) -> None:
    """Raises Trouble unless the serial number was typed."""
    answer = typed if typed is not None else ask(f"{what} cannot be undone. Type the serial number {serial}: ")
    if answer is None:
        raise Trouble("unconfirmed", f"{what} cannot be undone", f"confirm it: --serial {serial}", Exit.DECLINED)
    if answer.strip().upper() != serial:
        raise Trouble("declined", f"{answer.strip()!r} is not {serial}; nothing was done", "type it as it stands", Exit.DECLINED)
