"""The site that a command works on: its settings and its database."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kinline import config
from kinline.cli.output import UsageError
from kinline.operations import Desk
from kinline.operations.roles import local_actor, staff_actor
from kinline.store import Store, open_store, site_secret

DEFAULT_CONFIG = Path("/etc/kinline/kinline.toml")

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="KINLINE_CONFIG", help="The site's settings.", metavar="FILE", dir_okay=False),
]
Facility = Annotated[
    str | None,
    typer.Option("--facility", "-f", metavar="CODE", help="The facility; without it, that of the settings."),
]


As = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="KINLINE_AS",
        metavar="STAFF",
        help="Act as this member of staff, with their roles only; without it, with all of them.",
    ),
]


@contextmanager
def at_desk(file: Path, acting: str | None) -> Iterator[Desk]:
    """The desk of whoever has this command line, or of the staff member for whom they act."""
    with opened(file) as (settings, store):
        if acting is None:
            yield Desk(store, settings, local_actor(actor()))
            return
        member = store.staff_member(acting)
        if not member.serves(datetime.now(UTC)):
            raise UsageError(f"--as {acting}: their token was revoked or has expired; renew it: kinline staff renew {acting}")
        yield Desk(store, settings, staff_actor(member, through=actor()))


@contextmanager
def opened(file: Path) -> Iterator[tuple[config.Settings, Store]]:
    """The settings and the database, which `kinline init` has made."""
    settings = config.load(file)
    store = open_store(settings.database_url, site_secret(settings.storage.secret_file))
    try:
        yield settings, store
    finally:
        store.close()


def actor() -> str:
    """Who the audit log names for what is done here."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


def read_secret(what: str, from_stdin: bool) -> str:
    """A secret from the terminal, unseen and twice, or a line of standard input: never from the command line, where
    every user of the machine could read it.
    """
    if from_stdin:
        return sys.stdin.readline().strip()
    shout = what.upper()
    if not sys.stdin.isatty():
        raise UsageError(f"there is no terminal to ask for the {shout}; pass --{what}-stdin and write it to standard input")
    secret: str = typer.prompt(shout, hide_input=True, confirmation_prompt=True)
    return secret
