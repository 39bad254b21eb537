"""Every test here brings up a whole site: daemon process, switch, and handsets on the real VM."""

import pytest


@pytest.fixture(autouse=True)
def _vm(vm_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINLINE_VM", vm_kind)
