"""Firmware over the link, on the real firmware: sent, refused, interrupted, proved, left behind."""

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kinline.handsets import _link as wire
from kinline.handsets.updating import Offer
from kinline.technician.exits import Exit
from kinline.technician.link import BoardLink
from kinline.technician.ports import held
from kinline.technician.trouble import Trouble
from kinline.technician.update import Updated, update
from kinline_sim.board import Board
from kinline_sim.bundle import Signer, manifest_of, pack
from kinline_sim.compiled import FIRMWARE, Firmware, firmware
from tests.conftest import ROOT

KEY = os.urandom(16)
pytestmark = pytest.mark.vm
Source = Callable[[str, str], Firmware]


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.development()


@pytest.fixture(scope="module")
def before() -> Firmware:
    return dataclasses.replace(firmware(), version="0.1.9")


@pytest.fixture(scope="module")
def port(signer: Signer, before: Firmware) -> Iterator[str]:
    """A board that is not changed: everything it is offered is refused."""
    with Board(device="wall-1", key=KEY, seed=1, bundle=pack(before, signer)) as board:
        yield board.path


@pytest.fixture
def board(signer: Signer, before: Firmware, vm_kind: str) -> Iterator[Board]:
    """A board of its own for one test."""
    with Board(device="wall-1", key=KEY, seed=1, bundle=pack(before, signer), vm=vm_kind) as board:
        yield board


@pytest.fixture
def changed(tmp_path: Path) -> Source:
    """The firmware with more text at the end of one file."""

    def change(name: str, text: str) -> Firmware:
        folder = tmp_path / "firmware"
        shutil.copytree(FIRMWARE, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        with (folder / name).open("a") as file:
            file.write(text)
        return firmware(folder)

    return change


def offered(what: Firmware, signer: Signer, **changes: Any) -> Offer:
    return Offer(what.name, pack(what, signer, **changes))


def updated(port: str, offer: Offer | None, **more: Any) -> Updated:
    with held(port, "test") as line:
        return update(line, {"wall-1": KEY}.get, offer, **more)


def refused(port: str, offer: Offer) -> Trouble:
    with pytest.raises(Trouble) as caught:
        updated(port, offer)
    return caught.value


@pytest.mark.each_vm
def test_a_board_is_updated_and_goes_back(board: Board, before: Firmware, signer: Signer) -> None:
    told = []
    offer = offered(firmware(), signer)
    done = updated(board.path, offer, advance=lambda sent, size: told.append((sent, size)))
    assert (done.device, done.was, done.now, done.already) == ("wall-1", before.name, offer.name, False)
    assert told == sorted(told) and told[-1][0] > 0.9 * len(offer.content)
    assert updated(board.path, offer).already
    board.power_off()
    board.power_on()
    assert updated(board.path, None) == Updated("wall-1", offer.name, before.name, already=False)
    # Fetched once, unpacked still: nothing is sent again.
    told.clear()
    assert updated(board.path, offer, advance=lambda sent, size: told.append((sent, size))).now == offer.name and not told
    assert board.console == ""


def test_who_signed_it_counts(port: str) -> None:
    stranger = Signer(Ed25519PrivateKey.generate())
    trouble = refused(port, offered(firmware(), stranger))
    assert (trouble.code, trouble.exit) == ("update-signature", Exit.BAD_IMAGE)
    assert trouble.next_step


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("update-foreign", {"board": "another"}),
        ("update-foreign", {"bytecode": 7}),
        ("update-revision", {"revision": "B"}),
        ("update-downgrade", {"version": "0.1.8"}),
        ("update-malformed", {"version": "new"}),
        ("update-malformed", {"files": [["../device.json", 1, "00" * 32]]}),
        ("update-malformed", {"files": 3}),
        ("update-malformed", {"root": []}),
    ],
)
def test_a_signed_bundle_may_be_wrong_all_the_same(port: str, signer: Signer, code: str, changes: dict[str, Any]) -> None:
    assert refused(port, offered(firmware(), signer, **changes)).code == code


