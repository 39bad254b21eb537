"""`kinline tech label`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_SHEETS, Sheets
from kinline.cli.tech.telling import verb
from kinline.technician.label import draw, label_of
from kinline.technician.worksheet import named

Board = Annotated[str | None, typer.Argument(metavar="BOARD", help="Serial number or device; the last one worked on.")]


def label(
    board: Board = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="A PNG or SVG.")] = Path("label.png"),
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("label", as_json) as teller:
        paper = named(sheets, board)
        wanted = label_of(paper)
        draw(wanted, out)
        paper.note("label", {"file": out.name})
        teller.done(asdict(wanted) | {"file": str(out)}, lambda: f"{out}: the label of {wanted.serial}", "kinline tech record")
