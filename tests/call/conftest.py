"""Every test here brings up a whole site: daemon process, switch, and handsets on the real VM."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _vm(micropython: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINLINE_MICROPYTHON", str(micropython))
