"""`make demo` itself: it passes its own checks, and leaves what its users take away in the form that they rely on."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.vm

CALL = {
    "id", "handset", "inmate", "number", "outcome", "accepted_at", "talk_seconds", "limit_seconds", "ended_by",
    "charged_micros", "recording", "caller_heard_correlation", "called_party_heard_correlation", "heap_peak_bytes",
}  # fmt: skip
HEAP_LIMIT = 98_304


async def test_the_demonstration_holds_what_it_shows(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo", "--seed", "7", cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await demo.communicate()
    assert demo.returncode == 0, said.decode()
    made = tmp_path / "build" / "demo"
    report = json.loads((made / "report.json").read_text())
    assert report["firmware"].keys() == {"implementation", "version", "machine"}
    assert report["firmware"]["implementation"] == "micropython"
    first, second = report["calls"]
    assert CALL <= first.keys() == second.keys()
    assert (first["outcome"], first["ended_by"]) == ("completed", "clock")
    assert (second["outcome"], second["ended_by"], second["recording"]) == ("refused", "called_party", None)
    assert first["heap_peak_bytes"] <= HEAP_LIMIT
    assert (tmp_path / first["recording"]).read_bytes()[:4] == b"RIFF"
    assert (made / "call.png").read_bytes().startswith(b"\x89PNG")
    told = said.decode()
    assert told.index("accepted: gate open") < told.index("mutes by its own clock")
