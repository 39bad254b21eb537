"""The command as its users run it: its output, its exit code."""

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from kinline.cli import app, main
from kinline.cli.later import Later
from kinline.store import sqlite


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


class Site:
    """A site in a folder, and the command with that site's settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "kinline.toml"
        self.environment = {"KINLINE_CONFIG": str(self.config), "COLUMNS": "100", "NO_COLOR": "1"}

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """The command in this process: starting one for each would take a second each time."""
        code, out, err = 0, io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["kinline", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def ok(self, *arguments: str, stdin: str = "") -> str:
        done = self.run(*arguments, stdin=stdin)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        return json.loads(self.ok(*arguments, "--json", stdin=stdin))

    def refused(self, *arguments: str, stdin: str = "") -> str:
        """The one line on stderr."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 2 and done.stdout == "", done
        assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("kinline: "), done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """From nothing to a first inmate with a list and money, by commands alone."""
    made = Site(tmp_path_factory.mktemp("site"))
    made.ok("init", str(made.folder), "--facility", "north")
    made.ok("facility", "add", "north", "--name", "North Facility", "--timezone", "America/New_York", "--profile", "ct-doc",
            "--pin-mode", "id+pin")  # fmt: skip
    made.ok("facility", "add-unit", "B2", "--window", "06:00-12:00", "--window", "13:00-22:30")
    made.ok("handset", "add", "K1", "--device-file", str(made.folder / "k1.json"), "--unit", "B2", "--label", "Day room")
    made.ok("inmate", "add", "1001", "--name", "Ann Example", "--unit", "B2", "--pin-stdin", stdin="4321\n")
    made.ok("contact", "add", "1001", "(202) 555-0123", "--label", "Mother")
    made.ok("account", "deposit", "10", "--number", "+12025550123", "--reference", "r1")
    return made


def test_as_a_process(site: Site) -> None:
    command = [sys.executable, "-c", "from kinline.cli import main; main()"]
    environment = os.environ | site.environment
    for arguments, code in ((["inmate", "list", "--json"], 0), (["calls", "show", "99"], 2)):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environment, check=False)
        assert (done.returncode, bool(done.stdout), bool(done.stderr)) == (code, code == 0, code == 2), done


def test_the_site_is_as_it_was_entered(site: Site) -> None:
    assert site.json("inmate", "list") == [
        {"number": "1001", "name": "Ann Example", "unit": "B2", "language": "en", "status": "active"}
    ]
    assert site.json("contact", "list", "1001")[0]["number"] == "+12025550123"
    assert site.json("handset", "list")[0]["device_id"] == "K1"
    assert site.json("account", "balance", "--number", "2025550123")["balance_micros"] == 10_000_000
    assert site.json("facility", "list")[0]["profile"] == "ct-doc"
    assert site.json("audit", "verify")["whole"] is True
    assert site.json("calls", "list") == []


def test_a_device_file_holds_the_key_for_its_owner_only(site: Site) -> None:
    file = site.folder / "k1.json"
    device = json.loads(file.read_text())
    assert device["device"] == "K1" and len(bytes.fromhex(device["key"])) == 16
    assert file.stat().st_mode & 0o077 == 0
    assert device["key"] not in site.ok("handset", "list", "--json")


def test_tables_for_people(site: Site) -> None:
    assert site.ok("contact", "list", "1001").splitlines()[1].split() == ["+12025550123", "Mother", "approved", "social"]
    assert site.ok("calls", "list") == "No call yet.\n"


def test_a_payment_is_taken_once(site: Site) -> None:
    deposit = ("account", "deposit", "3.15", "--inmate", "1001", "--reference", "kiosk-7")
    assert site.json(*deposit)["balance_micros"] == site.json(*deposit)["balance_micros"] == 3_150_000


def test_blocks(site: Site) -> None:
    assert site.json("number", "block", "2025550166", "--note", "victim")["changed"] is True
    assert site.json("number", "block", "2025550166", "--note", "victim")["changed"] is False
    assert site.json("number", "unblock", "2025550166")["lifted"] == 1


def test_a_new_pin(site: Site) -> None:
    assert "4444" not in site.ok("inmate", "set-pin", "1001", "--pin-stdin", stdin="4444\n")


def test_one_decision(site: Site, tmp_path: Path) -> None:
    scenario = {"profile": "ct-doc", "at": "2026-03-02T05:59:30-05:00", "number": "+12025550123", "billing": "collect",
                "facility": {"timezone": "America/New_York"},
                "inmate": {"id": "1", "contacts": [{"number": "+12025550123"}]}}  # fmt: skip
    file = tmp_path / "case.json"
    file.write_text(json.dumps(scenario))
    from_file = site.json("rules", "decide", str(file))
    assert from_file["deny"]["rule"] == "hours"
    assert from_file == site.json("rules", "decide", "-", stdin=json.dumps(scenario))
    assert site.ok("rules", "decide", str(file)).startswith("Denied by the rule hours.")


