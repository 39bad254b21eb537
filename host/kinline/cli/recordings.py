"""What the command does with recordings beyond the generated verbs: play one, and check an export anywhere."""

from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.hearing import Target, hear
from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.output import answer
from kinline.cli.verbs import group_of
from kinline.operations.recordings import RecordingsPlay
from kinline.recordings import check_export

recordings_app = group_of("recordings")


@recordings_app.command("play")
def play(
    call: Annotated[int, typer.Argument(metavar="CALL", help="The call record's number.", min=1, max=2**31 - 1)],
    target: Target = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
) -> None:
    """Hear a recording: the caller left, the called party right, silence where sound is missing."""
    hear("recordings.play", RecordingsPlay(call=call, facility=facility), target, config, acting)


@recordings_app.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="The export's folder.", exists=True, file_okay=False)],
    public_key: Annotated[
        str | None, typer.Option("--public-key", help="The facility's, as `kinline recordings keys` prints it there.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check an export's files against its signed proof. Needs nothing of the site that made it."""
    claim = check_export(folder, public_key)
    by = "the key that was given" if public_key else f"{claim['public_key']}; ask the facility whether that is its key"
    answer(
        claim,
        as_json,
        lambda: f"Call {claim['call']}, exported {claim['exported_at']} by {claim['exported_by']}: unchanged.\nSigned by {by}.",
    )
