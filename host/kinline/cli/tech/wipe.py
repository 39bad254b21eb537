"""`kinline tech wipe`."""

from dataclasses import asdict

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Serial, Sheets, ask
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.esptool import Esptool
from kinline.technician.wipe import wipe as wiped


def wipe(
    port: Port, serial: Serial = None, sheets: Sheets = DEFAULT_SHEETS, baud: Baud = DEFAULT_BAUD, as_json: Json = False
) -> None:
    with verb("wipe", as_json) as teller, ports.lent(port, "wipe"), teller.bar("wipe") as advance:
        board = wiped(Esptool(port, baud), sheets, serial, ask, advance)
        teller.done(asdict(board), lambda: f"{board.serial} is blank.", "kinline tech flash")
