"""Whatever happens to a recording's file, it is told, costs no more than what was hit, and nothing else is believed."""

import secrets
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.recordings import Keyring, RecordingError, Report, Sealed, inspected, made_keys, rotate_keys
from kinline.recordings.export import sound
from tests.recordings.sealing import BLOCK, Sealer, head

CHUNKS = 6


@cache
def pcm(n: int) -> bytes:
    """Half a second that resembles no other."""
    return np.random.default_rng(n).integers(-3000, 3000, 2 * BLOCK, dtype=np.int16).tobytes()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("keys")
    return made_keys(folder / "recordings.key", folder)


@pytest.fixture
def sealer(tmp_path: Path, keys: Keyring) -> Sealer:
    return begun(tmp_path, keys)


def begun(folder: Path, keys: Keyring, name: str = "12.klr", **about: object) -> Sealer:
    secret = secrets.token_bytes(32)
    return Sealer(folder / name, secret, head(keys.newest.id, keys.wrapped(secret), **about))  # type: ignore[arg-type]


def filled(sealer: Sealer, close: bool = True) -> Sealer:
    for n in range(CHUNKS):
        sealer.audio(n * BLOCK, pcm(n))
    if close:
        sealer.end(CHUNKS * BLOCK, CHUNKS * BLOCK)
    return sealer


def read(file: Path, keys: Keyring, link: str | None = None) -> tuple[Report, bytes]:
    with Sealed(file, keys) as recording:
        report = inspected(recording, link)
        return report, b"".join(sound(recording, report.length))


def test_a_whole_one_is_whole_and_says_the_same_sound(sealer: Sealer, keys: Keyring) -> None:
    filled(sealer)
    report, heard = read(sealer.file, keys, sealer.link.hex())
    assert report.whole and report.frames == report.length == CHUNKS * BLOCK and report.link == sealer.link.hex()
    assert heard == b"".join(pcm(n) for n in range(CHUNKS))
    assert report.ended_at is not None and report.ended_at.year == 2026


def test_one_that_was_not_closed_keeps_all_its_chunks_and_says_so(sealer: Sealer, keys: Keyring) -> None:
    filled(sealer, close=False)
    with sealer.file.open("ab") as out:
        out.write(sealer.file.read_bytes()[-5000:-300])  # half a chunk
    report, heard = read(sealer.file, keys)
    assert not report.whole and report.frames == CHUNKS * BLOCK and not report.missing
    assert report.faults == ("it was not closed: host, process or disk stopped at 3.000 s or within a second of it",)
    assert heard == b"".join(pcm(n) for n in range(CHUNKS))


def test_what_the_disk_cost_is_missing_where_it_was(sealer: Sealer, keys: Keyring) -> None:
    sealer.audio(0, pcm(0))
    sealer.audio(3 * BLOCK, pcm(3))
    sealer.end(5 * BLOCK, 2 * BLOCK, 3 * BLOCK)
    report, heard = read(sealer.file, keys)
    assert [(gap.at, gap.frames, gap.why) for gap in report.missing] == [
        (BLOCK, 2 * BLOCK, "dropped"),
        (4 * BLOCK, BLOCK, "dropped"),
    ]
    assert not report.whole and not report.faults
    assert heard == pcm(0) + bytes(2 * len(pcm(0))) + pcm(3) + bytes(len(pcm(0)))


@given(n=st.integers(0, CHUNKS - 1), where=st.integers(0, 16_000), bit=st.integers(0, 7))
def test_a_bit_that_was_turned_costs_its_chunk_and_no_other(
    keys: Keyring, tmp_path_factory: pytest.TempPathFactory, n: int, where: int, bit: int
) -> None:
    sealer = filled(begun(tmp_path_factory.mktemp("turned"), keys))
    offset, length = sealer.chunks[n]
    data = bytearray(sealer.file.read_bytes())
    data[offset + where % length] ^= 1 << bit
    sealer.file.write_bytes(data)
    report, heard = read(sealer.file, keys, sealer.link.hex())
    assert not report.whole and report.faults
    assert [(gap.at, gap.frames, gap.why) for gap in report.missing] == [(n * BLOCK, BLOCK, "damaged")]
    expected = [bytes(len(pcm(0))) if i == n else pcm(i) for i in range(CHUNKS)]
    assert heard == b"".join(expected)


@given(n=st.integers(0, CHUNKS - 1))
def test_a_chunk_that_was_taken_out_is_missed(keys: Keyring, tmp_path_factory: pytest.TempPathFactory, n: int) -> None:
    sealer = filled(begun(tmp_path_factory.mktemp("removed"), keys))
    offset, length = sealer.chunks[n]
    data = sealer.file.read_bytes()
    sealer.file.write_bytes(data[:offset] + data[offset + length :])
    report, _ = read(sealer.file, keys)
    assert any("the chain breaks" in fault for fault in report.faults)
    assert [(gap.at, gap.why) for gap in report.missing] == [(n * BLOCK, "removed")]


