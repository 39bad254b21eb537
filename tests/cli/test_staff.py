"""Staff on the command line, and acting as one of them."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.test_cli import Site

TOKEN = re.compile(r"kinline_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("staffed"))
    made.ok("init", str(made.folder), "--facility", "north")
    for code in ("north", "south"):
        made.ok("facility", "add", code, "--name", code, "--timezone", "America/New_York")
    made.ok("inmate", "add", "1001", "--name", "Ann Example", "--no-pin")
    made.ok("staff", "add", "casey", "--role", "counselor", "--facility", "north")
    made.ok("staff", "add", "lee", "--role", "legal", "--role", "investigator")
    return made


def test_the_token_is_shown_once(staffed: Site) -> None:
    told = staffed.ok("staff", "add", "robin", "--role", "technician", "--days", "7")
    assert TOKEN.fullmatch(told.splitlines()[-1]) and "shown this once" in told
    token = staffed.json("staff", "renew", "robin")["token"]
    assert TOKEN.fullmatch(token) and token not in told
    kept = b"".join(file.read_bytes() for file in (staffed.folder / "data").glob("kinline.db*"))
    assert token.split("_", 2)[2].encode() not in kept
    assert not TOKEN.search(staffed.ok("staff", "list", "--json") + staffed.ok("audit", "list", "--json"))


def test_they_are_listed_with_their_rights(staffed: Site) -> None:
    found = {line["name"]: (line["roles"], line["facility"]) for line in staffed.json("staff", "list")}
    assert found["casey"] == (["counselor"], "north") and found["lee"] == (["legal", "investigator"], None)


def test_acting_as_one_has_their_rights_only(staffed: Site) -> None:
    add = ("contact", "add", "1001", "2025550123")
    assert "contact.add is for counselor or supervisor; lee" in staffed.refused(*add, "--as", "lee")
    assert "works at facility north only" in staffed.refused(*add, "--facility", "south", "--as", "casey")
    staffed.ok(*add, "--as", "casey")
    deeds = staffed.json("audit", "list", "--limit", "3")
    assert [(deed["action"], deed["subject"]) for deed in deeds] == [
        ("contact.add", "north/1001/+12025550123"), ("refused", "contact.add"), ("refused", "contact.add"),
    ]  # fmt: skip
    assert deeds[0]["actor"].startswith("casey (through ")
    assert staffed.json("staff", "whoami", "--as", "casey")["roles"] == ["counselor"]


def test_staff_is_kept_by_whoever_has_the_host(staffed: Site) -> None:
    assert "host's own command line" in staffed.refused("staff", "add", "x", "--role", "auditor", "--as", "casey")


def test_who_is_revoked_can_not_be_acted_as(staffed: Site) -> None:
    staffed.ok("staff", "add", "kit", "--role", "technician")
    assert staffed.ok("staff", "revoke", "kit") == "The token of kit ended.\n"
    assert staffed.ok("staff", "revoke", "kit") == "The token of kit had ended already.\n"
    assert "renew it: kinline staff renew kit" in staffed.refused("handset", "list", "--as", "kit")
    staffed.ok("staff", "renew", "kit")
    staffed.ok("handset", "list", "--as", "kit")


def test_other_rights(staffed: Site) -> None:
    staffed.ok("staff", "add", "jo", "--role", "technician")
    assert staffed.ok("staff", "change", "jo", "--role", "auditor") == "jo is auditor at every facility.\n"
    assert "changes nothing" not in staffed.ok("audit", "verify", "--as", "jo")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "casey", "--role", "legal"), "exists already; choose another name, or renew"),
        (("add", "sam", "--role", "warden"), "--role: input should be 'counselor', 'supervisor'"),
        (("add", "sam", "--role", "auditor", "--role", "technician"), "nobody audits their own work"),
        (("add", "sam", "--role", "legal", "--facility", "moon"), "facility 'moon' does not exist"),
        (("add", "sam@#", "--role", "legal"), "NAME: 'sam@#' is not a staff name"),
        (("add", "sam", "--role", "legal", "--days", "0"), "--days"),
        (("revoke", "nobody"), "staff 'nobody' does not exist"),
        (("renew", "nobody"), "staff 'nobody' does not exist"),
        (("whoami", "--as", "nobody"), "staff 'nobody' does not exist"),
    ],
)
def test_what_cannot_be(staffed: Site, arguments: tuple[str, ...], said: str) -> None:
    assert said in staffed.refused("staff", *arguments)


class TestAuditHead:
    def test_a_kept_head_is_found_while_the_log_grows(self, staffed: Site) -> None:
        head = staffed.json("audit", "head")
        staffed.ok("inmate", "status", "1001", "active")
        assert staffed.json("audit", "verify", "--head", head["hash"])["head_found"] is True
        assert staffed.json("audit", "head")["rows"] == head["rows"] + 1

    def test_one_that_is_not_there_is_an_error(self, staffed: Site) -> None:
        done = staffed.run("audit", "verify", "--head", "0" * 63 + "1")
        assert done.returncode == 1 and "cut short or written anew" in done.stdout
        assert "`audit head` prints them" in staffed.refused("audit", "verify", "--head", "last")


def test_the_api_is_documented_without_a_site(tmp_path: Path) -> None:
    document = json.loads(Site(tmp_path).ok("api", "document"))
    assert document["openapi"].startswith("3.") and "/api/contact/add" in document["paths"]


@pytest.mark.parametrize(
    ("arguments", "said"), [(("--bind", "everywhere"), "not an IP address"), (("--config", "/nowhere.toml"), "cannot be read")]
)
def test_a_console_that_cannot_start(staffed: Site, arguments: tuple[str, ...], said: str) -> None:
    assert said in staffed.refused("console", "--port", "8080", *arguments)
