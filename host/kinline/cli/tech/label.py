"""`kinline tech label`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.output import Json
from kinline.cli.tech.group import DEFAULT_SHEETS, Sheets, tech_app
from kinline.cli.tech.telling import verb
from kinline.technician.label import draw, label_of
from kinline.technician.worksheet import named

Board = Annotated[str | None, typer.Argument(metavar="BOARD", help="Serial number or device; the last one worked on.")]


@tech_app.command()
def label(
    board: Board = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A PNG or SVG.")] = Path("label.png"),
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    """Draw the board's label: serial number, MAC, firmware, key fingerprint, as text and QR code."""
    with verb("label", as_json) as teller:
        paper = named(sheets, board)
        wanted = label_of(paper)
        draw(wanted, out)
        paper.note("label", {"file": out.name})
        teller.done(asdict(wanted) | {"file": str(out)}, lambda: f"{out}: the label of {wanted.serial}", "kinline tech record")
