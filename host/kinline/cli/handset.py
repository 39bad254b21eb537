"""Enrolling a handset: the one verb that needs a file of its own, the board's device.json with its key."""

import json
import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from kinline.cli.output import Json, UsageError, answer, table
from kinline.cli.running import asked
from kinline.cli.site import DEFAULT_CONFIG, As, Config, Facility, at_desk
from kinline.cli.verbs import request_of
from kinline.operations import catalogue, perform

handset_app = typer.Typer(no_args_is_help=True, help="Handsets: which there are and where they hang.")


@handset_app.command("add")
def handset_add(
    device_file: Annotated[
        Path,
        typer.Option("--device-file", help="The board's device.json. It is made, with a fresh key, if it does not exist."),
    ],
    device: Annotated[str | None, typer.Argument(metavar="DEVICE", help="The board's id; needed to make the file.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="The living unit where it hangs.")] = None,
    label: Annotated[str, typer.Option("--label", help="What is written on it.")] = "",
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Enrol a handset by the key that is flashed into it."""
    wanted = catalogue()["handset.add"]
    with at_desk(config, acting) as desk:
        name, key, made = _device(device_file, device)
        values = {"device": name, "key": key.hex(), "unit": unit, "label": label, "facility": facility}
        request = request_of(wanted.request, values, {"device": "DEVICE", "unit": "--unit", "label": "--label"})
        # The file comes first: a key in the database that no board can have would be of no use.
        if made:
            _write_device(device_file, name, key)
        added = perform(desk, wanted, request)
    note = f" Flash {device_file} into the board." if made else ""
    answer({**wanted.as_json(added), "device_file": device_file}, as_json, lambda: f"{wanted.told(added)}{note}")


@handset_app.command("status")
def handset_status(config: Config = DEFAULT_CONFIG, acting: As = None, as_json: Json = False) -> None:
    """Say how the telephones are now: in reach or not, why each last started, how often it restarted, what it warns of."""
    with at_desk(config, acting) as desk:
        units = {info.device_id: info.unit for info in desk.store.handsets()}
        with asked(desk, "handsets") as connection:
            found = [one for one in connection.reply.handsets or [] if desk.sees(units.get(one.handset))]
    rows = [
        (
            one.handset,
            one.in_reach,
            one.build,
            one.started_by,
            ", ".join(f"{count} {cause}" for cause, count in sorted(one.restarts.items())),
            "; ".join(one.alarms.values()),
        )
        for one in found
    ]
    columns = ("handset", "in reach", "firmware", "started by", "restarts", "alarms")
    answer([one.model_dump() for one in found], as_json, lambda: table(columns, rows, "This daemon serves no handset."))


def _device(file: Path, device: str | None) -> tuple[str, bytes, bool]:
    """The board's id and key, and whether they were made just now."""
    if not file.exists():
        if not device:
            raise UsageError(f"{file} does not exist; name the DEVICE to make it for")
        return device, secrets.token_bytes(16), True
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        name, key = str(found["device"]), bytes.fromhex(found["key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f'{file} is not a device file; it holds {{"device": "…", "key": "32 hex digits"}}') from error
    if device is not None and device != name:
        raise UsageError(f"{file} belongs to {name}, not to {device}; name the right file")
    return name, key, False


def _write_device(file: Path, device: str, key: bytes) -> None:
    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as target:
            json.dump({"device": device, "key": key.hex()}, target)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}; name a file in another folder") from error
