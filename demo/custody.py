"""The recording as staff get at it: verified and exported by the commands that a site uses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, TypedDict


class Verified(TypedDict):
    """What `kinline recordings verify --json` says, as far as the demonstration asks."""

    whole: bool
    seconds: float
    missing: list[dict[str, Any]]
    faults: list[str]


def exported(config: Path, call: int, wav: Path) -> Verified:
    """Verify a call's recording, and export it to a WAV file."""
    made = _kinline(config, "export", str(call), "--reason", "demonstration")
    if made:
        shutil.copyfile(made["wav"], wav)
    nothing = Verified(whole=False, seconds=0.0, missing=[], faults=["it cannot be read"])
    return _kinline(config, "verify", str(call)) or nothing


def _kinline(config: Path, *words: str) -> Any:
    """The answer of `kinline recordings …`; what it has to say against it is shown."""
    kinline = Path(sys.executable).with_name("kinline")
    command = [str(kinline), "recordings", *words, "--json", "--config", str(config)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(run.stdout) if run.stdout else None
