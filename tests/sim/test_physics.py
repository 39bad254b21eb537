"""The world's own parts, without a VM: contacts, loops, relay, speech, flash."""

import json
import wave
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from littlefs import LittleFS

from kinline_sim import _board as board
from kinline_sim import contacts
from kinline_sim.codec import load_speech
from kinline_sim.flash import IdentityError, build_flash, parse_key
from kinline_sim.relay import Relay

CONTACTS = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)


def test_three_corners_ghost_the_fourth() -> None:
    assert contacts.row_masks([(0, 0), (0, 1), (1, 0)])[:2] == (0b11, 0b11)


@given(CONTACTS)
def test_a_closed_contact_is_always_seen(closed: set[tuple[int, int]]) -> None:
    masks = contacts.row_masks(closed)
    assert all(masks[row] >> column & 1 for row, column in closed)


@given(CONTACTS)
def test_rows_joined_by_contacts_look_alike(closed: set[tuple[int, int]]) -> None:
    masks = contacts.row_masks(closed)
    for first in range(4):
        for second in range(4):
            if masks[first] & masks[second]:
                assert masks[first] == masks[second]


@given(st.integers(0, 1 << 32), st.booleans())
def test_bounce_ends_settled_and_in_time(seed: int, closing: bool) -> None:
    changes = contacts.bounce(Random(seed), closing)
    assert changes[0] == (0.0, closing) and changes[-1][1] == closing
    assert changes == sorted(changes) and changes[-1][0] < 0.005


def test_no_such_key() -> None:
    with pytest.raises(ValueError, match="no key 'A' on this keypad"):
        contacts.position("A")


def test_loop_voltages_fall_between_the_thresholds() -> None:
    closed, opened = contacts.loop_millivolts(True), contacts.loop_millivolts(False)
    assert board.LOOP_SHORT_BELOW_MV < closed < board.LOOP_CLOSED_BELOW_MV < opened < board.LOOP_OPEN_BELOW_MV
    assert contacts.loop_millivolts(True, "cut") >= board.LOOP_OPEN_BELOW_MV
    assert contacts.loop_millivolts(False, "short") < board.LOOP_SHORT_BELOW_MV


def test_one_glitch_does_not_operate_the_relay() -> None:
    relay = Relay()
    relay.step(2, 0.004)
    assert not relay.closed


@pytest.mark.parametrize("period_ms", [10, 12, 15])
def test_toggling_holds_the_relay_and_its_end_drops_it(period_ms: int) -> None:
    relay = Relay()
    for _ in range(10):
        relay.step(1, period_ms / 1000)
    assert relay.closed
    for _ in range(30):
        relay.step(1, 0.020)
    assert relay.closed, "a task that runs late now and then must not chop the sound"
    quiet = 0
    while relay.closed:
        relay.step(0, 0.001)
        quiet += 1
    assert 50 < quiet < 120


def test_a_move_of_the_contact_is_told_to_the_millisecond_however_long_the_step() -> None:
    """The relay is stepped once a DMA block, and a talk's end is proved by when the contact opened."""
    coarse, fine = Relay(), Relay()
    for relay in (coarse, fine):
        for _ in range(10):
            relay.step(1, 0.010)
    opened = next(ms for ms in range(1, 200) if fine.step(0, 0.001) is not None)
    ago = coarse.step(0, 0.200)
    assert ago is not None
    assert abs((0.200 - ago) * 1000 - opened) <= 1.0
    assert not coarse.closed and not fine.closed


def test_a_contact_closes_at_an_edge() -> None:
    relay = Relay()
    ago = relay.step(4, 0.040)
    assert relay.closed
    assert ago is not None and ago % 0.010 == pytest.approx(0.0, abs=1e-9)


def test_a_steady_level_holds_nothing() -> None:
    relay = Relay()
    for _ in range(20):
        relay.step(1, 0.010)
    for _ in range(200):
        relay.step(0, 0.001)
    assert not relay.closed


def test_speech_of_another_rate_is_resampled(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(8000) / 10) * 9000).astype(np.int16).tobytes())
    assert len(load_speech(path)) == board.AUDIO_RATE_HZ


def test_speech_in_stereo_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(8))
    with pytest.raises(ValueError, match="mono WAV file of 16-bit samples"):
        load_speech(path)


def test_flash_images_are_whole_and_reproducible(tmp_path: Path) -> None:
    images = [tmp_path / name for name in ("a.bin", "b.bin")]
    builds = {build_flash(image, "wall-7", bytes(range(16))) for image in images}
    first, second = (image.read_bytes() for image in images)
    assert first == second and len(first) == board.FLASH_BYTES and len(builds) == 1
    files = LittleFS(
        block_size=4096,
        block_count=board.FILESYSTEM_BYTES // 4096,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
        mount=False,
    )
    files.context.buffer[:] = first[board.FILESYSTEM_OFFSET :]
    files.mount()
    with files.open("device.json", "rb") as file:
        assert json.loads(file.read()) == {"device": "wall-7", "key": bytes(range(16)).hex()}
    assert {"boot.py", "main.py", "slots.mpy", "safe_state.mpy", "a"} <= set(files.listdir("/"))
    assert {"handset", "manifest.json", "build.txt"} <= set(files.listdir("/a"))


def test_flash_refuses_what_no_handset_can_be(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match="1 to 32 bytes"):
        build_flash(tmp_path / "x", "d" * 33, bytes(16))
    with pytest.raises(IdentityError, match="16 are needed"):
        build_flash(tmp_path / "x", "d", bytes(15))
    with pytest.raises(IdentityError, match="32 hex digits"):
        parse_key("xyz")
