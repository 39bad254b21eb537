"""The fixtures of the tests of operations and console."""

from collections.abc import Iterator

import pytest

from tests.operations.site import House
from tests.store.backends import Backend, Sqlite


@pytest.fixture
def house(sqlite: Sqlite) -> Iterator[House]:
    """The small site of `tests.operations.site`, a fresh one for each test, on SQLite."""
    made = House(sqlite)
    yield made
    made.close()


@pytest.fixture
def any_house(backend: Backend) -> Iterator[House]:
    """The same on both kinds of database."""
    made = House(backend)
    yield made
    made.close()
