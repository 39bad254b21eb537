"""README's way from an empty database to a first paid call, command by command as it stands there."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT

SITE = "build/site"


def blocks(heading: str) -> list[list[str]]:
    """The commands under one of README's headings, block by block."""
    section = (ROOT / "README.md").read_text().split(f"## {heading}")[1].split("\n## ")[0]
    return [[line.strip() for line in block.splitlines()] for block in re.findall(r"(?:^    .*\n)+", section, flags=re.MULTILINE)]


@contextmanager
def program(command: str, folder: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """One of the three, ended as Ctrl-C ends it."""
    words = command.removesuffix("&").strip()
    with subprocess.Popen(
        ["bash", "-c", f"exec {words}"], cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            finally:
                process.kill()


def logged(log: Path, wanted: str, within_s: float = 60.0) -> None:
    """Until the daemon has logged it."""
    until = time.monotonic() + within_s
    while not (log.exists() and wanted in log.read_text()):
        assert time.monotonic() < until, f"the daemon did not log {wanted}:\n{log.read_text()[-2000:]}"
        time.sleep(0.05)


@pytest.mark.vm
def test_from_an_empty_database_to_a_paid_call(tmp_path: Path, micropython: Path) -> None:
    prepare, (switch, daemon, board), _look = blocks("Set up a facility, make a first call")
    (tmp_path / SITE).parent.mkdir(parents=True)
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    env["KINLINE_CONFIG"] = str(tmp_path / SITE / "kinline.toml")
    made = subprocess.run(
        ["bash", "-e", "-c", "\n".join(prepare)], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stdout + made.stderr
    log = tmp_path / SITE / "daemon.log"
    with program(switch, tmp_path, env), program(board, tmp_path, env) as hand, program(daemon, tmp_path, env):
        assert hand.stdin
        logged(log, '"event": "handset in reach"')
        for keys, phase in (("L", "language"), ("1", "pin"), ("482915#", "number"), ("2025550123#", "talk")):
            hand.stdin.write(keys + "\n")
            hand.stdin.flush()
            logged(log, f'"phase": "{phase}"')
        time.sleep(3)  # the talk that is paid for
        hand.stdin.write("H\n")
        hand.stdin.flush()
        logged(log, '"event": "call recorded"')

    def asked(*words: str) -> list[dict[str, object]]:
        answer = subprocess.run(["kinline", *words, "--json"], env=env, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 0, answer.stderr
        found = json.loads(answer.stdout)
        return found if isinstance(found, list) else [found]

    (record,) = asked("calls", "list")
    assert (record["outcome"], record["ended_by"]) == ("completed", "caller")
    talk = record["talk_seconds"]
    assert isinstance(talk, int) and talk >= 2 and record["charged_micros"] == talk * 1000
    assert asked("account", "balance", "--inmate", "1001")[0]["balance_micros"] == 5_000_000 - talk * 1000
    with wave.open(str(tmp_path / SITE / "ear.wav")) as ear:
        assert ear.getnframes() / ear.getframerate() > 10
