from collections.abc import Iterator
from pathlib import Path

import pytest

from kinline.store import Store
from tests.store.site import furnished


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The small facility of `tests.store.site`."""
    opened = furnished(tmp_path / "kinline.db")
    yield opened
    opened.close()
