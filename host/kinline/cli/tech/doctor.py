"""`kinline tech doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.options import Json
from kinline.cli.tech.options import DEFAULT_SHEETS, Sheets
from kinline.cli.tech.telling import verb
from kinline.technician.doctor import examine


def doctor(
    port: Annotated[
        str | None, typer.Option("--port", "-p", envvar="KINLINE_PORT", metavar="PORT", help="The port to look at.")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", envvar="KINLINE_BUNDLE", metavar="FILE", help="A firmware to look at, too.")
    ] = None,
    signer: Annotated[
        str | None, typer.Option("--signer", metavar="KEY", help="Who has to have signed it: signer.txt, or hex. Remembered.")
    ] = None,
    sheets: Sheets = DEFAULT_SHEETS,
    as_json: Json = False,
) -> None:
    with verb("doctor", as_json) as teller:
        findings = list(examine(port, sheets, bundle, signer))
        data = [{"name": one.name, "well": one.trouble is None, "what": one.what} for one in findings]
        first = next((one.trouble for one in findings if one.trouble), None)
        lines = "\n".join(f"{'ok ' if one.trouble is None else 'NO '} {one.name}: {one.what}" for one in findings)
        if first is None:
            teller.done(data, lambda: lines, "kinline tech detect")
            return
        if not as_json:
            print(lines)
        teller.failed(first, data)
        raise typer.Exit(first.exit)
