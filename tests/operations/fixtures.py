"""The fixtures of the tests of operations and console."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.site import House, template


@pytest.fixture(scope="session")
def house_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template(tmp_path_factory.mktemp("house"))


@pytest.fixture
def house(house_template: Path, tmp_path: Path) -> Iterator[House]:
    """The small site of `tests.operations.site`, a fresh one for each test."""
    made = House(house_template, tmp_path)
    yield made
    made.close()
