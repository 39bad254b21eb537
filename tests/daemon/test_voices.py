"""The program that compares voices: what it is given, and what becomes of each answer."""

import os
import sys
from pathlib import Path

import pytest

from kinline.counters import counters
from kinline.daemon.voices import Voices

KEPT, SAID = b"\1\0" * 16_000, b"\2\0" * 8_000
COMPARES = """\
import sys, wave
kept, said = (wave.open(path) for path in sys.argv[2:])
assert (kept.getnframes(), said.getnframes(), kept.getframerate(), kept.getnchannels()) == (16000, 8000, 16000, 1)
assert kept.readframes(1) == b"\\1\\0" and said.readframes(1) == b"\\2\\0"
sys.exit(int(sys.argv[1]))
"""


def program(folder: Path, text: str, *arguments: str) -> tuple[str, ...]:
    path = folder / "compare.py"
    path.write_text(text)
    return (sys.executable, str(path), *arguments)


@pytest.mark.parametrize(("status", "same"), [("0", True), ("1", False), ("2", None)])
async def test_its_exit_says_whether_it_is_one_voice(tmp_path: Path, status: str, same: bool | None) -> None:
    failed = counters.value("voice_check_failed")
    assert await Voices(program(tmp_path, COMPARES, status), 30).compared(KEPT, SAID) is same
    assert counters.value("voice_check_failed") == failed + (same is None)
    assert os.listdir(tmp_path) == ["compare.py"], "a voice was left on the disk"  # noqa: PTH208


@pytest.mark.parametrize("arguments", [(), ("/nowhere/compare",)])
async def test_a_program_that_is_not_there_cannot_tell(arguments: tuple[str, ...]) -> None:
    failed = counters.value("voice_check_failed")
    assert await Voices(arguments, 30).compared(KEPT, SAID) is None
    assert counters.value("voice_check_failed") == failed + 1


async def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    assert await Voices(program(tmp_path, "import time; time.sleep(600)"), 0.5).compared(KEPT, SAID) is None


async def test_one_that_crashes_cannot_tell(tmp_path: Path) -> None:
    assert await Voices(program(tmp_path, "import os; os.abort()"), 30).compared(KEPT, SAID) is None
