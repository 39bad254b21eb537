"""A connected call for each test."""

from collections.abc import Iterator

import pytest

from tests.engine.parties import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage
