"""What the command does with spoken names beyond the generated verbs: play one."""

from typing import Annotated

import typer

from kinline.cli.hearing import Target, hear
from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility
from kinline.cli.verbs import group_of
from kinline.operations.names import NamePlay

name_app = group_of("name")


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
