"""The recording keys: made once, rotated without losing what older ones sealed, and refused when they are not safe."""

from pathlib import Path

import pytest

from kinline.recordings import RecordingError, load_keys, made_keys, rotate_keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "recordings.key"


def test_they_are_made_once_for_their_owner_alone(file: Path, tmp_path: Path) -> None:
    made = made_keys(file, tmp_path)
    assert made_keys(file, tmp_path) == made and len(made.keys) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.newest.secret.hex() in file.read_text() and made.newest.secret.hex() not in repr(made)


def test_what_an_older_key_sealed_stays_open_after_a_rotation(file: Path, tmp_path: Path) -> None:
    old = made_keys(file, tmp_path)
    wrapped = old.wrapped(b"s" * 32)
    new = rotate_keys(file)
    assert len(new.keys) == 2 and new.newest.id != old.newest.id
    assert new.unwrapped(old.newest.id, wrapped, Path("12.klr")) == b"s" * 32
    assert load_keys(file) == new


def test_lost_keys_are_not_made_anew_where_there_are_recordings(file: Path, tmp_path: Path) -> None:
    (tmp_path / "12.klr").touch()
    with pytest.raises(RecordingError, match=r"recordings.key: there are no recording keys; put the file back"):
        made_keys(file, tmp_path)
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no key in it"),
        ("# only words\n", "has no key in it"),
        ("00" * 31, "line 1: is not a key of 64"),
        ("# x\n" + "0" * 64 + "\nzz", "line 3: is not a key"),
        ("é", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_keys_is_told_by_its_line(file: Path, text: str, said: str) -> None:
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(RecordingError, match=said):
        load_keys(file)


def test_keys_that_others_can_read_are_refused(file: Path, tmp_path: Path) -> None:
    made_keys(file, tmp_path)
    file.chmod(0o640)
    with pytest.raises(RecordingError, match="chmod 600"):
        load_keys(file)


def test_a_key_that_is_not_there_is_named(file: Path, tmp_path: Path) -> None:
    keys = made_keys(file, tmp_path)
    with pytest.raises(RecordingError, match=r"12.klr: sealed under key beef, which is not in .*put that key's line back"):
        keys.unwrapped("beef", "00" * 40, Path("12.klr"))
    with pytest.raises(RecordingError, match="its own key is damaged"):
        keys.unwrapped(keys.newest.id, "00" * 40, Path("12.klr"))
    with pytest.raises(RecordingError, match="its own key is damaged"):
        keys.unwrapped(keys.newest.id, "none", Path("12.klr"))


def test_a_folder_that_takes_no_keys_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="cannot be written"):
        rotate_keys(tmp_path / "file" / "recordings.key")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
