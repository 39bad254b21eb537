"""The arrows between the parts hold, and the check sees each kind of violation."""

from pathlib import Path

import pytest

from tests.import_arrows import violations

ROOT = Path(__file__).resolve().parent.parent

WRONG = [
    ("firmware/handset/app.py", "import threading"),
    ("firmware/handset/app.py", "from typing import Any"),
    ("firmware/main.py", "import kinline_engine"),
    ("firmware/main.py", "def f():\n    import logging"),
    ("firmware/main.py", "SIMULATED = True"),
    ("firmware/main.py", 'if sys.platform == "linux": is_sim = 1'),
    ("sim/kinline_sim/world.py", "import kinline.rules"),
    ("sim/kinline_sim/world.py", "from kinline import rules"),
    ("sim/kinline_sim/world.py", 'importlib.import_module("kinline.rules")'),
    ("sim/kinline_sim/world.py", "from tests.link import reference"),
    ("host/kinline/daemon.py", "import kinline_sim.world"),
    ("host/kinline/daemon.py", "import kinline_engine"),
    ("host/kinline/rules/hours.py", "import asyncio"),
    ("host/kinline/rules/hours.py", "import time"),
    ("host/kinline/rules/hours.py", "from datetime import datetime\nx = datetime.now()"),
    ("host/kinline/rules/hours.py", "import datetime\nx = datetime.date.today()"),
    ("host/kinline/rules/hours.py", "text = open('x').read()"),
    ("host/kinline/accounts/ledger.py", "from sqlalchemy import select"),
    ("host/kinline/accounts/ledger.py", "from ..store import tables"),
    ("host/kinline/accounts/ledger.py", "from kinline import store"),
    ("host/kinline/calls/visit.py", "import socket"),
    ("host/kinline/calls/visit.py", "import os.path"),
    ("host/kinline/calls/visit.py", "from pathlib import Path"),
    ("host/kinline/calls/visit.py", "from kinline.daemon import Daemon"),
    ("host/kinline/handsets/session.py", "import secrets"),
    ("host/kinline/handsets/session.py", "import asyncio"),
    ("cffi_ext/kinline_engine/bus.py", "import kinline"),
    ("cffi_ext/kinline_engine/bus.py", "@ffi.def_extern()\ndef f(): ..."),
    ("cffi_ext/kinline_engine/bus.py", 'f = ffi.callback("void(void)", g)'),
    ("cffi_ext/src/bus.c", "#include <Python.h>"),
    ("cffi_ext/src/bus.c", "void f(void) { PyGILState_Ensure(); }"),
    ("cffi_ext/include/kinline_bus.h", 'extern "Python" void f(void);'),
    ("hw/generate.py", "import kinline.handsets"),
]

RIGHT = [
    ("firmware/handset/app.py", "import asyncio, machine\nfrom handset import _board\nfrom . import _link"),
    ("sim/kinline_sim/switch.py", "import asyncio\nimport kinline_engine.sip"),
    ("host/kinline/media/leg.py", "from kinline_engine.bus import Bus"),
    (
        "host/kinline/rules/hours.py",
        "from datetime import datetime, time\nfrom kinline.accounts import money",
    ),
    ("host/kinline/calls/visit.py", "from kinline.handsets._link import END"),
    ("cffi_ext/src/bus.c", "/* Python drains the ring */ int kl_bus_poll(void);"),
]


def test_the_tree_keeps_every_arrow() -> None:
    assert [str(v) for v in violations(ROOT)] == []


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_arrow_is_seen(tmp_path: Path, name: str, text: str) -> None:
    _write(tmp_path, name, text)
    assert [v.path.name for v in violations(tmp_path)] != []


@pytest.mark.parametrize(("name", "text"), RIGHT)
def test_a_right_arrow_is_let_pass(tmp_path: Path, name: str, text: str) -> None:
    _write(tmp_path, name, text)
    assert [str(v) for v in violations(tmp_path)] == []


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
