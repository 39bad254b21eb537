"""Prompts as sound: synthesised, replaced by a site's files, and heard even when something is missing."""

import os
import threading
import wave
from pathlib import Path

import numpy as np
import pytest

from kinline.counters import Counters
from kinline.people.names import SpokenName
from kinline.prompts import Prompter
from kinline.prompts import prompter as module
from kinline.prompts.sound import RATE, Samples, read_wav, to_rate, tone, write_wav

KEYS = {"accept": "1", "refuse": "2", "quote": "3", "block": "9"}
MENU = {"name": "Ann Example", "facility": "North Facility", "kept": "kept_recorded", "rate": 210_000, **KEYS}


@pytest.fixture
def counted() -> Counters:
    return Counters()


@pytest.fixture
def prompter(tmp_path: Path, counted: Counters) -> Prompter:
    return Prompter(tmp_path / "cache", tmp_path / "site", counted)


def recording(file: Path, hz: float, rate: int = RATE, seconds: float = 0.5, channels: int = 1) -> Samples:
    """A sine as a site's own recording."""
    time = np.arange(int(rate * seconds)) / rate
    samples = (np.sin(2 * np.pi * hz * time) * 8000).astype(np.int16)
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(np.repeat(samples, channels).astype("<i2").tobytes())
    return samples


def loudest_hz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    return float(np.argmax(spectrum) * RATE / len(samples))


def level_outside_band(samples: Samples) -> float:
    """Energy under 100 Hz and over 3700 Hz, in dB below the rest."""
    spectrum = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / RATE)
    inside = (hz > 200) & (hz < 3500)
    outside = (hz < 100) | (hz > 3700)
    return float(10 * np.log10(spectrum[outside].sum() / spectrum[inside].sum()))


@pytest.mark.parametrize("lang", ["en", "es"])
def test_speech_fits_a_telephone(prompter: Prompter, lang: str) -> None:
    samples = read_wav(prompter.wav("menu", lang, **MENU))  # type: ignore[arg-type]
    assert 8 < len(samples) / RATE < 30
    peak = np.abs(samples.astype(int)).max() / 32767
    assert 20 * np.log10(peak) == pytest.approx(-6, abs=0.1)
    assert level_outside_band(samples) < -30


def test_the_same_words_are_made_once(prompter: Prompter) -> None:
    first = prompter.wav("menu", "en", **MENU)
    made = first.stat().st_ino
    assert prompter.wav("menu", "en", **MENU) == first
    assert first.stat().st_ino == made
    assert prompter.wav("menu", "en", **(MENU | {"rate": 0})) != first


def test_the_language_choice_is_said_in_both(prompter: Prompter) -> None:
    assert prompter.wav("choose_language", "en") != prompter.say("For English, press 1.", "en")
    assert len(read_wav(prompter.wav("choose_language", "en"))) > len(read_wav(prompter.say("For English, press 1.", "en")))


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
def test_a_sites_own_file_wins(prompter: Prompter, tmp_path: Path, rate: int, counted: Counters) -> None:
    recording(tmp_path / "site" / "en" / "time_over.wav", 1000, rate)
    samples = read_wav(prompter.wav("time_over", "en"))
    assert loudest_hz(samples) == pytest.approx(1000, abs=3)
    assert len(samples) == pytest.approx(RATE / 2, abs=2)
    assert counted.as_json() == {}


def test_a_sites_new_file_is_heard_at_once(prompter: Prompter, tmp_path: Path) -> None:
    file = tmp_path / "site" / "en" / "time_over.wav"
    recording(file, 1000)
    prompter.wav("time_over", "en")
    recording(file, 2000, seconds=0.6)
    assert loudest_hz(read_wav(prompter.wav("time_over", "en"))) == pytest.approx(2000, abs=3)


