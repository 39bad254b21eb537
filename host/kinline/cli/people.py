"""Facilities, units, handsets, inmates, contacts and blocked numbers."""

import json
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from kinline.cli.output import Json, UsageError, answer, table
from kinline.cli.site import DEFAULT_CONFIG, Config, Facility, actor, opened, read_pin
from kinline.profiles import load_profile
from kinline.rules import Window, to_e164

facility_app = typer.Typer(no_args_is_help=True, help="Facilities and their living units.")
handset_app = typer.Typer(no_args_is_help=True, help="Handsets: which there are and where they hang.")
inmate_app = typer.Typer(no_args_is_help=True, help="Inmates and their PINs.")
contact_app = typer.Typer(no_args_is_help=True, help="The numbers that an inmate may call.")
number_app = typer.Typer(no_args_is_help=True, help="Blocks on telephone numbers.")


class Language(StrEnum):
    EN = "en"
    ES = "es"


class NumberClass(StrEnum):
    SOCIAL = "social"
    PRIVILEGED = "privileged"
    FREE = "free"
    ANONYMOUS = "anonymous"
    RELAY = "relay"


class Status(StrEnum):
    APPROVED = "approved"
    PENDING = "pending"
    DENIED = "denied"
    REMOVED = "removed"


class PinMode(StrEnum):
    ID_AND_PIN = "id+pin"
    PIN = "pin"
    NONE = "none"


class LineKind(StrEnum):
    LANDLINE = "landline"
    CELL = "cell"


Inmate = Annotated[str, typer.Argument(metavar="INMATE", help="The inmate's number.")]
Number = Annotated[str, typer.Argument(metavar="NUMBER", help="A telephone number, as dialled or +1…")]
PinStdin = Annotated[bool, typer.Option("--pin-stdin", help="Read the PIN from standard input.", show_default=False)]


