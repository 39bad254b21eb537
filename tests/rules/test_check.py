"""`rules check`: every error is found, at its line and column, with what to write instead."""

import json
import tomllib
from datetime import date
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinline.cli.main import app
from kinline.profiles import FileError, load_profile, price_caps, profile_names
from kinline.rulecheck import Finding, Report, check_profile
from kinline.rulecheck.places import Place, Places
from kinline.rules import ProfileError
from kinline.rules.caps import Service
from kinline.rules.schema import profile_schema

TODAY = Service(day=date(2026, 5, 1))
HEAD = 'extends = "generic"\ntitle = "Ours"\nversion = 1\n'
RULE = 'source = "s"\neffective = 2026-01-01\n'


def check(folder: Path, text: str, service: Service = TODAY) -> Report:
    file = folder / "ours.toml"
    file.write_text(text, encoding="utf-8")
    return check_profile(str(file), service)


def errors(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.level == "error"]


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_are_in_order(name: str) -> None:
    report = check_profile(name, TODAY)
    assert report.in_order, report.findings
    assert check_profile(str(Path(report.files[0])), TODAY).in_order


# Text, and the line, column and words of the one error in it. Lines of HEAD are 1 to 3.
WRONG = {
    "unknown table": (f"{HEAD}[colour]\nx = 1\n", 4, 1, "unknown key colour"),
    "unknown key": (f"{HEAD}[call_length]\nsecond = 3\nseconds = 300\n{RULE}", 5, 1, "did you mean seconds?"),
    "unknown key of a list": (f"{HEAD}[[gaps]]\nseconds = 3\nform = 'end'\n{RULE}", 6, 1, "did you mean from?"),
    "unknown class": (f"{HEAD}[call_length]\nseconds = 300\nclasses = {{ friend = 3 }}\n{RULE}", 6, 13, '"friend" is not known'),
    "text for a number": (f'{HEAD}[call_length]\nseconds = "300"\n{RULE}', 5, 11, "write a whole number"),
    "a fraction": (f"{HEAD}[call_length]\nseconds = 300.5\n{RULE}", 5, 11, "whole number"),
    "true for a number": (f"{HEAD}[call_length]\nseconds = true\n{RULE}", 5, 11, "true is of the wrong type"),
    "negative money": (f"{HEAD}[rate]\nmicros_per_minute = -1\n{RULE}", 5, 21, "too small"),
    "huge money": (f"{HEAD}[rate]\nmicros_per_minute = {10**18}\n{RULE}", 5, 21, "too large"),
    "no source": (f"{HEAD}[call_length]\nseconds = 300\neffective = 2026-01-01\n", 4, 1, "no source"),
    "empty source": (f'{HEAD}[call_length]\nseconds = 300\nsource = ""\neffective = 2026-01-01\n', 6, 10, "say in a few words"),
    "no date": (f'{HEAD}[call_length]\nseconds = 300\nsource = "s"\n', 4, 1, "no effective date"),
    "a date that is none": (f'{HEAD}[call_length]\nseconds = 300\nsource = "s"\neffective = "soon"\n', 7, 13, "write a date"),
    "unknown period": (f'{HEAD}[[calls]]\nperiod = "year"\nmost = 3\n{RULE}', 5, 10, '"year" is not known here'),
    "a time no clock shows": (f'{HEAD}[hours]\nwindows = [["06:00", "25:00"]]\n{RULE}', 5, 12, "'25:00' is not a time of day"),
    "an hour without its zero": (f'{HEAD}[hours]\nwindows = [["6:00", "9:00"]]\n{RULE}', 5, 12, "write HH:MM"),
    "an empty window": (f'{HEAD}[hours]\nwindows = [["06:00", "06:00"]]\n{RULE}', 5, 12, "is empty"),
    "a window past midnight": (f'{HEAD}[hours]\nwindows = [["22:00", "02:00"]]\n{RULE}', 5, 12, "split a night window"),
    "no window": (f"{HEAD}[hours]\nwindows = []\n{RULE}", 5, 11, "nobody could ever call"),
    "overlapping windows": (
        f'{HEAD}[hours]\nwindows = [\n    ["06:00", "12:00"],\n    ["11:59", "13:00"],\n]\n{RULE}', 7, 5, "overlaps 06:00-12:00"
    ),
    "a window twice": (f'{HEAD}[hours]\nwindows = [["06:00", "12:00"], ["06:00", "12:00"]]\n{RULE}', 5, 32, "is there twice"),
    "longer than the hours": (
        f'{HEAD}[hours]\nwindows = [["06:00", "06:10"]]\n{RULE}[call_length]\nseconds = 900\n{RULE}', 9, 11, "widest window"
    ),
    "longer than the month": (f'{HEAD}[[minutes]]\nperiod = "month"\nmost = 10\n{RULE}', 6, 8, "has 10 min in all"),
    "reset day 31": (f'{HEAD}[[minutes]]\nperiod = "month"\nmost = 300\nreset_day = 31\n{RULE}', 7, 13, "the most is 28"),
    "an eighth weekday": (f'{HEAD}[[minutes]]\nperiod = "week"\nmost = 300\nreset_day = 8\n{RULE}', 7, 13, "1 (Monday)"),
    "a day's reset day": (f'{HEAD}[[minutes]]\nperiod = "day"\nmost = 300\nreset_day = 2\n{RULE}', 7, 13, "no reset day"),
    "more than a day": (f'{HEAD}[[minutes]]\nperiod = "day"\nmost = 1441\n{RULE}', 6, 8, "more than a day has"),
    "30 February": (
        f'{HEAD}[[minutes]]\nperiod = "month"\nmost = 300\nbonuses = [{{ from = "02-30", until = "03-01", more = 1 }}]\n{RULE}',
        7, 21, "no year has a day 02-30",
    ),
    "one rule twice": (
        f'{HEAD}[[calls]]\nperiod = "day"\nmost = 3\n{RULE}[[calls]]\nperiod = "day"\nmost = 2\n{RULE}', 9, 1, "keep one"
    ),
    "a rule for nobody": (f'{HEAD}[[calls]]\nperiod = "day"\nmost = 3\nclasses = []\n{RULE}', 7, 11, "would bind no number"),
    "one key, two meanings": (f'{HEAD}[acceptance]\naccept = "1"\nrefuse = "1"\n{RULE}', 6, 10, "already means accept"),
    "no key of a telephone": (f'{HEAD}[acceptance]\naccept = "A"\n{RULE}', 5, 10, "one key of a telephone"),
    "a grant that never is": (
        f"{HEAD}[rate]\nmicros_per_minute = 1\nsmallest_grant_seconds = 901\n{RULE}", 6, 26, "above the call length"
    ),
    "a change window without a list": (
        f"{HEAD}[contact_list]\nrequired = false\nchange_every_days = 30\n{RULE}", 6, 21, "no list to bound"
    ),
    "a number that is none": (f'{HEAD}[caller_id]\nnumber = "8665550123"\n{RULE}', 5, 10, "E.164"),
    "a named number that is none": (
        f'{HEAD}[[named_numbers]]\nnumber = "911"\nlabel = "x"\nclass = "free"\n{RULE}', 5, 10, "E.164"
    ),
    "a floor of nothing": (f'{HEAD}[[floors]]\nperiod = "day"\nbeats = ["gap"]\n{RULE}', 4, 1, "write one of them"),
    "a floor without force": (f'{HEAD}[[floors]]\nperiod = "day"\ncalls = 1\nbeats = []\n{RULE}', 7, 9, "guarantees nothing"),
    "a floor above the call": (
        f'{HEAD}[[floors]]\nperiod = "day"\ncalls = 1\nseconds = 901\nbeats = ["gap"]\n{RULE}', 7, 11, "raise that"
    ),
    "no way of paying": (f'{HEAD}[paying]\nmethods = ["credit_card"]\n{RULE}', 5, 12, '"credit_card" is not known here'),
    "nothing to pay with": (f"{HEAD}[paying]\nmethods = []\n{RULE}", 5, 11, "nothing is open to pay with"),
    "a way that the line lacks": (
        f'{HEAD}[paying]\nmethods = ["prepaid"]\ncell = ["prepaid", "debit"]\n{RULE}', 6, 20, "debit is not one of"
    ),
    "a wait after nothing": (f"{HEAD}[[gaps]]\nseconds = 60\noutcomes = []\n{RULE}", 6, 12, "follow no call"),
    "an unknown parent": ('title = "O"\nversion = 1\nextends = "nowhere"\n', 3, 11, "does not exist"),
    "a parent that is no name": ("extends = 7\n", 1, 11, "write the parent's name"),
    "its own parent": ('version = 1\nextends = "ours"\n', 2, 11, "in a loop, ours -> ours"),
    "broken TOML": ("title = [\n", 1, 1, "not readable as TOML"),
    "broken TOML further down": (f"{HEAD}[call_length]\nseconds = = 3\n", 5, 11, "not readable as TOML"),
    "a key twice": ('title = "a"\ntitle = "b"\n', 2, 12, "not readable as TOML"),
}  # fmt: skip


