"""`kinline tech swap`."""

from dataclasses import asdict
from typing import Annotated

import typer

from kinline.cli.output import Json
from kinline.cli.tech.group import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Sheets, ask, tech_app
from kinline.cli.tech.provision import DeviceFile
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.esptool import Esptool
from kinline.technician.identity import device_file as identity_of
from kinline.technician.swap import swap as swapped


@tech_app.command()
def swap(
    port: Port,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Serial number or device of the board that leaves.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Serial number of the flashed board at the port.")],
    device_file: DeviceFile,
    sheets: Sheets = DEFAULT_SHEETS,
    baud: Baud = DEFAULT_BAUD,
    as_json: Json = False,
) -> None:
    """Give the station of one board to another."""
    with verb("swap", as_json) as teller:
        identity = identity_of(device_file)
        with ports.lent(port, "swap"), teller.bar("swap") as advance:
            done = swapped(Esptool(port, baud), old, new, identity, sheets, ask, advance)
        teller.done(asdict(done), lambda: f"{done.board.serial} is now {done.device}; {old} is retired.", "kinline tech enroll")
