"""An export is what was recorded, and whoever gets it can tell that it is, with nothing of the site but a public key."""

import hashlib
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from kinline.recordings import Export, Keyring, RecordingError, Sealed, check_export, export, inspected, made_keys
from tests.recordings.sealing import BLOCK, Sealer, head

SECRET = bytes(32)


@pytest.fixture
def keys(tmp_path: Path) -> Keyring:
    return made_keys(tmp_path / "recordings.key", tmp_path)


@pytest.fixture
def made(tmp_path: Path, keys: Keyring) -> Export:
    sealer = Sealer(tmp_path / "12.klr", SECRET, head(keys.newest.id, keys.wrapped(SECRET), call=12))
    for n in (0, 2):
        sealer.audio(n * BLOCK, np.full(2 * BLOCK, n + 1, np.int16).tobytes())
    sealer.end(3 * BLOCK, 2 * BLOCK, BLOCK)
    with Sealed(sealer.file, keys) as recording:
        return export(recording, inspected(recording), keys, tmp_path / "out", {"call": 12, "exported_by": "ivy"})


def test_the_wav_has_the_sound_and_silence_where_it_is_missing(made: Export) -> None:
    with wave.open(str(made.wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert [int(sound[n * 2 * BLOCK]) for n in range(3)] == [1, 0, 3] and len(sound) == 6 * BLOCK
    assert hashlib.sha256(made.wav.read_bytes()).hexdigest() == made.wav_sha256


def test_the_manifest_says_what_it_is_and_what_is_missing(made: Export) -> None:
    told = json.loads(made.manifest.read_text())
    assert (told["call"], told["rate"], told["codec"], told["whole"], told["closed"]) == (12, 8000, "pcm_s16le", False, True)
    assert told["missing"] == [{"from_second": 0.5, "seconds": 0.5, "why": "dropped"}]
    assert len(told["chunks"]) == 2 and "wrapped_key" not in told and SECRET.hex() not in made.manifest.read_text()


def test_whoever_has_the_public_key_can_check_it(made: Export, keys: Keyring) -> None:
    claim = check_export(made.folder, keys.newest.public_key())
    assert (claim["call"], claim["exported_by"]) == (12, "ivy")
    with pytest.raises(RecordingError, match="signed by another key"):
        check_export(made.folder, "0" * 64)


@pytest.mark.parametrize("name", ["recording.wav", "manifest.json", "proof.json"])
def test_a_byte_changed_in_any_file_is_told(made: Export, name: str) -> None:
    file = made.folder / name
    data = bytearray(file.read_bytes())
    at = data.index(b"ivy") if name == "proof.json" else len(data) // 2
    data[at] ^= 1
    file.write_bytes(data)
    with pytest.raises(RecordingError, match="was changed after it was"):
        check_export(made.folder)


def test_what_is_no_export_is_told(tmp_path: Path, made: Export) -> None:
    with pytest.raises(RecordingError, match="an export has three files"):
        check_export(tmp_path)
    made.proof.write_text("[]")
    with pytest.raises(RecordingError, match="is no proof of ours"):
        check_export(made.folder)


def test_a_folder_that_takes_nothing_is_told(made: Export, keys: Keyring, tmp_path: Path) -> None:
    with Sealed(tmp_path / "12.klr", keys) as recording, pytest.raises(RecordingError, match="cannot be written"):
        export(recording, inspected(recording), keys, made.folder, {})
