"""The options that the technician's verbs share."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

Port = Annotated[
    str,
    typer.Option(
        "--port", "-p", envvar="KINLINE_PORT", metavar="PORT", help="/dev/tty…, socket://HOST:PORT or rfc2217://HOST:PORT"
    ),
]


def _sheets() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "kinline/tech"


DEFAULT_SHEETS = _sheets()
Sheets = Annotated[
    Path,
    typer.Option("--sheets", envvar="KINLINE_SHEETS", metavar="DIR", help="Where the boards' work sheets and records are kept."),
]

Baud = Annotated[
    int, typer.Option("--baud", metavar="RATE", help="How fast the flash is read and written; lower for a long or poor cable.")
]
DEFAULT_BAUD = 921_600
Serial = Annotated[
    str | None,
    typer.Option("--serial", metavar="SERIAL", help="Confirm what cannot be undone, as typing it would.", show_default=False),
]


def ask(question: str) -> str | None:
    """A person at the terminal, if there is one."""
    return str(typer.prompt(question, prompt_suffix="")) if sys.stdin.isatty() else None