# Of two rules that do not fit each other the stricter one holds, so the profile can be used.
USABLE = {"longer than the hours", "longer than the month", "a grant that never is"}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_error_has_its_place_and_next_step(tmp_path: Path, wrong: str) -> None:
    text, line, column, said = WRONG[wrong]
    report = check(tmp_path, text)
    assert [(error.line, error.column) for error in errors(report)] == [(line, column)], report.findings
    assert said in errors(report)[0].text
    assert errors(report)[0].file == str(tmp_path / "ours.toml")
    if wrong in USABLE:
        assert load_profile("ours", tmp_path)
    else:
        with pytest.raises(ProfileError):
            load_profile("ours", tmp_path)


def test_a_warning_that_nobody_hears_is_a_note(tmp_path: Path) -> None:
    report = check(tmp_path, f"{HEAD}[call_length]\nseconds = 30\n{RULE}")
    assert report.in_order and [finding.key for finding in report.findings] == ["announcements.warning_seconds.0"]
    assert load_profile("ours", tmp_path).call_length.seconds == 30


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    windows = '[hours]\nwindows = [["06:00", "12:00"], ["11:00", "13:00"]]\n'
    length, price = '[call_length]\nseconds = "9"\n', "[rate]\nmicros_per_minute = 900000\n"
    report = check(tmp_path, f"{HEAD}colour = 1\n{windows}{RULE}{length}{RULE}{price}{RULE}")
    assert [(error.line, error.key) for error in errors(report)] == [
        (4, "colour"), (6, "hours.windows.1"), (10, "call_length.seconds"), (14, "rate.micros_per_minute")
    ]  # fmt: skip


