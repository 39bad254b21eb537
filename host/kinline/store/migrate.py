"""Brings a database to this version's tables."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from kinline.store.database import place_of
from kinline.store.errors import DatabaseNewer
from kinline.store.explaining import explained
from kinline.store.postgresql import Lock, only_one
from kinline.store.sqlite import WRITES, use_wal

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0012"
"""The newest migration. Known here so that opening an up-to-date database, as every command does, needs no Alembic."""


def upgrade(engine: Engine) -> bool:
    """Run the migrations that are missing; True if there were any. Raises StoreError.

    Hosts that start together wait for the first of them, and find nothing left to do.
    """
    try:
        if engine.dialect.name == "sqlite":
            use_wal(engine)
        with engine.connect() as connection:
            if _revision(connection) == HEAD:
                return False
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            only_one(connection, Lock.MIGRATE)
            current = _revision(connection)
            if current == HEAD:
                return False
            _run(connection, current)
    except (DBAPIError, sqlite3.Error) as error:
        raise explained(error, place_of(engine.url)) from error
    return True


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _run(connection: Connection, current: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        if current is not None:
            ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as error:
        raise DatabaseNewer(
            f"{place_of(connection.engine.url)}: the database is from a newer version of Kinline (revision {current}); "
            "upgrade Kinline, or restore a backup made by this version"
        ) from error
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
