"""The options that most verbs have."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("/etc/kinline/kinline.toml")

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="KINLINE_CONFIG", help="The site's settings.", metavar="FILE", dir_okay=False),
]
Facility = Annotated[
    str | None,
    typer.Option("--facility", "-f", metavar="CODE", help="The facility; without it, that of the settings."),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="KINLINE_AS",
        metavar="STAFF",
        help="Act as this member of staff, with their roles only; without it, with all of them.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.", show_default=False)]