@facility_app.command("add")
def facility_add(
    code: Annotated[str, typer.Argument(help="A short name for commands and settings.")],
    name: Annotated[str, typer.Option("--name", help="The name that called parties hear.")],
    timezone: Annotated[str, typer.Option("--timezone", help="For example America/New_York.")],
    profile: Annotated[str, typer.Option("--profile", help="The calling rules.")] = "generic",
    pin_mode: Annotated[PinMode | None, typer.Option("--pin-mode", help="Without it, as the profile says.")] = None,
    caller_id: Annotated[str | None, typer.Option("--caller-id", help="The number that called parties see.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Add a facility."""
    _check_zone(timezone)
    with opened(config) as (settings, store):
        rules = load_profile(profile, settings.storage.profiles_dir)
        mode = pin_mode.value if pin_mode else rules.pin.mode
        store.add_facility(code, name, timezone, profile, mode, _e164(caller_id) if caller_id else None, actor())
    answer({"facility": code, "pin_mode": mode}, as_json, lambda: f"Added facility {code}, with PIN mode {mode}.")


@facility_app.command("list")
def facility_list(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the facilities."""
    with opened(config) as (_, store):
        rows = store.facilities()
    fields = ("code", "name", "timezone", "profile", "pin_mode", "suspended", "caller_id")
    data = [{field: getattr(row, field) for field in fields} for row in rows]
    empty = "No facility yet. Add one: kinline facility add"
    answer(data, as_json, lambda: table([f.replace("_", " ") for f in fields], [[*r.values()] for r in data], empty))


@facility_app.command("add-unit")
def unit_add(
    name: Annotated[str, typer.Argument(help="The living unit.")],
    window: Annotated[
        list[str] | None,
        typer.Option("--window", help="Its own calling hours, as 08:00-11:00; repeat for more. Without: the profile's."),
    ] = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Add a living unit to a facility."""
    windows = [_window(text) for text in window] if window else None
    with opened(config) as (settings, store):
        home = facility or settings.facility
        store.add_unit(home, name, windows, actor())
    answer({"facility": home, "unit": name}, as_json, lambda: f"Added unit {name} to {home}.")


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
    as_json: Json = False,
) -> None:
    """Enrol a handset by the key that is flashed into it."""
    with opened(config) as (settings, store):
        name, key, made = _device(device_file, device)
        home = facility or settings.facility
        # The file comes first: a key in the database that no board can have would be of no use.
        if made:
            _write_device(device_file, name, key)
        store.add_handset(name, key, home, unit, label, actor())
    note = f" Flash {device_file} into the board." if made else ""
    data = {"device": name, "facility": home, "unit": unit, "device_file": device_file}
    answer(data, as_json, lambda: f"Added handset {name} to {home}.{note}")


@handset_app.command("list")
def handset_list(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the handsets. Their keys are never shown."""
    with opened(config) as (_, store):
        infos = store.handsets()
    fields = ("device_id", "facility", "unit", "label", "enabled", "locked_until")
    data = [{field: getattr(info, field) for field in fields} for info in infos]
    empty = "No handset yet. Add one: kinline handset add"
    answer(data, as_json, lambda: table([f.replace("_", " ") for f in fields], [[*r.values()] for r in data], empty))


@inmate_app.command("add")
def inmate_add(
    inmate: Inmate,
    name: Annotated[str, typer.Option("--name", help="The name that called parties hear until one is recorded.")],
    unit: Annotated[str | None, typer.Option("--unit", help="The living unit.")] = None,
    language: Annotated[Language, typer.Option("--language")] = Language.EN,
    no_pin: Annotated[bool, typer.Option("--no-pin", help="Give the PIN later.", show_default=False)] = False,
    pin_stdin: PinStdin = False,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Add an inmate and ask for the PIN."""
    with opened(config) as (settings, store):
        home = facility or settings.facility
        pin = None if no_pin else read_pin(pin_stdin)
        store.add_inmate(home, inmate, name, pin, unit, language.value, actor=actor())
    answer({"facility": home, "inmate": inmate}, as_json, lambda: f"Added inmate {inmate} to {home}.")


@inmate_app.command("list")
def inmate_list(facility: Facility = None, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the inmates."""
    with opened(config) as (settings, store):
        infos = store.inmates(facility or settings.facility)
    fields = ("number", "name", "unit", "language", "status")
    data = [{field: getattr(info, field) for field in fields} for info in infos]
    empty = "No inmate yet. Add one: kinline inmate add"
    answer(data, as_json, lambda: table(fields, [[*row.values()] for row in data], empty))


@inmate_app.command("set-pin")
def inmate_set_pin(
    inmate: Inmate,
    pin_stdin: PinStdin = False,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Give an inmate a new PIN."""
    with opened(config) as (settings, store):
        home = facility or settings.facility
        store.inmate(home, inmate)
        store.set_pin(home, inmate, read_pin(pin_stdin), actor())
    answer({"facility": home, "inmate": inmate}, as_json, lambda: f"Inmate {inmate} has a new PIN.")


@inmate_app.command("status")
def inmate_status(
    inmate: Inmate,
    status: Annotated[str, typer.Argument(help="active, or any other word: such an inmate cannot call.")],
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Let an inmate call, or not."""
    with opened(config) as (settings, store):
        home = facility or settings.facility
        store.set_inmate_status(home, inmate, status, actor())
    answer({"inmate": inmate, "status": status}, as_json, lambda: f"Inmate {inmate} is {status}.")


@contact_app.command("add")
def contact_add(
    inmate: Inmate,
    number: Number,
    label: Annotated[str, typer.Option("--label", help="Who it is.")] = "",
    number_class: Annotated[
        NumberClass, typer.Option("--class", help="privileged: never recorded, never monitored.")
    ] = NumberClass.SOCIAL,
    status: Annotated[Status, typer.Option("--status")] = Status.APPROVED,
    line: Annotated[LineKind | None, typer.Option("--line")] = None,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Put a number on an inmate's list."""
    with opened(config) as (settings, store):
        home = facility or settings.facility
        profile = next((row.profile for row in store.facilities() if row.code == home), "generic")
        maximum = load_profile(profile, settings.storage.profiles_dir).contact_list.maximum
        full = _e164(number)
        store.add_contact(
            home,
            inmate,
            full,
            label,
            status.value,
            number_class.value,
            line.value if line else None,
            maximum=maximum,
            actor=actor(),
        )
    data = {"inmate": inmate, "number": full, "class": number_class.value, "status": status.value}
    answer(data, as_json, lambda: f"{full} is on the list of {inmate}: {number_class.value}, {status.value}.")


@contact_app.command("list")
def contact_list(inmate: Inmate, facility: Facility = None, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show an inmate's list."""
    with opened(config) as (settings, store):
        infos = store.contacts(facility or settings.facility, inmate)
    data = [{"number": i.number, "label": i.label, "status": i.status, "class": i.number_class, "line": i.line} for i in infos]
    empty = f"The list of {inmate} is empty. Add a number: kinline contact add {inmate} NUMBER"
    answer(data, as_json, lambda: table(("number", "label", "status", "class", "line"), [[*r.values()] for r in data], empty))


@number_app.command("block")
def number_block(
    number: Number,
    note: Annotated[str, typer.Option("--note", help="Why; it goes into the audit log.")],
    everywhere: Annotated[bool, typer.Option("--everywhere", help="From every facility.", show_default=False)] = False,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Refuse calls to a number."""
    with opened(config) as (settings, store):
        home = None if everywhere else facility or settings.facility
        full = _e164(number)
        fresh = store.block_number(full, "staff", home, note, actor=actor())
    text = f"Calls to {full} from {home or 'every facility'} are blocked" + ("." if fresh else " already.")
    answer({"number": full, "facility": home, "changed": fresh}, as_json, lambda: text)


@number_app.command("unblock")
def number_unblock(
    number: Number,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Every facility's blocks.", show_default=False)] = False,
    facility: Facility = None,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Lift every standing block on a number, the called party's own included: do it at their request only."""
    with opened(config) as (settings, store):
        home = None if everywhere else facility or settings.facility
        full = _e164(number)
        lifted = store.unblock_number(full, home, actor())
    text = f"Lifted {lifted} block{'' if lifted == 1 else 's'} on {full}." if lifted else f"{full} was not blocked."
    answer({"number": full, "facility": home, "lifted": lifted}, as_json, lambda: text)


def _e164(number: str) -> str:
    full = to_e164("".join(sign for sign in number if sign not in " ()-."))
    if full is None:
        raise UsageError(f"{number!r} is not a telephone number; write it as dialled, or in full as +12025550123")
    return full


def _window(text: str) -> Window:
    start, dash, end = text.partition("-")
    try:
        return Window.parse(start, end if dash else "")
    except ValueError as error:
        raise UsageError(f"--window {text}: {error}") from error


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is not a time zone; write for example America/New_York") from error


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
