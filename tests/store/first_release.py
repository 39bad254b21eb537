"""A database as the first release left it, on either kind of database."""

from collections.abc import Sequence

from alembic import command
from alembic.config import Config

from kinline.store import migrate
from kinline.store.database import connect
from kinline.store.sqlite import WRITES
from tests.store.backends import Backend

UTC = "+00:00"


def of_first_release(backend: Backend, statements: str, numbered: Sequence[str] = ()) -> str:
    """The address of one filled by `statements`, whose moments end in +00:00.

    `numbered` are tables that the test will add to: PostgreSQL does not count ids that it did not give itself.
    """
    address = backend.bare()
    engine = connect(address)
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        postgresql = engine.dialect.name == "postgresql"
        for statement in statements.strip().split(";\n"):
            connection.exec_driver_sql(statement if postgresql else statement.replace(UTC, ""))
        for table in numbered if postgresql else ():
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 4)")
    engine.dispose()
    return address
