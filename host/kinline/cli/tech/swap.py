"""`kinline tech swap`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.site import at_desk
from kinline.cli.tech.options import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Sheets, ask
from kinline.cli.tech.provision import DeviceFile
from kinline.cli.tech.telling import verb
from kinline.cli.verbs import request_of
from kinline.failure import Failure
from kinline.operations.operation import operation_named, perform
from kinline.technician import ports
from kinline.technician.esptool import Esptool
from kinline.technician.identity import Identity
from kinline.technician.identity import device_file as identity_of
from kinline.technician.swap import station
from kinline.technician.swap import swap as swapped


def swap(
    port: Port,
    old: Annotated[str, typer.Argument(metavar="OLD", help="Serial number or device of the board that leaves.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Serial number of the flashed board at the port.")],
    device_file: DeviceFile,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    sheets: Sheets = DEFAULT_SHEETS,
    baud: Baud = DEFAULT_BAUD,
    as_json: Json = False,
) -> None:
    with verb("swap", as_json) as teller:
        identity = identity_of(device_file, station(sheets, old))
        with ports.lent(port, "swap"), teller.bar("swap") as advance:
            done = swapped(Esptool(port, baud), old, new, identity, sheets, ask, advance)
        rekeyed, why = _rekeyed(identity, config, acting, facility)
        told = f"{done.board.serial} is now {done.device}; {old} is retired."
        told += f" The site has its key: {old}'s opens nothing." if rekeyed else f" {why}" if why else ""
        following = f"on the site's host: kinline handset rekey --device-file {device_file}" if why else "kinline tech enroll"
        teller.done(asdict(done) | {"site_rekeyed": rekeyed}, lambda: told, following)


def _rekeyed(identity: Identity, config: Path, acting: str | None, facility: str | None) -> tuple[bool, str]:
    """Whether the site was given another key for this station, and why it could not be.

    A station that the site does not know is enrolled next, and one that kept its key needs nothing.
    """
    try:
        with at_desk(config, acting) as desk:
            held = next((info.psk for info in desk.store.handsets() if info.device_id == identity.device), identity.key)
            if held == identity.key:
                return False, ""
            wanted = operation_named("handset.rekey")
            values = {"device": identity.device, "key": identity.key.hex(), "facility": facility}
            perform(desk, wanted, request_of(wanted.request, values, {"device": "--device-file"}))
            return True, ""
    except Failure as error:
        return False, f"The site still holds the key before: {error}."
