"""The schema and docs/rules.md are what their sources say, and the page leaves no fixture out."""

import subprocess
import sys
from pathlib import Path

from tests.rules.fixtures import pages

ROOT = Path(__file__).resolve().parents[2]


def test_every_generated_file_equals_its_source() -> None:
    check = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr


def test_the_page_has_every_fixture_with_its_source() -> None:
    text = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    for page in pages():
        for fixture in page.fixtures:
            assert f"`{fixture.name}`" in text and (fixture.url or fixture.source) in text
