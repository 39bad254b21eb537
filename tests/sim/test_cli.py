"""`kinline-sim` as a user starts it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinline.handsets import _link as wire
from kinline_sim.cli import app
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY


def build(image: Path, device: str = "wall-9", key: str = KEY.hex()) -> int:
    return CliRunner().invoke(app, ["flash", "build", str(image), "--device", device, "--key", key]).exit_code


@pytest.mark.vm
@pytest.mark.each_vm
def test_a_board_runs_until_interrupted(tmp_path: Path, vm_kind: str) -> None:
    image, port = tmp_path / "flash.bin", tmp_path / "port"
    assert build(image) == 0
    command = [sys.executable, "-m", "kinline_sim.cli", "board", "--pty", str(port), "--flash", str(image),
               "--seed", "5", "--keys", "L,42"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "seed 5" in process.stdout.readline()
        name = {"unix": "32-bit", "wasm": "WebAssembly"}[vm_kind]
        assert process.stdout.readline() == f"firmware on the {name} MicroPython (asked for)\n"
        peer = SerialPeer(str(port), KEY)
        peer.expect(wire.Snapshot)
        assert peer.hello and peer.hello.device == "wall-9"
        assert [chr(peer.expect(wire.Key, 5).key) for _ in range(2)] == ["4", "2"]
        peer.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    assert not port.is_symlink()


def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    assert build(tmp_path / "x", key="12") == 2


def test_an_unknown_key_in_a_script_is_named(tmp_path: Path) -> None:
    image = tmp_path / "flash.bin"
    build(image)
    result = CliRunner().invoke(app, ["board", "--pty", str(tmp_path / "p"), "--flash", str(image), "--keys", "L,X"])
    assert result.exit_code == 1 and "no key 'X'" in result.output
