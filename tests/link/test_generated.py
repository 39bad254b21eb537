"""What is committed is what the two contracts and the reference yield."""

import json
import subprocess
import sys
from pathlib import Path

from tests.link import make_vectors

ROOT = Path(__file__).resolve().parents[2]


def test_every_generated_file_equals_its_contract() -> None:
    check = subprocess.run([sys.executable, ROOT / "hw/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr


def test_golden_frames_equal_the_reference() -> None:
    assert json.loads(make_vectors.TARGET.read_text()) == make_vectors.build()
