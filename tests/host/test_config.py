"""Settings: read, completed, and refused with file, key, fault and remedy."""

from pathlib import Path

import pytest

from kinline.config import SettingsError, Storage, load

LEAST = 'facility = "north"\n[trunk]\naddress = "127.0.0.1"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "kinline.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_least_settings_are_completed(tmp_path: Path) -> None:
    settings = load(written(tmp_path, LEAST + '[storage]\ndata_dir = "data"\n'))
    assert settings.database_url == f"sqlite:///{tmp_path}/data/kinline.db"
    assert settings.storage.secret_file == tmp_path / "data" / "site.key"
    assert settings.storage.recordings_dir == tmp_path / "data" / "recordings"
    assert settings.trunk.switch_port == 5060
    assert settings.metrics.port is None


def test_nothing_listens_beyond_loopback_unless_told(tmp_path: Path) -> None:
    settings = load(written(tmp_path, LEAST))
    assert settings.trunk.sip_bind.is_loopback and settings.trunk.media_bind.is_loopback
    assert settings.metrics.bind.is_loopback


def test_paths_count_from_the_files_folder(tmp_path: Path) -> None:
    text = LEAST + 'password_file = "switch.password"\n[storage]\nsite_prompts_dir = "voices"\nrecordings_dir = "/srv/rec"\n'
    settings = load(written(tmp_path, text))
    assert settings.trunk.password_file == tmp_path / "switch.password"
    assert settings.storage.site_prompts_dir == tmp_path / "voices"
    assert settings.storage.recordings_dir == Path("/srv/rec")
    (tmp_path / "switch.password").write_text("hush\n")
    assert settings.trunk.auth_password == "hush"


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    settings = load(written(tmp_path, LEAST + 'user = "kinline"\npassword = "hush-hush"\n'))
    assert "hush-hush" not in repr(settings) and "hush-hush" not in settings.model_dump_json()
    assert settings.trunk.auth_password == "hush-hush"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("facility = ", "is not valid TOML"),
        ('facility = "north"\n', "trunk is missing; add it"),
        (LEAST + "port = 99999\n", "trunk.port: 99999 cannot be used"),
        (LEAST + "colour = 1\n", "trunk.colour is not a setting"),
        (LEAST + "register = true\n", "trunk.register is not a setting"),
        (LEAST + 'realm = "switch"\n', "trunk.realm is not a setting"),
        (LEAST + "[calls]\nwarning_seconds = [60]\n", "calls.warning_seconds is not a setting"),
        (LEAST + '[logging]\nfile = "log"\n', "logging.file is not a setting"),
        (LEAST + 'transport = "tls"\n', "tls_dir is missing; name the folder"),
        (LEAST + 'transport = "pigeon"\n', "trunk.transport: 'pigeon' cannot be used"),
        (LEAST + 'password = "a"\npassword_file = "b"\n', "keep password_file"),
        (LEAST + 'media_bind = "here"\n', "trunk.media_bind"),
        (LEAST + '[calls.acceptance]\naccept = "1"\nrefuse = "1"\n', "calls.acceptance gives one key two meanings"),
        (LEAST + '[[handset]]\ndevice_id = "a"\n', "handset.0.port is missing"),
        (LEAST + '[[handset]]\ndevice_id = "a"\nport = "x"\n[[handset]]\ndevice_id = "a"\nport = "y"\n', "'a' stands twice"),
        (LEAST + '[[handset]]\ndevice_id = "a"\nport = "x"\n[[handset]]\ndevice_id = "b"\nport = "x"\n', "'x' stands twice"),
        (LEAST + '[calls]\npin_mode = "guess"\n', "calls.pin_mode"),
        (LEAST + '[logging]\nlevel = "loud"\n', "logging.level"),
    ],
)
def test_a_fault_names_file_key_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, text))
    assert said in str(caught.value)
    assert all(line.startswith(f"{tmp_path}/kinline.toml: ") for line in str(caught.value).splitlines())


def test_a_wrong_password_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, LEAST + "password = 73519264\n"))
    assert "trunk.password" in str(caught.value) and "73519264" not in str(caught.value)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: No such file.*--config"):
        load(tmp_path / "none.toml")
    file = tmp_path / "kinline.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(file)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://me:se:c/r@et@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db?password=secret&x=1", "postgresql://me@host/db?password=***&x=1"),
        ("postgresql://me@host:5432/db", "postgresql://me@host:5432/db"),
        ("sqlite:////var/lib/kinline/kinline.db", "sqlite:////var/lib/kinline/kinline.db"),
    ],
)
def test_no_password_of_the_database_is_shown(address: str, shown: str) -> None:
    storage = Storage(database=address)
    assert storage.model_dump(mode="json")["database"] == shown
    assert storage.database == address
