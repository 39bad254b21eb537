"""An update on the flash of a handset, on the real VM and its own littlefs: cut at every write, refused, worn, full."""

import dataclasses
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from littlefs import LittleFS

from kinline.handsets import _link as wire
from kinline_sim.bundle import Signer, pack, partition_files
from kinline_sim.compiled import FIRMWARE, firmware
from kinline_sim.flash import GEOMETRY
from tests.conftest import ROOT

pytestmark = pytest.mark.vm

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
IDENTITY = b'{"device": "wall-7", "key": "000102030405060708090a0b0c0d0e0f"}'
# Large enough for everything, small enough that the VM's memory is searched quickly.
BLOCKS = 128
PROGRAMS = ROOT / "tests/firmware/programs"
OK, BROKEN = "True", "False"

Run = Callable[..., list[str]]


@pytest.fixture
def program(tmp_path: Path, micropython: Path) -> Run:
    """Run one of the programs on a handset's partition with a small application in slot a; its last line's words."""
    current = firmware()
    # What runs is not touched by an update, whatever its size: a small one makes checking it quick.
    small = {name: content for name, content in current.application.items() if "ticks" in name}
    before = pack(dataclasses.replace(current, version="0.1.0", application=small), SIGNER)
    image = LittleFS(**(GEOMETRY | {"block_count": BLOCKS}))
    for name, content in (partition_files(before, SIGNER.public) | {"device.json": IDENTITY}).items():
        image.makedirs(name.rpartition("/")[0], exist_ok=True) if "/" in name else None
        with image.open(name, "wb") as file:
            file.write(content)
    files = [tmp_path / name for name in ("partition", "bundle", "identity")]
    for file, content in zip(files, (bytes(image.context.buffer), pack(current, SIGNER), IDENTITY), strict=True):
        file.write_bytes(content)

    def run(name: str, *arguments: object, source: Path = FIRMWARE) -> list[str]:
        command = [str(micropython), "-X", "heapsize=8M", str(PROGRAMS / name), *map(str, files), *map(str, arguments)]
        environment = {"MICROPYPATH": f"{PROGRAMS}:{source}:.frozen"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()[-1].split()

    return run


def test_no_power_cut_leaves_a_handset_that_does_not_start(program: Run) -> None:
    """At each write of fetching, unpacking, applying, trying and proving: an application starts, whole, as whom it was."""
    counts = program("power_cuts.py", 100)
    told = dict(zip(counts[::2], map(int, counts[1::2]), strict=True))
    print(told)
    assert told["writes"] > 500 and told["cuts"] == 2 * told["writes"] + 1
    assert told["old"] and told["new"] and told["resumed"] >= 5


def test_the_cuts_find_a_slot_that_is_declared_whole_too_early(program: Run, tmp_path: Path) -> None:
    """The test above must be able to fail: here the manifest, which makes a slot whole, is written first and believed."""
    source = tmp_path / "firmware"
    shutil.copytree(FIRMWARE, source)

    def alter(name: str, old: str, new: str) -> None:
        text = (source / name).read_text()
        assert text.count(old) == 1
        (source / name).write_text(text.replace(old, new))

    last = "        slots.replace(slots.path(target, slots.MANIFEST), text)\n"
    begin = "        os.mkdir(slots.path(target))\n"
    alter("slots.py", 'in manifest["files"]:', "in ():")
    alter("handset/update.py", last, "")
    alter("handset/update.py", begin, f'{begin}{last}        slots.State("a", "b", 3).save()\n')
    with pytest.raises(AssertionError, match="cut"):
        program("power_cuts.py", 100_000, source=source)


@pytest.mark.parametrize("count", [1, 40, 300, 600])
def test_a_flash_that_refuses_ends_the_update_and_nothing_else(program: Run, count: int) -> None:
    state, reason, slot, old, _new, kept = program("worn_flash.py", "refuses", count)
    assert (int(state), int(reason)) == (wire.UPDATE_FAILED, wire.REASON_FLASH)
    assert (slot, old, kept) == ("a", OK, OK)


@pytest.mark.parametrize("count", [3, 9, 20])
def test_a_worn_block_is_passed_over(program: Run, count: int) -> None:
    """littlefs reads back what it writes, and takes another block."""
    state, _reason, slot, old, new, kept = program("worn_flash.py", "worn", count)
    assert (int(state), slot, old, new, kept) == (wire.UPDATE_READY, "a", OK, OK, OK)


@pytest.mark.parametrize("left", [0, 20_000, 100_000])
def test_a_full_flash_refuses_the_update(program: Run, left: int) -> None:
    state, reason, slot, old, new, kept = program("worn_flash.py", "full", left)
    assert int(reason) == wire.REASON_SPACE and int(state) in (wire.UPDATE_REFUSED, wire.UPDATE_FAILED)
    assert (slot, old, new, kept) == ("a", OK, BROKEN, OK)
