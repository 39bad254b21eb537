"""`kinline tech flash`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_BAUD, DEFAULT_SHEETS, Baud, Port, Sheets
from kinline.cli.tech.telling import verb
from kinline.technician import bundle as bundles
from kinline.technician import ports, trust
from kinline.technician.esptool import Esptool
from kinline.technician.flash import flash as flashed

Bundle = Annotated[Path, typer.Option("--bundle", envvar="KINLINE_BUNDLE", metavar="FILE", help="The signed firmware.")]
Signer = Annotated[
    str | None,
    typer.Option("--signer", metavar="KEY", help="Whose firmware to take: signer.txt of make firmware, or hex. Remembered."),
]


def flash(
    port: Port,
    bundle: Bundle,
    micropython: Annotated[
        Path, typer.Option("--micropython", envvar="KINLINE_MICROPYTHON_IMAGE", metavar="FILE", help="The stock MicroPython.")
    ],
    signer: Signer = None,
    new: Annotated[bool, typer.Option("--new", help="The board has nothing to keep, though its file system is broken.")] = False,
    other_micropython: Annotated[
        bool, typer.Option("--other-micropython", help="Take another MicroPython than the bundle names, such as the simulator's.")
    ] = False,
    sheets: Sheets = DEFAULT_SHEETS,
    baud: Baud = DEFAULT_BAUD,
    as_json: Json = False,
) -> None:
    with verb("flash", as_json) as teller:
        sound = bundles.read(bundle, trust.signer(sheets, signer))
        with ports.lent(port, "flash"), teller.bar("flash") as advance:
            done = flashed(Esptool(port, baud), sound, micropython, sheets, new, other_micropython, advance)
        kept = f"; it is still {done.device}" if done.device else ""
        following = "kinline tech selftest" if done.device else "kinline tech provision"
        data = asdict(done)
        teller.done(data, lambda: f"{done.board.serial}: firmware {done.firmware}, written and verified{kept}.", following)
