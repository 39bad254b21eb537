"""`kinline tech wipe`."""

from dataclasses import asdict

from kinline.cli.output import Json
from kinline.cli.tech.group import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Serial, Sheets, ask, tech_app
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.esptool import Esptool
from kinline.technician.wipe import wipe as wiped


@tech_app.command()
def wipe(
    port: Port, serial: Serial = None, sheets: Sheets = DEFAULT_SHEETS, baud: Baud = DEFAULT_BAUD, as_json: Json = False
) -> None:
    """Erase all of the board's flash, its identity too."""
    with verb("wipe", as_json) as teller, ports.lent(port, "wipe"), teller.bar("wipe") as advance:
        board = wiped(Esptool(port, baud), sheets, serial, ask, advance)
        teller.done(asdict(board), lambda: f"{board.serial} is blank.", "kinline tech flash")
