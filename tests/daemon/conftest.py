from collections.abc import Iterator
from pathlib import Path

import pytest

from kinline.config import Settings
from kinline.store.store import Store
from tests.store.site import furnished


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The small facility of `tests.store.site`."""
    opened = furnished(tmp_path / "kinline.db")
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A site with both handsets of the small facility, and profiles of its own in `profiles`."""
    (tmp_path / "profiles").mkdir()
    handsets = [{"device_id": device, "port": f"/dev/null/{device}"} for device in ("h1", "h2")]
    storage = {"profiles_dir": tmp_path / "profiles"}
    tables = {"facility": "north", "trunk": {"address": "127.0.0.1"}, "handset": handsets, "storage": storage}
    return Settings.model_validate(tables)