def test_a_prompt_as_a_file(site: Site, tmp_path: Path) -> None:
    site.ok("prompts", "say", "time_over", "--out", str(tmp_path / "a.wav"), "--language", "es")
    assert (tmp_path / "a.wav").read_bytes()[:4] == b"RIFF"


def test_init_again_keeps_everything(site: Site) -> None:
    before = site.config.read_text()
    assert site.ok("init", str(site.folder), "--facility", "other").startswith("Kept")
    assert site.config.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("contact", "add", "1001", "911"), "'911' is not a telephone number; write it as dialled"),
        (("contact", "add", "1001", "2025550123"), "exists already"),
        (("contact", "list", "9"), "inmate '9' of north does not exist"),
        (("inmate", "set-pin", "1001"), "--pin-stdin"),
        (("inmate", "add", "1001", "--name", "X", "--no-pin"), "exists already"),
        (("facility", "add", "x", "--name", "X", "--timezone", "Mars/Base"), "not a time zone; write for example"),
        (("facility", "add", "x", "--name", "X", "--timezone", "UTC", "--profile", "moon"), "known profiles: bop"),
        (("facility", "add-unit", "B3", "--window", "9-10"), "not a time of day"),
        (("account", "deposit", "ten", "--inmate", "1001", "--reference", "r"), "not an amount of dollars"),
        (("account", "deposit", "0", "--inmate", "1001", "--reference", "r"), "above zero"),
        (("account", "balance"), "name one account"),
        (("handset", "add", "--device-file", "/nowhere/x.json"), "name the DEVICE"),
        (("handset", "add", "K9", "--device-file", "/nowhere/x.json"), "cannot be written"),
        (("calls", "show", "99"), "call 99 does not exist"),
        (("rules", "decide", "/nowhere.json"), "cannot be read"),
        (("prompts", "say", "time_over", "--out", "/nowhere/a.wav"), "cannot be written"),
        (("config", "check", "--config", "/nowhere.toml"), "name another file with --config"),
    ],
)
def test_a_refusal_is_one_line_with_the_next_step(site: Site, arguments: tuple[str, ...], said: str) -> None:
    assert said in site.refused(*arguments)


@pytest.mark.parametrize("own", ["", 'profile = "generic"\n'])
def test_keys_that_clash_with_the_profiles_are_told_before_anybody_is_served(site: Site, own: str) -> None:
    """The facility's own profile is known from the database."""
    file = site.folder / "clash.toml"
    handset = '[[handset]]\ndevice_id = "K1"\nport = "/dev/null"\n'
    file.write_text(f'{site.config.read_text()}{handset}[calls]\n{own}[calls.acceptance]\naccept = "2"\n')
    line = site.refused("config", "check", "--config", str(file))
    profile = "generic" if own else "ct-doc"
    assert f"{file}: calls.acceptance" in line and f"profile {profile}" in line and "choose another digit" in line


@pytest.mark.parametrize("pin", ["12", "abcd", ""])
def test_a_malformed_pin_is_not_repeated(site: Site, pin: str) -> None:
    line = site.refused("inmate", "set-pin", "1001", "--pin-stdin", stdin=f"{pin}\n")
    assert "four to eight digits" in line and (not pin or pin not in line)


def test_a_locked_database_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.1)
    other = sqlite3.connect(site.folder / "data" / "kinline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    line = site.refused("inmate", "status", "1001", "active")
    other.close()
    assert "kinline.db: another program holds the database" in line


# What these give is not an object: a service that runs, or sound.
WITHOUT_JSON = ("console", "daemon", "listen", "barge", "play")


def _verbs(group: TyperGroup, path: str = "kinline") -> Iterator[tuple[str, TyperCommand]]:
    for name, part in group.commands.items():
        real = part.real() if isinstance(part, Later) else part
        if isinstance(real, TyperGroup):
            yield from _verbs(real, f"{path} {name}")
        else:
            assert isinstance(real, TyperCommand)
            yield f"{path} {name}", real


def test_every_verb_says_what_it_does_and_speaks_json() -> None:
    verbs = dict(_verbs(get_group(app)))
    assert {"kinline daemon", "kinline calls list", "kinline tech rollback", "kinline inmate issue-pin"} <= verbs.keys()
    for path, verb in verbs.items():
        assert verb.help and verb.help.splitlines()[0].endswith("."), path
        assert any(option.name == "as_json" for option in verb.params) or path.split()[-1] in WITHOUT_JSON, path
