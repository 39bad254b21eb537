"""`kinline tech logs` and `kinline tech monitor`."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import Port
from kinline.cli.tech.provision import DeviceFile
from kinline.cli.tech.telling import verb
from kinline.handsets import _board
from kinline.technician import ports
from kinline.technician.identity import device_file as identity_of
from kinline.technician.listening import account, watch


def logs(port: Port, device_file: DeviceFile, as_json: Json = False) -> None:
    with verb("logs", as_json) as teller:
        identity = identity_of(device_file)
        with ports.held(port, "logs") as line:
            said = account(line, identity)
        counters = ", ".join(f"{name} {value}" for name, value in said.health.items())
        teller.done(asdict(said), lambda: "\n".join([f"{said.device}, build {said.build}: {counters}", *said.events]))


def monitor(
    port: Port,
    rate: Annotated[int, typer.Option("--rate", help="The ROM speaks at 115200, the link at the default.")] = _board.BAUD,
    seconds: Annotated[float | None, typer.Option("--for", metavar="SECONDS", help="Without it, until Ctrl-C.")] = None,
    as_json: Json = False,
) -> None:
    with verb("monitor", as_json), ports.held(port, "monitor", rate) as line:
        for said in watch(line, seconds):
            print(json.dumps({"said": said}) if as_json else said, flush=True)
