"""Making a site, and its settings and its database in order."""

from pathlib import Path
from typing import Annotated

import typer

from kinline import config as settings_file
from kinline.cli.later import calling
from kinline.cli.options import DEFAULT_CONFIG, Config, Json
from kinline.cli.output import UsageError, answer
from kinline.cli.site import opened
from kinline.profiles import load_profile

_keys_of = calling("daemon.arrangement", "keys_of")
_arrangements = calling("daemon.arrangement", "Arrangements")

config_app = typer.Typer(no_args_is_help=True)
db_app = typer.Typer(no_args_is_help=True)

_STARTER = """\
# Kinline's settings. `kinline config check` says what is wrong with them.
facility = "{facility}"

[storage]
data_dir = "{data_dir}"

[trunk]
# The central switch, and where our side of SIP and RTP listens.
address = "127.0.0.1"
port = 5060
transport = "udp"
sip_bind = "127.0.0.1"
media_bind = "127.0.0.1"

# One block for each handset:
# [[handset]]
# device_id = "K1"
# port = "/dev/ttyUSB0"
"""


def init(
    folder: Annotated[Path, typer.Argument(help="Where the settings go.", file_okay=False)],
    facility: Annotated[str, typer.Option("--facility", "-f", help="A short name for the facility.")],
    as_json: Json = False,
) -> None:
    file = folder / "kinline.toml"
    made = not file.exists()
    if made:
        if set(facility) & set('"\\\n') or not facility:
            raise UsageError(f"{facility!r} cannot be a facility's code; use letters, digits and hyphens")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(_STARTER.format(facility=facility, data_dir="data"), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{file}: cannot be written: {error.strerror}; choose another folder") from error
    settings = settings_file.load(file)
    settings.storage.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with opened(file) as (_, store):
        place = store.place
    data = {"config": file, "database": place, "secret": settings.storage.secret_file}
    answer(
        data,
        as_json,
        lambda: (
            f"{'Made' if made else 'Kept'} {file}\nDatabase {place}\nNext: kinline facility add {settings.facility} "
            f"--name NAME --timezone ZONE --config {file}"
        ),
    )


@config_app.command("check")
def config_check(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Read the settings and say what is wrong with them, by themselves and with the profiles that they complete."""
    settings = settings_file.load(config)
    if settings.calls.profile is not None:
        _keys_of(settings, load_profile(settings.calls.profile, settings.storage.profiles_dir))
    elif settings.storage.secret_file.exists():  # made with the database: without one nothing is enrolled yet
        with opened(config) as (_, store):
            _arrangements(settings, store).all()
    data = settings.model_dump(mode="json")
    answer(data, as_json, lambda: f"{config} is in order: facility {settings.facility}, {len(settings.handset)} handsets.")


@db_app.command("upgrade")
def db_upgrade(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Bring the database to this version's tables. Opening it does so too."""
    with opened(config) as (_, store):
        place = store.place
    answer({"database": place}, as_json, lambda: f"{place} is up to date.")
