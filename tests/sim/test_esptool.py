"""Unmodified esptool takes the simulated chip for an ESP32-S3, and what it wrote is what then boots."""

import hashlib
import os
import select
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kinline.handsets import _link as wire
from kinline_sim.board import Board
from kinline_sim.chip_faults import ChipFaults, chip_faults
from kinline_sim.flash import build_flash
from tests.link_peer import SerialPeer
from tests.sim.conftest import KEY
from tests.sim.esptool import blank, esptool, told

pytestmark = pytest.mark.vm


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    with blank(tmp_path) as board:
        yield board


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("image") / "fw.bin"
    build_flash(file, "wall-1", KEY)
    return file


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Three and a half sectors that do not compress."""
    file = tmp_path / "noise.bin"
    file.write_bytes(Random(7).randbytes(14_000))
    return file


def says(path: str, what: bytes, within_s: float = 5.0) -> bool:
    """Whether the line says something soon."""
    heard, end = b"", time.monotonic() + within_s
    handle = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        while what not in heard and time.monotonic() < end:
            if select.select([handle], [], [], 0.1)[0]:
                heard += os.read(handle, 4096)
    finally:
        os.close(handle)
    return what in heard


def test_it_is_an_s3_of_eight_megabytes(board: Board) -> None:
    said = told(board.path, "flash-id")
    assert "Chip type:          ESP32-S3" in said and "Detected flash size: 8MB" in said and "MAC:" in said
    assert "02:4b:4c" in told(board.path, "--no-stub", "read-mac")


def test_what_esptool_wrote_boots_and_keeps_its_name(board: Board, image: Path) -> None:
    """The whole way of a blank chip: written at another rate, verified, reset, and the firmware says who it is."""
    said = told(board.path, "--baud", 2_000_000, "write-flash", 0, image)
    assert "Hash of data verified" in said and "Changing baud rate" in said
    told(board.path, "verify-flash", 0, image)
    peer = SerialPeer(board.path, KEY)
    subprocess.run(["stty", "-F", board.path, "921600"], check=True)
    peer.expect(wire.Snapshot, 10)
    assert peer.hello and peer.hello.device == "wall-1"
    peer.close()


@pytest.mark.parametrize("stub", [(), ("--no-stub",)], ids=["stub", "rom"])
@pytest.mark.parametrize("packed", ["--compress", "--no-compress"])
def test_written_verified_read_and_erased(board: Board, noise: Path, tmp_path: Path, stub: tuple[str, ...], packed: str) -> None:
    back = tmp_path / "back.bin"
    told(board.path, *stub, "write-flash", packed, 0x10000, noise)
    told(board.path, *stub, "verify-flash", 0x10000, noise)
    length = 14_000 if not stub else 700  # the ROM reads 64 bytes at a time
    told(board.path, *stub, "read-flash", 0x10000, length, back)
    assert back.read_bytes() == noise.read_bytes()[:length]
    if not stub:
        told(board.path, "erase-region", 0x11000, 0x1000)
        left = noise.read_bytes()[:0x1000] + b"\xff" * 0x1000 + noise.read_bytes()[0x2000:]
        assert board.flash.read_bytes()[0x10000 : 0x10000 + 14_000] == left
        told(board.path, "erase-flash")
        assert hashlib.sha256(board.flash.read_bytes()).digest() == hashlib.sha256(b"\xff" * 0x800000).digest()


def test_through_esptools_library(board: Board, noise: Path) -> None:
    """As other programs use it; in a process of its own, since esptool's licence is not ours."""
    program = f"""
        from esptool.cmds import attach_flash, detect_chip, read_flash, reset_chip, run_stub, verify_flash, write_flash
        with detect_chip({board.path!r}) as chip:
            print(chip.CHIP_NAME, hex(chip.read_reg(0x60007044)))
            chip = run_stub(chip)
            attach_flash(chip)
            data = open({str(noise)!r}, "rb").read()
            write_flash(chip, [(0x20000, data)])
            verify_flash(chip, [(0x20000, data)])
            assert read_flash(chip, 0x20000, len(data), None) == data
            reset_chip(chip, "hard-reset")
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "ESP32-S3 0x" in done.stdout, done.stdout + done.stderr
    assert board.flash.read_bytes()[0x20000 : 0x20000 + 14_000] == noise.read_bytes()


def test_a_blank_chip_says_so_for_ever(board: Board) -> None:
    subprocess.run(["stty", "-F", board.path, "115200"], check=True)
    assert says(board.path, b"invalid header: 0xffffffff")
    assert says(board.path, b"rst:0x10 (RTCWDT_RTC_RST)")


def test_a_firmware_that_ends_says_why(board: Board, image: Path, tmp_path: Path) -> None:
    """Bootloader and application, but no file system: as MicroPython's prompt, the line has the exception."""
    front = tmp_path / "front.bin"
    front.write_bytes(image.read_bytes()[:0x20000])
    told(board.path, "write-flash", 0, front)
    assert says(board.path, b"OSError")