def test_an_inherited_rule_names_the_parents_file(tmp_path: Path) -> None:
    (tmp_path / "parent.toml").write_text(f"{HEAD}[rate]\nmicros_per_minute = 500000\n{RULE}")
    report = check(tmp_path, 'extends = "parent"\ntitle = "Ours"\nversion = 1\n')
    assert [(Path(error.file).name, error.line) for error in errors(report)] == [("parent.toml", 5)]


def test_a_broken_parent_names_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "parent.toml").write_text("version = \n")
    report = check(tmp_path, 'extends = "parent"\n')
    assert [(Path(error.file).name, error.line) for error in errors(report)] == [("parent.toml", 1)]


def test_columns_count_characters(tmp_path: Path) -> None:
    report = check(tmp_path, f'{HEAD}[call_length]\n"seconds" = 300\nsource = "Señor Ñandú"  # ünïcode\neffective = 3\n')
    assert [(error.line, error.column) for error in errors(report)] == [(7, 13)]
    report = check(tmp_path, f'{HEAD}call_length = {{ source = "ñññ", effective = 2026-01-01, seconds = 0 }}\n')
    assert [(error.line, error.column) for error in errors(report)] == [(4, 67)]


@pytest.mark.parametrize("content", [b"\xff\xfea\x00", b"title = '\xe9'"])
def test_what_is_no_text_cannot_be_checked(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ours.toml").write_bytes(content)
    with pytest.raises(FileError, match="UTF-8"):
        check_profile(str(tmp_path / "ours.toml"), TODAY)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert check(tmp_path, f"\ufeff{HEAD}").in_order


class TestCaps:
    PRICED = f"{HEAD}[rate]\nmicros_per_minute = %d\n{RULE}"

    def test_above_every_cap_needs_no_knowledge_of_the_facility(self, tmp_path: Path) -> None:
        [error] = errors(check(tmp_path, self.PRICED % 190_001))
        assert (error.line, error.column) == (5, 21)
        assert "$0.19" in error.text and "FCC 25-75" in error.text and "2026-04-06" in error.text

    def test_between_caps_is_only_a_note(self, tmp_path: Path) -> None:
        report = check(tmp_path, self.PRICED % 120_000)
        assert report.in_order and [finding.level for finding in report.findings] == ["note"]

    def test_the_facility_decides(self, tmp_path: Path) -> None:
        text = self.PRICED % 120_000
        assert not check(tmp_path, text, Service(day=TODAY.day, kind="prison")).in_order
        assert check(tmp_path, text, Service(day=TODAY.day, kind="jail", population=500)).in_order
        assert not check(tmp_path, text, Service(day=TODAY.day, kind="jail", population=2000)).in_order

    @pytest.mark.parametrize(("population", "least_cap"), [(49, 190), (50, 150), (99, 150), (100, 130), (999, 120), (1000, 100)])
    def test_both_ends_of_a_population_belong_to_its_cap(self, tmp_path: Path, population: int, least_cap: int) -> None:
        service = Service(day=TODAY.day, kind="jail", population=population)
        assert check(tmp_path, self.PRICED % (least_cap * 1000), service).in_order
        assert not check(tmp_path, self.PRICED % (least_cap * 1000 + 1), service).in_order

    def test_a_price_for_one_class_counts_too(self, tmp_path: Path) -> None:
        report = check(tmp_path, f"{HEAD}[rate]\nmicros_per_minute = 1\nclasses = {{ relay = 200000 }}\n{RULE}")
        assert [(error.line, error.column) for error in errors(report)] == [(6, 21)]

    def test_a_historic_price_is_a_note_until_it_is_put_into_service(self, tmp_path: Path) -> None:
        report = check_profile("ct-doc", TODAY)
        assert report.in_order and "$0.21" in report.findings[0].text
        assert not check_profile("ct-doc", TODAY, in_service=True).in_order
        assert not check(tmp_path, 'extends = "ct-doc"\ntitle = "Ours"\nversion = 1\n').in_order

    def test_a_facility_without_a_known_cap_is_told_so(self, tmp_path: Path) -> None:
        report = check(tmp_path, self.PRICED % 500_000, Service(day=TODAY.day, kind="juvenile"))
        assert report.in_order and "no price cap for juvenile facilities" in report.findings[0].text
        assert not check(tmp_path, self.PRICED % 0, Service(day=TODAY.day, kind="juvenile")).findings

    def test_every_table_is_dated_and_sourced(self) -> None:
        for table in price_caps():
            assert table.source and table.url.startswith("http") and table.caps
            assert table.last_day is None or table.first_day <= table.last_day

    def test_jail_sizes_leave_no_hole(self) -> None:
        for table in price_caps():
            jails = sorted((cap for cap in table.caps if cap.facility == "jail"), key=lambda cap: cap.least_population)
            assert [cap.least_population for cap in jails] == [0, *((cap.most_population or 0) + 1 for cap in jails[:-1])]
            assert jails[-1].most_population is None


class TestCommand:
    def run(self, *words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["rules", "check", *words])
        return answer.exit_code, answer.output

    def test_in_order(self) -> None:
        code, said = self.run("bop")
        assert code == 0 and "bop: in order" in said

    def test_errors(self, tmp_path: Path) -> None:
        file = tmp_path / "ours.toml"
        file.write_text(f"{HEAD}[rate]\nmicros_per_minute = 900000\n{RULE}")
        code, said = self.run(str(file))
        assert code == 1 and f"{file}:5:21: error: rate.micros_per_minute: $0.90" in said and "1 error." in said

    def test_json(self, tmp_path: Path) -> None:
        file = tmp_path / "ours.toml"
        file.write_text(f"{HEAD}colour = 1\n")
        code, said = self.run(str(file), "--json")
        data = json.loads(said)
        assert code == 1 and data["in_order"] is False
        assert data["findings"][0] | {"text": ""} == {
            "file": str(file), "line": 4, "column": 1, "key": "colour", "text": "", "level": "error"
        }  # fmt: skip

    @pytest.mark.parametrize(("day", "code"), [("2026-04-05", 0), ("2026-04-06", 1)])
    def test_the_day_of_service(self, day: str, code: int) -> None:
        assert self.run("ct-doc", "--at", day)[0] == code

    def test_kind_population_and_state(self) -> None:
        assert self.run("generic", "--facility-kind", "prison", "--at", "2026-05-01")[0] == 0
        assert self.run("ct-doc", "--facility-kind", "jail", "--population", "40", "--state", "mo", "--at", "2025-09-01")[0] == 1

    def test_a_sites_own_profile_by_its_name(self, tmp_path: Path) -> None:
        (tmp_path / "ours.toml").write_text('extends = "ct-doc"\ntitle = "Ours"\nversion = 1\n')
        assert self.run("ours", "--profiles", str(tmp_path))[0] == 1

    @pytest.mark.parametrize("target", ["nowhere", "no/such/file.toml", "../no/such/profile"])
    def test_nothing_to_check(self, target: str) -> None:
        answer = CliRunner().invoke(app, ["rules", "check", target])
        assert answer.exit_code != 0 and isinstance(answer.exception, FileError)


class TestSchema:
    def test_it_is_a_schema(self) -> None:
        jsonschema.Draft202012Validator.check_schema(profile_schema())

    @pytest.mark.parametrize("wrong", ["unknown table", "unknown key", "text for a number", "true for a number", "negative money",
                                       "no source", "empty source", "no date", "unknown period", "reset day 31",
                                       "no key of a telephone", "a number that is none", "a time no clock shows"])  # fmt: skip
    def test_it_refuses_what_the_model_refuses(self, wrong: str) -> None:
        tables = json.loads(json.dumps(tomllib.loads(WRONG[wrong][0]), default=str))
        assert not jsonschema.Draft202012Validator(profile_schema()).is_valid(tables)

    def test_a_file_that_extends_nothing_needs_every_rule(self) -> None:
        validator = jsonschema.Draft202012Validator(profile_schema())
        assert validator.is_valid({"extends": "generic", "title": "Ours", "version": 1})
        assert not validator.is_valid({"title": "Ours", "version": 1})


class TestPlaces:
    TEXT = 'a = 1\n[t]\nb.c = ["x", ["y"]]\n"d e" = { f = 2 }\n[[m]]\nx = 1\n[[m]]\n# note\nx = 2\n[m.sub]\ny = 3\n'

    @pytest.mark.parametrize(
        ("path", "place"),
        [
            (("a",), Place(1, 5)),
            (("t", "b", "c", 0), Place(3, 8)),
            (("t", "b", "c", 1, 0), Place(3, 14)),
            (("t", "d e", "f"), Place(4, 15)),
            (("m", 0, "x"), Place(6, 5)),
            (("m", 1, "x"), Place(9, 5)),
            (("m", 1, "sub", "y"), Place(11, 5)),
            (("m", 1, "nothing"), Place(7, 1)),
            (("nothing",), Place(1, 1)),
        ],
    )
    def test_a_value(self, path: tuple[str | int, ...], place: Place) -> None:
        assert Places(self.TEXT).value(path) == place

    def test_a_key(self) -> None:
        assert Places(self.TEXT).key(("t", "b", "c")) == Place(3, 1)

    @given(st.dictionaries(st.text("abc ñ", min_size=1, max_size=4), st.integers(0, 9) | st.text("xyü", max_size=4)))
    def test_every_value_is_found_where_it_stands(self, table: dict[str, int | str]) -> None:
        lines = [f"{_toml(key)} = {_toml(value)}\n" for key, value in table.items()]
        text = "".join(lines)
        assert tomllib.loads(text) == table
        for key, value in table.items():
            line, column = Places(text).value((key,))
            assert text.splitlines()[line - 1][column - 1 :] == _toml(value)


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


_LIKE_TOML = st.from_regex(r"(\[[a-z_]{1,12}\]\n|[a-z_]{1,12} = [0-9\"\[\]{}a-z.:-]{0,12}\n){1,8}", fullmatch=True)


@given(st.text(max_size=300) | _LIKE_TOML)
def test_no_text_breaks_the_check(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "any.toml"
    file.write_bytes(text.encode("utf-8", "replace"))
    try:
        report = check_profile(str(file), TODAY)
    except FileError:
        return
    lines = len(text.splitlines()) + 1
    assert all(1 <= finding.line <= lines and finding.column >= 1 and finding.text for finding in report.findings)
