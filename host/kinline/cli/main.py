"""The command's entry: its parts, and how failure is told."""

import sys
from functools import partial
from typing import Annotated

import typer

from kinline.cli.later import Later, at, calling, consisting_of
from kinline.failure import Failure
from kinline.operations.nouns import NOUNS

_VERBS = (
    Later("console", "Serve the API under /api until told to stop.", at("cli.console", "console")),
    Later("daemon", "Serve the handsets until told to stop.", at("cli.daemon", "daemon")),
    Later("init", "Make a site: settings to edit, an empty database, and the site's secret.", at("cli.upkeep", "init")),
)
_GROUPS = (
    Later("config", "The site's settings.", at("cli.upkeep", "config_app")),
    Later("db", "The database.", at("cli.upkeep", "db_app")),
    Later("rules", "The calling rules, tried out.", at("cli.rules", "rules_app")),
    Later("monitor", "Talks that are on now: listen, speak into one, cut one.", at("cli.monitor", "monitor_app")),
    Later("prompts", "What is heard at the handset and by the called party.", at("cli.speech", "prompts_app")),
    Later("api", "The HTTP API.", at("cli.console", "api_app")),
    Later("tech", "The field technician's tool: from a bare board to a working telephone.", at("cli.tech", "tech_app")),
)
# The nouns that have verbs beside those of their operations.
_MORE = {
    "facility": at("cli.slips", "facility_app"),
    "handset": at("cli.handset", "handset_app"),
    "inmate": at("cli.slips", "inmate_app"),
    "name": at("cli.names", "name_app"),
    "recordings": at("cli.recordings", "recordings_app"),
}
_tell_version = calling("cli.version", "tell")
_of_operations = calling("cli.verbs", "group_of")


def _noun(name: str) -> Later:
    return Later(name, NOUNS[name].summary, _MORE.get(name, partial(_of_operations, name)))


app = typer.Typer(
    cls=consisting_of(*_VERBS, *_GROUPS, *map(_noun, NOUNS)),
    name="kinline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Kinline: telephones in correctional facilities. Every verb has --help and --json.",
)


def main() -> None:
    """Run the command; what fails for a known reason is told in a line, with exit code 2."""
    try:
        app()
    except Failure as error:
        for line in str(error).splitlines():
            print(f"kinline: {line}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        sys.exit(0)


def _version(asked: bool) -> None:
    if asked:
        _tell_version()


@app.callback()
def _any_verb(
    version: Annotated[bool, typer.Option("--version", help="Say which this is.", callback=_version, is_eager=True)] = False,
) -> None:
    """What may be said before any verb."""
