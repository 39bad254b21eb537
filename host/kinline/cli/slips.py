"""PINs that Kinline makes: written once into a file for whoever hands them out, and shown nowhere else."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.output import UsageError, answer
from kinline.cli.site import at_desk
from kinline.cli.verbs import group_of, request_of
from kinline.operations.operation import operation_named, perform

inmate_app = group_of("inmate")
facility_app = group_of("facility")

Slip = Annotated[
    Path,
    typer.Option("--slip", metavar="FILE", help="A new file for the PINs, a line NUMBER,PIN each. Its owner alone reads it."),
]


@inmate_app.command("issue-pin")
def inmate_issue_pin(
    inmate: Annotated[str, typer.Argument(metavar="INMATE", help="The inmate's number.")],
    slip: Slip,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Make a new PIN for an inmate; the old one is gone."""
    _carry_out("inmate.issue-pin", {"inmate": inmate, "facility": facility}, slip, config, acting, as_json)


@facility_app.command("set-pin-mode")
def facility_set_pin_mode(
    mode: Annotated[str, typer.Argument(metavar="MODE", help="id+pin, pin or none.")],
    slip: Slip,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Change how a facility asks who is calling; going over to PINs alone makes a new one for every inmate."""
    _carry_out("facility.set-pin-mode", {"mode": mode, "facility": facility}, slip, config, acting, as_json)


def _carry_out(name: str, values: dict[str, Any], slip: Path, config: Path, acting: str | None, as_json: bool) -> None:
    wanted = operation_named(name)
    request = request_of(wanted.request, values, {"inmate": "INMATE", "mode": "MODE"})
    # The file comes first: PINs that were made and could not be written down would lock everyone out.
    with _new_file(slip) as out, at_desk(config, acting) as desk:
        try:
            result = perform(desk, wanted, request)
        except BaseException:
            slip.unlink()
            raise
        out.write(result.made.get_secret_value())
    data = {key: value for key, value in wanted.as_json(result).items() if key != "made"} | {"slip": slip}
    answer(data, as_json, lambda: f"{wanted.told(result)} It is in {slip}: hand it over, then delete the file.")


def _new_file(slip: Path) -> Any:
    try:
        return os.fdopen(os.open(slip, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{slip}: cannot be made: {error.strerror}; name a new file") from error
