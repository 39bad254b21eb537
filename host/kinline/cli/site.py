"""The site that a command works on: its settings and its database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kinline import config
from kinline.cli.actor import actor
from kinline.cli.later import calling
from kinline.cli.output import UsageError
from kinline.operations.desk import Desk
from kinline.operations.roles import local_actor, staff_actor

if TYPE_CHECKING:
    from kinline.store.store import Store

_open_store = calling("store.open", "open_store")
_site_secret = calling("store.open", "site_secret")


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
def opened(file: Path) -> Iterator[tuple[config.Settings, "Store"]]:
    """The settings and the database, which `kinline init` has made."""
    settings = config.load(file)
    store: Store = _open_store(settings.database_url, _site_secret(settings.storage.secret_file))
    try:
        yield settings, store
    finally:
        store.close()


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
