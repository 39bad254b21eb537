"""`kinline tech update` and `kinline tech rollback`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_SHEETS, Port, Sheets
from kinline.cli.tech.telling import verb
from kinline.handsets.updating import Offer
from kinline.technician import bundle as bundles
from kinline.technician import trust
from kinline.technician.identity import device_file as identity_in
from kinline.technician.ports import held
from kinline.technician.update import update as updated

DeviceFile = Annotated[Path, typer.Option("--device-file", metavar="FILE", help="The board's identity, for its link.")]


def update(
    port: Port,
    bundle: Annotated[Path, typer.Option("--bundle", envvar="KINLINE_BUNDLE", metavar="FILE", help="The signed firmware.")],
    device_file: DeviceFile,
    signer: Annotated[str | None, typer.Option("--signer", metavar="HEX", help="Whose firmware to take. Remembered.")] = None,
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("update", as_json) as teller:
        sound = bundles.read(bundle, trust.signer(sheets, signer))
        own = identity_in(device_file)
        offer = Offer(sound.name, bundle.read_bytes())
        with held(port, "update") as line, teller.bar("update") as advance:
            done = updated(line, {own.device: own.key}.get, offer, advance)
        change = f": {done.now} in the place of {done.was}" if not done.already else f" runs {done.now} already"
        told = f"{done.device}{change}"
        teller.done(asdict(done), lambda: told)


def rollback(port: Port, device_file: DeviceFile, as_json: Json = False) -> None:
    with verb("rollback", as_json) as teller:
        own = identity_in(device_file)
        with held(port, "rollback") as line:
            done = updated(line, {own.device: own.key}.get, None)
        teller.done(asdict(done), lambda: f"{done.device} is back at {done.now}")
