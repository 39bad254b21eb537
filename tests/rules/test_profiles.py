"""Profiles: those that come with Kinline, a site's own, and broken ones."""

from pathlib import Path

import pytest

from kinline.profiles import load_profile, profile_names
from kinline.rules import ProfileError


@pytest.mark.parametrize("name", profile_names())
def test_shipped_profiles_load_and_say_where_rules_come_from(name: str) -> None:
    profile = load_profile(name)
    rules = (profile.call_length, profile.rate, profile.contact_list, profile.numbers, profile.recording, profile.paying)
    assert all(rule.source for rule in rules)


def test_connecticut_as_published() -> None:
    profile = load_profile("ct-doc")
    assert profile.call_length.seconds == 900
    assert [str(window) for window in profile.hours.windows] == ["06:00-23:00"] if profile.hours else False
    assert (profile.contact_list.maximum, profile.contact_list.change_every_days) == (10, 30)
    assert profile.rate.micros_per_minute * 15 == 3_150_000


def test_a_sites_own_profile_extends_and_replaces_whole_rules(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(
        'extends = "ct-doc"\ntitle = "Ours"\nversion = 2\n'
        '[call_length]\nseconds = 600\nsource = "warden"\neffective = 2026-01-01\n'
    )
    profile = load_profile("ours", tmp_path)
    assert (profile.call_length.seconds, profile.call_length.source) == (600, "warden")
    assert profile.hours == load_profile("ct-doc").hours
    assert "ours" in profile_names(tmp_path)


RULE = 'source = "s"\neffective = 2026-01-01\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = [", "not readable as TOML"),
        ('extends = "nowhere"', "'nowhere' does not exist"),
        ('extends = "broken"', "loop"),
        ("extends = 7", "write the parent's name"),
        (f'extends = "generic"\ntitle = "T"\nversion = 1\n[call_length]\nseconds = 0\n{RULE}', "call_length.seconds"),
        (f'extends = "generic"\ntitle = "T"\nversion = 1\n[call_length]\nseconds = 9\ncolor = 1\n{RULE}', "call_length.color"),
        (f'extends = "generic"\ntitle = "T"\nversion = 1\n[hours]\nwindows = [["09:00", "08:00"]]\n{RULE}', "empty"),
        ('extends = "generic"\ntitle = "T"\nversion = 1\n[call_length]\nseconds = 9', "call_length.source"),
    ],
)
def test_a_broken_profile_names_the_place(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "broken.toml").write_text(text)
    with pytest.raises(ProfileError, match=said.replace("[", r"\[")) as caught:
        load_profile("broken", tmp_path)
    assert "broken" in str(caught.value) or "nowhere" in str(caught.value)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "CT", "a.b"])
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(ProfileError, match="lower-case letters"):
        load_profile(name)
