"""What a handset's verbs need beyond the operations: the board's device.json with its key, and the running daemon."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from kinline.cli.options import DEFAULT_CONFIG, As, Config, Facility, Json
from kinline.cli.output import UsageError, answer, table
from kinline.cli.running import asked
from kinline.cli.site import at_desk
from kinline.cli.verbs import group_of, request_of
from kinline.operations.operation import Operation, operation_named, perform
from kinline.technician.identity import Identity, existing_or_fresh, keep
from kinline.technician.trouble import Trouble

handset_app = group_of("handset")


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
    wanted = operation_named("handset.add")
    with at_desk(config, acting) as desk:
        identity, made = _identity(device_file, device)
        values = {"unit": unit, "label": label, "facility": facility}
        wanted, request = _request("handset.add", identity, values, {"unit": "--unit", "label": "--label"})
        # The file comes first: a key in the database that no board can have would be of no use.
        if made:
            _keep(device_file, identity)
        added = perform(desk, wanted, request)
    note = f" Flash {device_file} into the board." if made else ""
    answer({**wanted.as_json(added), "device_file": device_file}, as_json, lambda: f"{wanted.told(added)}{note}")


@handset_app.command("rekey")
def handset_rekey(
    device_file: Annotated[Path, typer.Option("--device-file", help="The device.json of the board that hangs there now.")],
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    acting: As = None,
    as_json: Json = False,
) -> None:
    """Give a telephone's station the key of another board, after a swap or a revocation; the key before opens nothing."""
    with at_desk(config, acting) as desk:
        identity, _ = _identity(device_file, None)
        wanted, request = _request("handset.rekey", identity, {"facility": facility}, {})
        changed = perform(desk, wanted, request)
    answer(wanted.as_json(changed), as_json, lambda: wanted.told(changed))


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


def _request(
    name: str, identity: Identity, values: Mapping[str, str | None], options: Mapping[str, str]
) -> tuple[Operation, Any]:
    """An operation that takes a device and its key, and what is asked of it."""
    wanted = operation_named(name)
    given = {"device": identity.device, "key": identity.key.hex(), **values}
    return wanted, request_of(wanted.request, given, {"device": "DEVICE", **options})


def _identity(file: Path, device: str | None) -> tuple[Identity, bool]:
    try:
        return existing_or_fresh(file, device)
    except Trouble as trouble:
        raise UsageError(f"{trouble.what}; {trouble.next_step}") from trouble


def _keep(file: Path, identity: Identity) -> None:
    try:
        keep(file, identity)
    except Trouble as trouble:
        raise UsageError(f"{trouble.what}; {trouble.next_step}") from trouble
