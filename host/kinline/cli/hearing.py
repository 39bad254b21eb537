"""Hear what an operation answers with: by the player of this machine, or into a file."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from kinline.cli.player import player, pour
from kinline.cli.site import at_desk
from kinline.operations.operation import Order, Sound, operation_named, perform

Target: TypeAlias = Annotated[Path | None, typer.Option("--out", "-o", help="Write a WAV file instead (- for standard output).")]


def hear(operation: str, request: Order, target: Path | None, config: Path, acting: str | None) -> None:
    """Perform an operation that answers with sound, and play it."""
    if target is None:
        player()  # without one nothing is opened, and nothing audited
    with at_desk(config, acting) as desk:
        heard = perform(desk, operation_named(operation), request)
        assert isinstance(heard, Sound)
        pour(heard.wav, target)