def test_a_sites_pieces_surround_the_values(prompter: Prompter, tmp_path: Path) -> None:
    for piece, hz in ((1, 700), (2, 1900)):
        recording(tmp_path / "site" / "en" / f"balance.{piece}.wav", hz)
    recording(tmp_path / "site" / "en" / "warning.1.wav", 1200)
    samples = read_wav(prompter.wav("warning", "en", seconds=60))
    assert loudest_hz(samples[-RATE // 2 :]) == pytest.approx(1200, abs=3)


def test_a_piece_left_out_does_not_move_the_others(prompter: Prompter, tmp_path: Path) -> None:
    """A site's third file is the third piece, also in a call that leaves the first one out."""
    for piece in range(1, 8):
        recording(tmp_path / "site" / "en" / f"rate_quote.{piece}.wav", 1800 + 200 * piece)
    keys = {"rate": 60_000, "accept": "1"}
    whole = read_wav(prompter.wav("rate_quote", "en", **keys, length=900, cost=900_000, refuse="2"))
    short = read_wav(prompter.wav("rate_quote", "en", **keys))
    for hz in (2400, 2600):  # "Nothing else is charged ...", "To refuse, hang up"
        assert _holds(whole, hz) and _holds(short, hz)
    assert _holds(whole, 2000) and not _holds(short, 2000)  # "The longest call"


def _holds(samples: Samples, hz: float) -> bool:
    """Whether this tone fills some tenth of a second of it."""
    block = RATE // 10
    return any(abs(loudest_hz(samples[start : start + block]) - hz) < 10 for start in range(0, len(samples) - block, block // 2))


def test_one_missing_piece_leaves_the_whole_to_synthesis(prompter: Prompter, tmp_path: Path) -> None:
    plain = read_wav(prompter.wav("menu", "en", **MENU))
    recording(tmp_path / "site" / "en" / "menu.1.wav", 700)
    assert np.array_equal(read_wav(prompter.wav("menu", "en", **MENU)), plain)


def test_the_callers_own_voice_says_the_name_and_goes_into_no_file(prompter: Prompter, tmp_path: Path) -> None:
    voice = recording(tmp_path / "name.wav", 1500)
    name = SpokenName("Alex Example", voice.astype("<i2").tobytes())
    before, own, after = prompter.sounds("menu", "en", **(MENU | {"name": name}))
    assert isinstance(before, Path) and isinstance(after, Path) and isinstance(own, np.ndarray)
    assert voice.tobytes() in own.tobytes()
    assert len(read_wav(after)) > len(read_wav(before)) > RATE
    assert all(voice.tobytes() not in file.read_bytes() for file in (tmp_path / "cache").rglob("*") if file.is_file())
    assert "sound" not in repr(name)


def test_where_voices_are_not_heard_the_name_is_read_out(prompter: Prompter) -> None:
    spoken = prompter.wav("menu", "en", **(MENU | {"name": SpokenName("Alex Example", b"\1\0" * 999)}))
    assert read_wav(spoken).tobytes() == read_wav(prompter.wav("menu", "en", **(MENU | {"name": "Alex Example"}))).tobytes()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"RIFF____WAVEgarbage"),
        lambda file: recording(file, 1000, channels=2),
        lambda file: recording(file, 1000, rate=96_000),
        lambda file: recording(file, 1000, rate=4000),
        lambda file: recording(file, 1000, seconds=0),
        lambda file: recording(file, 1000, seconds=121),
    ],
    ids=["empty file", "garbage", "stereo", "96 kHz", "4 kHz", "no sound", "two minutes"],
)
def test_a_bad_site_file_is_counted_and_synthesis_speaks(prompter: Prompter, tmp_path: Path, counted: Counters, spoil) -> None:  # type: ignore[no-untyped-def]
    plain = prompter.wav("time_over", "en")
    file = tmp_path / "site" / "en" / "time_over.wav"
    file.parent.mkdir(parents=True)
    spoil(file)
    assert prompter.wav("time_over", "en") == plain
    assert counted.value("prompt_site_file_bad") == 1


def test_without_synthesis_a_tone_is_heard(tmp_path: Path, counted: Counters) -> None:
    prompter = Prompter(tmp_path / "cache", None, counted, espeak="no-such-espeak")
    assert np.array_equal(read_wav(prompter.wav("time_over", "en")), tone())
    assert counted.value("prompt_synthesis_failed") == 1
    assert len(list((tmp_path / "cache").rglob("*.wav"))) == 1


def test_a_tone_in_place_of_words_is_known_as_one(tmp_path: Path, counted: Counters) -> None:
    """Who passes a message on must know whether the words were heard."""
    mute = Prompter(tmp_path / "cache", None, counted, espeak="no-such-espeak")
    assert mute.is_tone(mute.wav("staff_message", "en", text="Call home."))
    (tmp_path / "file").write_text("a file where the folder should be")
    nowhere = Prompter(tmp_path / "file", None, counted, espeak="no-such-espeak")
    assert nowhere.is_tone(nowhere.wav("time_over", "en"))
    speaking = Prompter(tmp_path / "cache", None, counted)
    assert not speaking.is_tone(speaking.wav("time_over", "en"))


def test_an_unknown_prompt_is_a_tone(prompter: Prompter, counted: Counters) -> None:
    assert np.array_equal(read_wav(prompter.wav("nonsense", "en")), tone())
    assert np.array_equal(read_wav(prompter.wav("balance", "en")), tone())
    assert counted.value("prompt_unknown") == 2


def test_a_cache_that_cannot_be_written_still_speaks(tmp_path: Path, counted: Counters) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    prompter = Prompter(blocked, None, counted)
    assert len(read_wav(prompter.wav("time_over", "en"))) / RATE > 0.5
    assert counted.value("prompt_cache_unwritable") == 1


@pytest.mark.parametrize("name", ["", "[[ho]] <b>", "-x --stdout", "a\nb\x00c", "Ñandú Pérez", "x" * 2000])
def test_whatever_the_name_it_is_only_said(prompter: Prompter, name: str, counted: Counters) -> None:
    assert len(read_wav(prompter.wav("menu", "en", **(MENU | {"name": name})))) / RATE > 8
    assert counted.as_json() == {}


def test_many_threads_ask_at_once(prompter: Prompter) -> None:
    files: list[Path] = []
    threads = [threading.Thread(target=lambda: files.append(prompter.wav("time_over", "es"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(files)) == 1 and len(files) == 8
    assert len(os.listdir(files[0].parent)) == 1  # noqa: PTH208 - names suffice
    read_wav(files[0])


def test_resampling_keeps_level_and_pitch() -> None:
    time = np.arange(8000) / 8000
    samples = to_rate((np.sin(2 * np.pi * 1000 * time) * 10_000).astype(np.int16), 8000)
    assert len(samples) == RATE
    assert loudest_hz(samples) == pytest.approx(1000, abs=1)
    assert np.abs(samples[2000:-2000].astype(int)).max() == pytest.approx(10_000, rel=0.01)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(wave.Wave_write, "writeframes", fail)
    with pytest.raises(OSError, match="No space"):
        write_wav(tmp_path / "a.wav", tone())
    assert list(tmp_path.iterdir()) == []


def test_passing_amounts_do_not_fill_the_disk(prompter: Prompter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PASSING_KEPT", 3)
    prompter.wav("time_over", "en")
    files = [prompter.wav("warning", "en", seconds=seconds) for seconds in (1, 2, 3)]
    for age, file in enumerate(files):
        os.utime(file, ns=(10**9 * (age + 1),) * 2)
    assert prompter.wav("warning", "en", seconds=1) == files[0]
    prompter.wav("warning", "en", seconds=4)
    assert [file.is_file() for file in files] == [True, False, True]
    assert len(list((tmp_path / "cache").rglob("*.wav"))) == 4
