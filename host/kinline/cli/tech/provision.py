"""`kinline tech provision`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Serial, Sheets, ask
from kinline.cli.tech.telling import verb
from kinline.technician import ports
from kinline.technician.esptool import Esptool
from kinline.technician.identity import device_file as identity_of
from kinline.technician.provision import provision as provisioned

DeviceFile = Annotated[
    Path, typer.Option("--device-file", metavar="FILE", help="Its identity; made, with a fresh key, if it does not exist.")
]


def provision(
    port: Port,
    device_file: DeviceFile,
    device: Annotated[str | None, typer.Argument(metavar="DEVICE", help="Which telephone the board becomes.")] = None,
    close_jtag: Annotated[bool, typer.Option("--close-jtag", help="Burn the eFuses that close JTAG, for good.")] = False,
    serial: Serial = None,
    sheets: Sheets = DEFAULT_SHEETS,
    baud: Baud = DEFAULT_BAUD,
    as_json: Json = False,
) -> None:
    with verb("provision", as_json) as teller:
        identity = identity_of(device_file, device)
        with ports.lent(port, "provision"), teller.bar("provision") as advance:
            done = provisioned(Esptool(port, baud), identity, sheets, close_jtag, serial, ask, advance)
        was = "is already" if done.already else "is now"
        shut = " JTAG is closed." if done.jtag_closed else ""
        told = f"{done.board.serial} {was} {done.device}, key {done.fingerprint}.{shut}"
        teller.done(asdict(done), lambda: told, "kinline tech selftest")
