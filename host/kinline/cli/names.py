"""What the command does with spoken names beyond the generated verbs: play one."""

from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.player import player, pour
from kinline.cli.site import DEFAULT_CONFIG, As, Config, Facility, at_desk
from kinline.operations import Sound, catalogue, nouns, perform
from kinline.operations.names import NamePlay

name_app = typer.Typer(no_args_is_help=True, help=nouns()["name"])


@name_app.command("play")
def play(
    inmate: Annotated[str, typer.Argument(metavar="INMATE", help="The inmate's number.")],
    target: Annotated[Path | None, typer.Option("--out", "-o", help="Write a WAV file instead (- for standard output).")] = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
) -> None:
    """Hear an inmate's name as called parties do."""
    if target is None:
        player()  # without one nothing is opened, and nothing audited
    with at_desk(config, acting) as desk:
        heard = perform(desk, catalogue()["name.play"], NamePlay(inmate=inmate, facility=facility))
        assert isinstance(heard, Sound)
        pour(heard.wav, target)
