"""Text telephones over lines: a foreign one both ways, noise, levels, and lost packets."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kinline_engine.tty import BLOCK, RATE, Receiver, send
from kinline_sim.g711 import Pcm
from kinline_sim.speech import read_wav, write_wav
from tests.detect import line

TEXT = (
    "HELLO MOM THIS IS JAMES. HOW ARE YOU TODAY Q GA CALL 202 555-0123 AT 7:30. THE TICKET WAS $15, AND THE BUS LEAVES AT "
    "5:45 (OR 6)! GRANDMA SAYS HI; THE GARDEN'S FULL OF TOMATOES. DID THE LETTER ARRIVE? SK"
)


def wrong(sent: str, read: str) -> float:
    """Share of characters to be changed, added or taken away (Levenshtein)."""
    before = list(range(len(read) + 1))
    for i, a in enumerate(sent, 1):
        now = [i]
        for j, b in enumerate(read, 1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (a != b)))
        before = now
    return before[-1] / len(sent)


def read(pcm: Pcm) -> str:
    whole = np.concatenate((pcm, np.zeros(RATE - len(pcm) % BLOCK, np.int16)))
    return Receiver().hear(whole.astype(np.int16).tobytes())


def sent(text: str = TEXT) -> Pcm:
    return np.frombuffer(send(text), np.int16)


@pytest.fixture
def minimodem() -> str:
    found = shutil.which("minimodem")
    if not found:
        pytest.skip("minimodem is not installed: apt-get install minimodem")
    return found


def test_a_foreign_text_telephone_reads_ours(minimodem: str, tmp_path: Path) -> None:
    file = tmp_path / "ours.wav"
    rest = np.zeros(RATE // 2, np.int16)
    write_wav(file, np.concatenate((rest, line.coded(sent().astype(np.float64), "pcmu"), rest)))
    said = subprocess.run([minimodem, "--rx", "tdd", "--quiet", "-f", file], capture_output=True, check=True).stdout
    assert wrong(TEXT, said.decode("ascii", "replace").strip()) < 0.01


def test_we_read_a_foreign_text_telephone(minimodem: str, tmp_path: Path) -> None:
    file = tmp_path / "theirs.wav"
    subprocess.run([minimodem, "--tx", "tdd", "-R", str(RATE), "-f", file], input=TEXT.encode(), check=True)
    pcm, rate = read_wav(file)
    assert rate == RATE
    assert wrong(TEXT, read(line.coded(pcm * 0.3, "pcma"))) < 0.01


def test_a_foreign_text_telephone_over_lost_packets(minimodem: str, tmp_path: Path) -> None:
    """At one lost packet in a hundred, given as what it is: nothing."""
    file = tmp_path / "theirs.wav"
    subprocess.run([minimodem, "--tx", "tdd", "-R", str(RATE), "-f", file], input=(TEXT * 2).encode(), check=True)
    pcm, _ = read_wav(file)
    assert wrong(TEXT * 2, read(lossy(line.coded(pcm * 0.3, "pcmu"), 0.01))) < 0.01


def lossy(pcm: Pcm, share: float, seed: int = 5) -> Pcm:
    packets = line.whole_packets(pcm.astype(np.float64)).astype(np.int16).reshape(-1, line.PACKET)
    packets[np.random.default_rng(seed).random(len(packets)) < share] = 0
    return packets.reshape(-1)


@pytest.mark.parametrize("share", [0.002, 0.005, 0.01])
def test_lost_packets_cost_less_than_a_character_in_a_hundred(share: float) -> None:
    assert wrong(TEXT * 3, read(lossy(sent(TEXT * 3), share))) < 0.01


@pytest.mark.parametrize("dbm0", [-3, -20, -32, -38])
@pytest.mark.parametrize("noise_below_db", [10, 20])
def test_levels_and_noise(dbm0: float, noise_below_db: float) -> None:
    rng = np.random.default_rng(7)
    signal = sent().astype(np.float64) * 10 ** ((dbm0 + 10) / 20)
    noisy = signal + line.noise(rng, len(signal), dbm0 - noise_below_db, pink=False)
    assert wrong(TEXT, read(line.coded(noisy, "pcmu"))) < 0.01


def test_speech_is_no_text() -> None:
    """Ten minutes of five speakers."""
    receiver = Receiver()
    heard = 0
    for language in line.LANGUAGES:
        for clip in line.clips(language):
            whole = line.coded(line.whole_packets(clip), "pcmu")
            assert receiver.hear(whole.tobytes()) == ""
            heard += len(whole)
            if heard > 120 * RATE * (1 + line.LANGUAGES.index(language)):
                break
    if not heard:
        pytest.skip("there is no recorded speech: run make setup")
    assert not receiver.status.recognised


def test_it_is_recognised_within_two_seconds() -> None:
    for text in ("HI GA", "HELLO"):
        receiver = Receiver()
        receiver.hear(np.concatenate((np.zeros(RATE, np.int16), sent(text)[: len(sent(text)) // BLOCK * BLOCK])).tobytes())
        assert receiver.status.recognised and receiver.status.recognised_at < (1 + 2) * RATE
