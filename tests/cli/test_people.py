"""What staff do with people and places, by commands, from an empty database."""

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A facility under Connecticut's rules: lists of ten, changed once in thirty days; two inmates, one telephone."""
    made = Site(tmp_path)
    made.ok("init", str(tmp_path), "--facility", "north")
    made.ok("facility", "add", "north", "--name", "North", "--timezone", "America/New_York", "--profile", "ct-doc",
            "--pin-mode", "id+pin")  # fmt: skip
    made.ok("facility", "add-unit", "B2")
    made.ok("handset", "add", "K1", "--device-file", str(tmp_path / "k1.json"))
    for number in ("1001", "1002"):
        made.ok("inmate", "add", number, "--name", f"Inmate {number}", "--no-pin")
    return made


def sheet(site: Site, text: str | bytes, name: str = "sheet.csv") -> str:
    file = site.folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


def test_a_list_from_request_to_review(site: Site) -> None:
    assert site.json("contact", "request", "1001", "2025550150", "--label", "Sister")["status"] == "pending"
    assert [row["inmate"] for row in site.json("contact", "requests")] == ["1001"]
    assert site.ok("contact", "approve", "1001", "2025550150") == "+12025550150 on the list of 1001 is approved.\n"
    site.ok("contact", "dial", "1001", "2025550150", "--code", "1")
    assert site.json("contact", "remove", "1001", "2025550150", "--reason", "safety")["status"] == "removed"
    deeds = [(row["deed"], row["reason"]) for row in site.json("contact", "history", "1001")]
    assert deeds == [("requested", ""), ("approved", ""), ("removed", "safety")]
    assert "enter a new request" in site.refused("contact", "approve", "1001", "2025550150")


def test_a_victims_number(site: Site) -> None:
    site.ok("contact", "add", "1001", "2025550150")
    barred = site.json("number", "bar", "2025550150", "--kind", "victim", "--reference", "case 1", "--everywhere")
    assert barred == {"number": "+12025550150", "facility": None, "removed_from": ["north/1001"]}
    site.ok("contact", "request", "1002", "2025550150")
    assert site.json("contact", "approve", "1002", "2025550150")["status"] == "denied"
    assert site.json("number", "barred")[0]["kind"] == "victim"
    assert "register of barred numbers" in site.refused("contact", "add", "1002", "2025550150")
    site.ok("number", "unbar", "2025550150", "--reason", "an error", "--everywhere")
    assert site.json("number", "barred") == []


def test_counsel_by_arrangement_only(site: Site) -> None:
    assert "kinline counsel arrange" in site.refused("contact", "add", "1001", "2025550170", "--class", "privileged")
    arranged = ("counsel", "arrange", "1001", "2025550170", "--attorney", "L. Example", "--until", "2099-01-01T00:00:00Z")
    assert site.run(*arranged).returncode == 2
    number = site.json(*arranged, "--document", "file 12")["id"]
    assert site.json("counsel", "list", "1001")[0]["document"] == "file 12"
    site.ok("counsel", "withdraw", str(number), "--reason", "left the case")
    assert "ended already" in site.refused("counsel", "withdraw", str(number), "--reason", "again")


def test_restrictions_and_what_covers_counsel(site: Site) -> None:
    added = site.json("restriction", "add", "--inmate", "1001", "--kind", "sanction", "--reason", "report 1",
                      "--until", "2099-01-01T00:00:00Z")  # fmt: skip
    found = site.json("counsel", "determine", str(added["id"]), "--ground", "threats", "--document", "memo 1")
    assert site.json("restriction", "list")[0]["counsel"] is True
    site.ok("counsel", "undetermine", str(found["id"]))
    assert site.json("restriction", "list")[0]["counsel"] is False
    site.ok("restriction", "lift", str(added["id"]), "--reason", "served")
    assert site.json("restriction", "list") == []
    assert site.json("restriction", "list", "--ended")[0]["lift_reason"] == "served"
    site.ok("facility", "suspend")
    assert site.json("facility", "list")[0]["suspended"] is True
    site.ok("facility", "resume")
    assert site.json("facility", "list")[0]["suspended"] is False


def test_places(site: Site) -> None:
    site.ok("facility", "limit", "--unit", "B2", "--window", "08:00-11:00", "--call-seconds", "600")
    assert site.json("facility", "units") == [{"name": "B2", "windows": ["08:00-11:00"], "call_seconds": 600, "recorded": True}]
    site.ok("facility", "change", "--name", "North Jail", "--local", "+1202")
    site.ok("handset", "change", "K1", "--unit", "B2", "--pin-mode", "none", "--in-service", "no")
    assert site.json("handset", "list")[0]["enabled"] is False
    assert "neither yes nor no" in site.refused("handset", "change", "K1", "--in-service", "maybe")
    assert "two inmates may have the same PIN" in site.refused("handset", "change", "K1", "--pin-mode", "pin")
    site.ok("line", "open", "2025550190", "--label", "Ombudsman", "--class", "free", "--source", "order 3", "--dial", "9")
    assert "2025550190" in site.ok("line", "list")
    site.ok("line", "close", "2025550190")
    site.ok("inmate", "move", "1001", "--unit", "B2")
    site.ok("inmate", "change", "1001", "--language", "es", "--custodial-parent", "yes")
    assert site.json("inmate", "list")[0] | {"unit": "B2", "language": "es"} == site.json("inmate", "list")[0]


