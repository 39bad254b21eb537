"""Tokens: who has one is known, who guesses is slowed down, who lost theirs is out."""

import string
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from kinline.console.throttle import FREE_MISSES, LONGEST_PAUSE, MEMORY, MOST_REMEMBERED, Throttle
from kinline.counters import counters
from tests.operations.site import House
from tests.store.site import NOON


def ask(house: House, header: str | None) -> Response:
    headers = {"Authorization": header} if header is not None else {}
    return house.client.get("/api/staff/whoami", headers=headers)


def _file(house: House) -> Path:
    return Path(house.address.removeprefix("sqlite:///"))


def with_token(house: House, token: str) -> Response:
    return ask(house, f"Bearer {token}")


def test_a_token_names_its_owner(house: House) -> None:
    sam = {"name": "sam", "roles": ["supervisor"], "facility": "south", "unit": None}
    assert with_token(house, house.tokens["sam"]).json() == sam


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic cm9vdDo=", "Bearer kinline_0_0", "Bearer x y"])
def test_without_a_token_nothing_is_told(house: House, header: str | None) -> None:
    answer = ask(house, header)
    assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer", answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_route_wants_one(house: House) -> None:
    for path, item in house.client.get("/openapi.json").json()["paths"].items():
        for method in item:
            assert house.client.request(method, path).status_code == 401, path
            # What is wrong with the request is not told to strangers.
            assert house.client.request(method, path, params={"x": "1"}).status_code == 401, path


@pytest.mark.parametrize("at", [8, 9, 24, 30, 60])
def test_one_changed_letter_and_it_is_wrong(house: House, at: int) -> None:
    token = house.tokens["sam"]
    other = "b" if token[at] == "a" else "a"
    assert with_token(house, token[:at] + other + token[at + 1 :]).status_code == 401


def test_another_ones_id_with_ones_own_secret(house: House) -> None:
    name, number, _ = house.tokens["supervisor"].split("_", 2)
    secret = house.tokens["terry"].split("_", 2)[2]
    assert with_token(house, f"{name}_{number}_{secret}").status_code == 401


def test_it_ends_when_it_was_to_end(house: House) -> None:
    token = house.store.renew_token("terry", NOON + timedelta(days=1), "tests", NOON).text()
    house.clock.at = NOON + timedelta(hours=23, minutes=59)
    assert with_token(house, token).status_code == 200
    house.clock.at = NOON + timedelta(days=1)
    assert with_token(house, token).status_code == 401


def test_revoking_and_renewing_end_it_at_once(house: House) -> None:
    assert house.store.revoke_staff("terry", "tests", NOON) is True
    assert house.store.revoke_staff("terry", "tests", NOON) is False
    assert with_token(house, house.tokens["terry"]).status_code == 401
    fresh = house.store.renew_token("terry", NOON + timedelta(days=1), "tests", NOON).text()
    assert with_token(house, house.tokens["terry"]).status_code == 401
    assert with_token(house, fresh).status_code == 200


def test_other_roles_hold_from_the_next_request(house: House) -> None:
    house.store.change_staff("terry", ["auditor"], None, "tests", NOON)
    assert with_token(house, house.tokens["terry"]).json()["roles"] == ["auditor"]


class TestGuessing:
    def test_is_slowed_down_and_counted(self, house: House) -> None:
        wrong = house.tokens["sam"][:-1] + "!"
        before = counters.value("api_throttled")
        codes = [with_token(house, wrong).status_code for _ in range(FREE_MISSES + 1)]
        assert codes == [401] * FREE_MISSES + [429]
        assert counters.value("api_throttled") == before + 1
        answer = with_token(house, wrong)
        assert int(answer.headers["retry-after"]) > 0 and "wait" in answer.json()["detail"]

    def test_locks_no_colleague_out(self, house: House) -> None:
        for _ in range(FREE_MISSES + 3):
            with_token(house, "kinline_0123456789abcdef_" + "x" * 43)
        assert with_token(house, house.tokens["sam"]).status_code == 200

    def test_even_the_right_token_waits_after_guesses_at_it(self, house: House) -> None:
        token = house.tokens["sam"]
        wrong = token[:-1] + ("b" if token[-1] == "a" else "a")
        for _ in range(FREE_MISSES):
            with_token(house, wrong)
        assert with_token(house, token).status_code == 429
        house.clock.at += timedelta(seconds=3)
        assert with_token(house, token).status_code == 200
        assert with_token(house, wrong).status_code == 401

    def test_pauses_grow_and_end(self) -> None:
        throttle, at, pauses = Throttle(), NOON, []
        for _ in range(20):
            throttle.missed("x", at)
            pauses.append(throttle.pause("x", at))
            at += pauses[-1]
            assert not throttle.pause("x", at)
        assert pauses[: FREE_MISSES - 1] == [timedelta()] * (FREE_MISSES - 1)
        assert pauses == sorted(pauses) and pauses[-1] == LONGEST_PAUSE
        throttle.missed("x", at + MEMORY + LONGEST_PAUSE)
        assert not throttle.pause("x", at + MEMORY + LONGEST_PAUSE)

    def test_remembers_only_so_many(self) -> None:
        throttle = Throttle()
        for number in range(MOST_REMEMBERED + 10):
            throttle.missed(str(number), NOON)
        assert len(throttle._rows) == MOST_REMEMBERED

    @given(st.text(alphabet=string.printable, max_size=120))
    def test_whatever_is_sent_is_no_token(self, text: str) -> None:
        from kinline.accounts.tokens import read_token

        assert read_token(text) is None


def test_no_token_is_readable_in_the_file_or_the_log(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    token = house.tokens["sam"]
    with_token(house, token)
    with_token(house, token[:-3] + "abc")
    secret = token.split("_", 2)[2]
    said = capsys.readouterr()
    assert secret not in said.out + said.err and secret[:-3] not in said.out + said.err
    house.store.close()
    assert not any(secret.encode() in file.read_bytes() for file in _file(house).parent.glob("kinline.db*"))
