"""The command's entry: the verbs, and how failure is told."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kinline import config as settings_file
from kinline.cli.console import api_app, console
from kinline.cli.handset import handset_app
from kinline.cli.monitor import monitor_app
from kinline.cli.names import name_app
from kinline.cli.output import Json, UsageError, answer, complain
from kinline.cli.recordings import recordings_app
from kinline.cli.rules import rules_app
from kinline.cli.site import DEFAULT_CONFIG, Config, opened
from kinline.cli.slips import facility_app, inmate_app
from kinline.cli.speech import prompts_app
from kinline.cli.tech import tech_app
from kinline.cli.verbs import attach
from kinline.operations.failures import FAILURES

app = typer.Typer(
    name="kinline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Kinline: telephones in correctional facilities. Every verb has --help and --json.",
)
config_app = typer.Typer(no_args_is_help=True, help="The site's settings.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")

_groups = {
    "config": config_app,
    "db": db_app,
    "facility": facility_app,
    "handset": handset_app,
    "inmate": inmate_app,
    "rules": rules_app,
    "monitor": monitor_app,
    "prompts": prompts_app,
    "name": name_app,
    "recordings": recordings_app,
    "api": api_app,
    "tech": tech_app,
}
for name, part in _groups.items():
    app.add_typer(part, name=name)
attach(app, _groups)
app.command()(console)


def main() -> None:
    """Run the command; what fails for a known reason is told in a line, with exit code 2."""
    try:
        app()
    except (UsageError, *FAILURES) as error:
        complain(str(error))
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        sys.exit(0)


@app.command()
def daemon(config: Config = DEFAULT_CONFIG) -> None:
    """Serve the handsets until told to stop."""
    from kinline.daemon.run import run

    run(settings_file.load(config))


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


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where the settings go.", file_okay=False)],
    facility: Annotated[str, typer.Option("--facility", "-f", help="A short name for the facility.")],
    as_json: Json = False,
) -> None:
    """Make a site: settings to edit, an empty database, and the site's secret."""
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
    from kinline.daemon.arrangement import Arrangements, keys_of
    from kinline.profiles import load_profile

    settings = settings_file.load(config)
    if settings.calls.profile is not None:
        keys_of(settings, load_profile(settings.calls.profile, settings.storage.profiles_dir))
    elif settings.storage.secret_file.exists():  # made with the database: without one nothing is enrolled yet
        with opened(config) as (_, store):
            Arrangements(settings, store).all()
    data = settings.model_dump(mode="json")
    answer(data, as_json, lambda: f"{config} is in order: facility {settings.facility}, {len(settings.handset)} handsets.")


@db_app.command("upgrade")
def db_upgrade(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Bring the database to this version's tables. Opening it does so too."""
    with opened(config) as (_, store):
        place = store.place
    answer({"database": place}, as_json, lambda: f"{place} is up to date.")
