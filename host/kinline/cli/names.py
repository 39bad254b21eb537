"""What the command does with spoken names beyond the generated verbs: play one."""

from typing import Annotated

import typer

from kinline.cli.hearing import Target, hear
from kinline.cli.site import DEFAULT_CONFIG, As, Config, Facility
from kinline.operations import nouns
from kinline.operations.names import NamePlay

name_app = typer.Typer(no_args_is_help=True, help=nouns()["name"])


@name_app.command("play")
def play(
    inmate: Annotated[str, typer.Argument(metavar="INMATE", help="The inmate's number.")],
    target: Target = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
) -> None:
    """Hear an inmate's name as called parties do."""
    hear("name.play", NamePlay(inmate=inmate, facility=facility), target, config, acting)