def test_a_message(site: Site) -> None:
    left = site.json("message", "leave", "1001", "Please call your sister today.")
    assert site.json("message", "list", "1001")[0]["delivered_at"] is None
    site.ok("message", "withdraw", str(left["id"]))
    assert site.json("message", "list", "1001")[0]["withdrawn_at"]


def test_nobody_called(site: Site) -> None:
    asked = ("number", "callers", "2025550150", "--at", "2026-03-02T12:00:00-05:00")
    assert site.ok(*asked) == "Nobody called this number from here around that time.\n"
    site.ok("number", "stop", "1001", "2025550150", "--reference", "report 7")
    assert "2 0 2 5 5 5 0 1 5 0" in site.json("message", "list", "1001")[0]["text"]


class TestMadePins:
    def test_one_goes_into_a_file_of_its_owners(self, site: Site, tmp_path: Path) -> None:
        slip = tmp_path / "slip.txt"
        told = site.ok("inmate", "issue-pin", "1001", "--slip", str(slip))
        number, pin = slip.read_text().strip().split(",")
        assert number == "1001" and pin.isdigit() and pin not in told and slip.stat().st_mode & 0o077 == 0
        assert "name a new file" in site.refused("inmate", "issue-pin", "1001", "--slip", str(slip))
        assert slip.read_text().strip() == f"1001,{pin}"

    def test_what_fails_leaves_no_file(self, site: Site, tmp_path: Path) -> None:
        slip = tmp_path / "slip.txt"
        assert "does not exist" in site.refused("inmate", "issue-pin", "9", "--slip", str(slip))
        assert not slip.exists()

    def test_everyone_gets_one_by_pin_alone(self, site: Site, tmp_path: Path) -> None:
        slip = tmp_path / "slips.txt"
        done = site.json("facility", "set-pin-mode", "pin", "--slip", str(slip))
        lines = slip.read_text().splitlines()
        assert done["renewed"] == 2 and [line.split(",")[0] for line in lines] == ["1001", "1002"]
        assert not any(line.split(",")[1] in json.dumps(done) for line in lines)
        taken = lines[0].split(",")[1]
        refused = site.refused("inmate", "set-pin", "1002", "--pin-stdin", stdin=f"{taken}\n")
        assert "this PIN cannot be given" in refused and taken not in refused


class TestImports:
    def test_whole_sheets(self, site: Site) -> None:
        inmates = sheet(site, "number,name,unit\n2001,Ann Example,B2\n2002,Bo Example,\n")
        assert site.json("inmate", "import", inmates) == {"rows": 2}
        contacts = sheet(site, "inmate,number,label\n2001,2025550150,Sister\n2002,2025550150,\n")
        assert site.ok("contact", "import", contacts) == "Entered 2 contacts.\n"
        numbers = sheet(site, "number,kind,reference\n2025550150,victim,case 4\n")
        assert site.json("number", "import", numbers) == {"rows": 1, "removed_from": ["north/2001", "north/2002"]}
        assert [row["number"] for row in site.json("inmate", "list")] == ["1001", "1002", "2001", "2002"]

    def test_every_bad_line_is_a_line(self, site: Site) -> None:
        bad = sheet(site, "number,name,unit\n1001,Ann,\n2001,Bo,B9\n2002,Cy,B2\n")
        done = site.run("inmate", "import", bad)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.splitlines() == [
            "kinline: the sheet: line 2: number: inmate 1001 of north exists already; leave the line out",
            "kinline: the sheet: line 3: unit: there is no unit 'B9' in north; add it first, or check the spelling",
        ]
        assert len(site.json("inmate", "list")) == 2

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("number,name\n1,José\n".encode("utf-16"), "UTF-16"),
            ("number,name\n1,José\n".encode("latin-1"), "line 2: byte 0xe9 is not UTF-8"),
            (b"number;name\n1;Ann\n", "not separated by commas"),
            (b"", "the sheet is empty"),
        ],
    )
    def test_the_wrong_file(self, site: Site, content: bytes, said: str) -> None:
        assert said in site.refused("inmate", "import", sheet(site, content))


def test_what_is_changed_on_one_day_is_one_change(site: Site) -> None:
    site.ok("contact", "add", "1001", "2025550150")
    site.ok("contact", "withdraw", "1001", "2025550150")
    assert site.json("contact", "list", "1001")[0]["status"] == "removed"