def test_damage_is_found_wherever_it_is(port: str, signer: Signer) -> None:
    sound = offered(firmware(), signer)
    for at, code in ((3, "update-malformed"), (200, "update-signature"), (len(sound.content) - 6000, "update-damaged")):
        spoilt = bytearray(sound.content)
        spoilt[at] ^= 1
        assert refused(port, Offer(sound.name, bytes(spoilt))).code == code, at
    assert refused(port, Offer("x", sound.content[:-1])).code == "update-malformed"
    for size in (1, 50, 76, 1000):
        assert refused(port, Offer("x", sound.content[:size])).code == "update-malformed"


def test_a_lift_does_not_wait_for_the_update(board: Board, signer: Signer) -> None:
    offer = offered(firmware(), signer)
    with held(board.path, "test") as line:
        link = BoardLink(line, {"wall-1": KEY}.get)
        link.open()
        link.send(wire.UpdateOffer(len(offer.content), offer.digest))
        want = link.expect(wire.UpdateWant)
        board.lift()
        assert link.expect(wire.Hook).off_hook == 1
        link.send(wire.UpdateData(want.offset, offer.content[: want.room]))
        board.press("5")
        assert link.expect(wire.Key).key == ord("5")
        link.send(wire.UpdateOffer(len(offer.content), offer.digest))
        assert link.expect(wire.UpdateState).reason == wire.REASON_BUSY
        link.send(wire.SlotSwitch())
        assert link.expect(wire.UpdateState).reason == wire.REASON_BUSY
        board.hang_up()
        assert link.expect(wire.Hook).off_hook == 0
    assert updated(board.path, offer).now == offer.name


@pytest.mark.parametrize("harm", ["cable", "power"])
def test_it_goes_on_where_it_was(board: Board, signer: Signer, harm: str) -> None:
    offer = offered(firmware(), signer)
    sent: list[int] = []

    def advance(done: int, size: int) -> None:
        if done > size // 2 and not any(at > size // 2 for at in sent):
            if harm == "cable":
                board.cut_cable()
                board.restore_cable()
            else:
                board.power_off()
                board.power_on()
        sent.append(done)

    assert updated(board.path, offer, advance=advance).now == offer.name
    assert sent == sorted(sent), "what was there was sent again"


FAILINGS = {
    "does not start": "raise OSError(5)",
    "hangs": "def _hang(*_):\n    while True:\n        pass\nLink._welcome = _hang",
    # Two minutes on the wall, three seconds here: what a trial without a host may take.
    "never reaches a host": "from handset import upkeep\nupkeep._HOPELESS = 12\nLink._hello = lambda *_: None",
}


@pytest.mark.parametrize("failing", FAILINGS)
def test_a_firmware_that_fails_its_trial_is_left_behind(
    board: Board, before: Firmware, signer: Signer, changed: Source, failing: str
) -> None:
    """Three starts, and no fourth; the telephone is who it was, in reach, and remembers which one it left."""
    broken = changed("handset/app.py", f"\n{FAILINGS[failing]}\n")
    trouble = refused(board.path, offered(broken, signer))
    assert (trouble.code, trouble.exit) == ("update-fell-back", Exit.TEST_FAILED)
    assert board.boot_count == 1 + 3 + 1
    with held(board.path, "test") as line:
        link = BoardLink(line, {"wall-1": KEY}.get)
        opened = link.open()
        assert (opened.device, opened.build) == ("wall-1", before.name)
        link.send(wire.SlotsAsk())
        slots = link.expect(wire.Slots)
        assert (slots.running, slots.trial, slots.fell) == (0, 0, broken.name)
    board.power_off()
    board.power_on()
    assert updated(board.path, offered(firmware(), signer)).was == before.name, "a later update is not kept away"
    assert board.boot_count == 1 + 3 + 1 + 1 + 1


def test_firmware_before_this_is_flashed_by_cable() -> None:
    old = (ROOT / "tests/compat/handset-0.1.0.bundle").read_bytes()
    with Board(device="wall-1", key=KEY, seed=1, bundle=old) as board:
        trouble = refused(board.path, Offer("x", b"x"))
    assert trouble.code == "update-too-old" and "kinline tech flash" in trouble.next_step


def test_the_manifest_says_what_the_sources_say() -> None:
    manifest = manifest_of(firmware())
    assert manifest["protocol"] == [wire.MAJOR, wire.MINOR] and manifest["schema"] == wire.SCHEMA
