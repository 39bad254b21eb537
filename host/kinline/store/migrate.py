"""Brings a database to this version's tables."""

import sqlite3
from pathlib import Path

from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from kinline.store.database import place_of
from kinline.store.errors import DatabaseNewer, explained

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0005"
"""The newest migration. Known here so that opening an up-to-date database, as every command does, needs no Alembic."""


def upgrade(engine: Engine) -> bool:
    """Run the migrations that are missing; True if there were any. Raises StoreError."""
    try:
        if engine.dialect.name == "sqlite":
            _use_wal(engine)
        current = _revision(engine)
        if current == HEAD:
            return False
        _run(engine, current)
    except (DBAPIError, sqlite3.Error) as error:
        raise explained(error, place_of(engine.url)) from error
    return True


def _use_wal(engine: Engine) -> None:
    # Write-ahead logging is a property of the file and cannot be set inside a transaction.
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _run(engine: Engine, current: str | None) -> None:
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
            f"{place_of(engine.url)}: the database is from a newer version of Kinline (revision {current}); "
            "upgrade Kinline, or restore a backup made by this version"
        ) from error
    with engine.execution_options(kinline_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
