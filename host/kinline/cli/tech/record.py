"""`kinline tech record`."""

from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.actor import actor
from kinline.cli.options import Json
from kinline.cli.tech.label import Board
from kinline.cli.tech.options import DEFAULT_SHEETS, Sheets
from kinline.cli.tech.telling import verb
from kinline.technician.record import append, page, verified
from kinline.technician.worksheet import named


def record(
    board: Board = None,
    out: Annotated[Path | None, typer.Option("--page", metavar="FILE", help="Also write a page to print, as HTML.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only check that no entry was changed or taken out.")] = False,
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("record", as_json) as teller:
        if check:
            entries = verified(sheets)
            head = entries[-1]["hash"] if entries else None
            teller.done({"entries": len(entries), "head": head}, lambda: f"{len(entries)} entries, unbroken; head {head}")
            return
        paper = named(sheets, board)
        printed = None if out is None else (out, paper)
        entry = append(sheets, paper, actor())
        if printed:
            printed[0].write_text(page(entry, paper), encoding="utf-8")
        where = f"; page {out}" if out else ""
        teller.done(entry, lambda: f"Entry {entry['number']} for {paper.serial}, {entry['hash'][:16]}…{where}")
