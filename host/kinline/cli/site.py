"""The site that a command works on: its settings and its database."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kinline import config
from kinline.cli.output import UsageError
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


def read_pin(from_stdin: bool) -> str:
    """A PIN from the terminal, unseen and twice, or a line of standard input: never from the command line, where
    every user of the machine could read it.
    """
    if from_stdin:
        return sys.stdin.readline().strip()
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the PIN; pass --pin-stdin and write it to standard input")
    pin: str = typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    return pin