@pytest.mark.parametrize(
    ("faults", "words", "sign"),
    [
        ({"chip": 5}, ("flash-id",), "This chip is ESP32-C3, not ESP32-S3"),
        ({"worn": (0x11000,)}, ("write-flash", 0x10000, "NOISE"), "MD5 of file does not match"),
        ({"fails_after": 2}, ("write-flash", 0x10000, "NOISE"), ""),
        ({"stuck_reset": True}, ("flash-id",), "Failed to connect"),
        ({"wrong_baud": True}, ("flash-id",), "Failed to connect"),
    ],
)
def test_what_is_wrong_with_a_chip_stops_esptool(
    tmp_path: Path, noise: Path, faults: dict[str, object], words: tuple[object, ...], sign: str
) -> None:
    (tmp_path / "chip.bin").write_bytes(b"\x00" * 0x800000)  # a worn sector keeps what it holds
    with blank(tmp_path, **faults) as board:
        done = esptool(board.path, "--connect-attempts", 1, *(noise if word == "NOISE" else word for word in words))
    assert done.returncode != 0 and sign in done.stdout, done.stdout


def test_after_a_power_cut_the_same_command_goes_through(tmp_path: Path, noise: Path) -> None:
    with blank(tmp_path, fails_after=2) as board:
        assert esptool(board.path, "write-flash", 0x10000, noise).returncode != 0
        told(board.path, "write-flash", 0x10000, noise)
        assert board.flash.read_bytes()[0x10000 : 0x10000 + 14_000] == noise.read_bytes()


def test_a_cable_that_drops_bytes_writes_nothing_wrong(tmp_path: Path, noise: Path) -> None:
    """esptool gives up or gets through; what it calls verified is."""
    with blank(tmp_path, drop=0.01) as board:
        for _ in range(3):
            done = esptool(board.path, "write-flash", 0x10000, noise)
            if done.returncode == 0:
                break
        held = board.flash.read_bytes()[0x10000 : 0x10000 + 14_000] == noise.read_bytes()
    assert held or done.returncode != 0


def test_faults_are_named_on_the_command_line() -> None:
    assert chip_faults(["chip=5", "worn=0x1000", "worn=8192", "drop=0.5"]) == ChipFaults(chip=5, worn=(0x1000, 8192), drop=0.5)
    for wrong in ("chip", "chip=x", "dust"):
        with pytest.raises(ValueError, match="choose of"):
            chip_faults([wrong])


@pytest.mark.slow
def test_over_rfc2217_with_real_reset_lines(tmp_path: Path, image: Path) -> None:
    """EN and IO0 reset it into the loader and out of it: no frame is taken for a sign here."""
    with Board(flash=tmp_path / "chip.bin", seed=5, chip=ChipFaults(), rfc2217=0) as board:
        front = tmp_path / "front.bin"
        front.write_bytes(image.read_bytes()[:0x9000])
        assert "Hash of data verified" in told(board.path, "write-flash", 0, front)
        assert board.flash.read_bytes()[:0x9000] == front.read_bytes()
        assert board.chip and board.chip.resets >= 3 and board.chip.mode != "loader"