@given(order=st.permutations(range(CHUNKS)).filter(lambda order: list(order) != list(range(CHUNKS))))
def test_chunks_in_another_order_are_told(keys: Keyring, tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    sealer = filled(begun(tmp_path_factory.mktemp("moved"), keys))
    data = sealer.file.read_bytes()
    pieces = [data[offset : offset + length] for offset, length in sealer.chunks]
    sealer.file.write_bytes(data[: sealer.chunks[0][0]] + b"".join(pieces[i] for i in order) + pieces[-1])
    report, _ = read(sealer.file, keys)
    assert any("the chain breaks" in fault for fault in report.faults)


@given(cut=st.integers(0, 120_000))
def test_a_file_cut_short_anywhere_says_so_and_keeps_what_is_left(
    keys: Keyring, tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    sealer = filled(begun(tmp_path_factory.mktemp("cut"), keys))
    data = sealer.file.read_bytes()
    kept = sealer.chunks[0][0] + cut % (len(data) - sealer.chunks[0][0])
    sealer.file.write_bytes(data[:kept])
    report, heard = read(sealer.file, keys, sealer.link.hex())
    whole = sum(offset + length <= kept for offset, length in sealer.chunks[:-1])
    assert not report.whole and report.frames == whole * BLOCK
    assert heard == b"".join(pcm(n) for n in range(whole))


@given(junk=st.binary(min_size=1, max_size=300), n=st.integers(0, CHUNKS))
def test_bytes_put_in_are_told_and_cost_nothing(
    keys: Keyring, tmp_path_factory: pytest.TempPathFactory, junk: bytes, n: int
) -> None:
    sealer = filled(begun(tmp_path_factory.mktemp("put"), keys))
    data, offset = sealer.file.read_bytes(), sealer.chunks[n][0]
    sealer.file.write_bytes(data[:offset] + junk + data[offset:])
    report, heard = read(sealer.file, keys)
    assert not report.whole and report.frames == CHUNKS * BLOCK
    assert heard == b"".join(pcm(i) for i in range(CHUNKS))


def test_what_stands_behind_the_end_is_told(sealer: Sealer, keys: Keyring) -> None:
    filled(sealer).audio(CHUNKS * BLOCK, pcm(9))
    report, _ = read(sealer.file, keys)
    assert "something was added behind the end" in report.faults


def test_another_recording_under_the_same_name_is_told_by_the_kept_hash(sealer: Sealer, keys: Keyring) -> None:
    filled(sealer)
    assert read(sealer.file, keys)[0].whole
    report, _ = read(sealer.file, keys, "0" * 64)
    assert report.faults == ("it is not the file that was closed: the database keeps another hash of it",)


def test_the_recording_of_another_call_is_told_without_a_kept_hash(tmp_path: Path, keys: Keyring) -> None:
    file = filled(begun(tmp_path, keys, call=12)).file
    with Sealed(file, keys) as recording:
        assert inspected(recording, call=12).whole
        assert inspected(recording, call=13).faults == ("it is not the recording of call 13: its head says 12",)


def test_a_chunk_of_another_recording_is_not_believed(tmp_path: Path, keys: Keyring) -> None:
    ours, other = filled(begun(tmp_path, keys)), filled(begun(tmp_path, keys, "13.klr"))
    data = ours.file.read_bytes()
    (offset, length), (other_offset, _) = ours.chunks[2], other.chunks[2]
    foreign = other.file.read_bytes()[other_offset : other_offset + length]
    ours.file.write_bytes(data[:offset] + foreign + data[offset + length :])
    report, _ = read(ours.file, keys)
    assert [(gap.at, gap.why) for gap in report.missing] == [(2 * BLOCK, "damaged")]


def test_another_head_opens_nothing(sealer: Sealer, keys: Keyring) -> None:
    filled(sealer)
    data = sealer.file.read_bytes()
    assert data.count(b'"pcm_s16le"') == 1
    sealer.file.write_bytes(data.replace(b'"pcm_s16le"', b'"pcm_s24le"'))
    report, heard = read(sealer.file, keys)
    assert report.frames == 0 and heard == b"" and report.faults


def test_an_older_key_opens_it_after_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "recordings.key"
    sealer = filled(begun(tmp_path, made_keys(file, tmp_path)))
    assert read(sealer.file, rotate_keys(file))[0].whole


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cannot be read"),
        (b"RIFF" + bytes(100), "is not a recording of Kinline"),
        (b"KLREC001" + struct.pack("<I", 90_000) + bytes(100), "is not a recording of Kinline"),
        (b"KLREC001" + struct.pack("<I", 2) + b"{}", "its head has 'format'"),
        (b"KLREC001" + struct.pack("<I", 4) + b"\xff\xff\xff\xff", "its head has"),
        (b"KLREC001" + struct.pack("<I", 2) + b"[]", "its head has"),
        (b'KLREC001\x3a\0\0\0{"format":"kinline-recording-1","rate":7,"key":"","x":[1,2]}', "its head has"),
    ],
)
def test_what_is_no_recording_is_refused_by_name(tmp_path: Path, keys: Keyring, data: bytes, said: str) -> None:
    file = tmp_path / "12.klr"
    file.write_bytes(data)
    with pytest.raises(RecordingError, match=said) as refused:
        Sealed(file, keys)
    assert "12.klr" in str(refused.value)
    with pytest.raises(RecordingError, match="the recording is gone"):
        Sealed(tmp_path / "13.klr", keys)


@given(junk=st.binary(max_size=2000))
def test_no_bytes_behind_a_head_break_the_reader(keys: Keyring, tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    sealer = begun(tmp_path_factory.mktemp("junk"), keys)
    with sealer.file.open("ab") as out:
        out.write(junk)
    report, heard = read(sealer.file, keys)
    assert report.frames == 0 and heard == b"" and not report.whole
