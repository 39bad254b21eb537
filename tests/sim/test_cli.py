"""`kinline-sim` as a user starts it."""

import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinline.handsets import _link as wire
from kinline_sim.cli import app
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY


def build(image: Path, device: str = "wall-9", key: str = KEY.hex()) -> int:
    return CliRunner().invoke(app, ["flash", "build", str(image), "--device", device, "--key", key]).exit_code


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The command as a process that a failing test does not wait for."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def board(port: Path, image: Path, *options: str) -> list[str]:
    """The command that runs one board."""
    command = [sys.executable, "-m", "kinline_sim.cli", "board"]
    return [*command, "--pty", str(port), "--flash", str(image), "--seed", "5", *options]


@pytest.mark.vm
@pytest.mark.each_vm
def test_a_board_runs_until_interrupted(tmp_path: Path, vm_kind: str) -> None:
    image, port = tmp_path / "flash.bin", tmp_path / "port"
    assert build(image) == 0
    with running(board(port, image, "--keys", "L,42")) as process:
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


@pytest.mark.vm
def test_a_hand_types_and_the_ear_is_kept(tmp_path: Path) -> None:
    device, image, port, ear = (tmp_path / name for name in ("wall-3.json", "flash.bin", "port", "ear.wav"))
    device.write_text(f'{{"device": "wall-3", "key": "{KEY.hex()}"}}')
    assert CliRunner().invoke(app, ["flash", "build", str(image), "--device-file", str(device)]).exit_code == 0
    with running(board(port, image, "--keys", "-", "--ear", str(ear))) as process:
        assert process.stdin and process.stdout and process.stderr
        assert "seed 5" in process.stdout.readline()
        peer = SerialPeer(str(port), KEY)
        peer.expect(wire.Snapshot)
        assert peer.hello and peer.hello.device == "wall-3"
        process.stdin.write("L,\n7Y3\n")
        process.stdin.flush()
        assert [chr(peer.expect(wire.Key, 5).key) for _ in range(2)] == ["7", "3"]
        assert "no key 'Y'" in process.stderr.readline()
        process.stdin.close()
        peer.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    with wave.open(str(ear)) as heard:
        assert (heard.getframerate(), heard.getnchannels()) == (16000, 1) and heard.getnframes() > 0


def test_a_file_that_is_no_device_file_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text("[]")
    result = CliRunner().invoke(app, ["flash", "build", str(tmp_path / "x"), "--device-file", str(wrong)])
    assert result.exit_code == 2 and "not a device" in result.output


def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    assert build(tmp_path / "x", key="12") == 2


def test_an_unknown_key_in_a_script_is_named(tmp_path: Path) -> None:
    image = tmp_path / "flash.bin"
    build(image)
    result = CliRunner().invoke(app, ["board", "--pty", str(tmp_path / "p"), "--flash", str(image), "--keys", "L,Y"])
    assert result.exit_code == 1 and "no key 'Y'" in result.output
