"""What the simulated codec remembers of the ear: all of it for a test, next to nothing for a board that runs for weeks."""

import wave
from pathlib import Path

import pytest

from kinline_sim.codec import BLOCK_BYTES, BLOCK_S, Codec
from kinline_sim.page import Page

BLOCKS = 500


@pytest.mark.parametrize(("remember_s", "kept"), [(None, BLOCKS), (0.0, 0), (10 * BLOCK_S, 10)])
def test_it_remembers_as_long_as_it_was_asked_to(tmp_path: Path, remember_s: float | None, kept: int) -> None:
    page = Page()
    codec = Codec(page, remember_s)
    for _ in range(BLOCKS):
        codec.step(relay_closed=True)
    assert len(codec.heard()) * 2 == kept * BLOCK_BYTES
    codec.save_heard(tmp_path / "ear.wav")
    with wave.open(str(tmp_path / "ear.wav")) as file:
        assert (file.getnframes(), file.getframerate()) == (kept * BLOCK_BYTES // 2, 16_000)
    codec.close()
    page.close()
