"""Bad requests, and what stands around every answer."""

import json
from typing import Any

import pytest
from httpx import Response

from kinline.console.app import LARGEST_BODY
from kinline.counters import counters
from kinline.operations.operation import catalogue
from kinline.store.store import Store
from tests.operations.site import House

CONTACT = {"inmate": "1001", "number": "+12025550177"}


def post(house: House, content: bytes, kind: str = "application/json") -> Response:
    headers = {"Authorization": f"Bearer {house.tokens['counselor']}", "Content-Type": kind}
    return house.client.post("/api/contact/add", content=content, headers=headers)


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "body: is missing"),
        (b"{", 400, "not JSON"),
        (b'{"inmate": "1001", "number": ', 400, "not JSON"),
        (b'{"inmate": "\xff"}', 400, "not JSON"),
        (b"[]", 422, "body"),
        (b"null", 422, "body"),
        (b'"x"', 422, "body"),
        (b"{}", 422, "body.inmate: is missing; add it"),
        (b'{"inmate": 1001, "number": "+12025550177"}', 422, "body.inmate: input should be a valid string"),
        (b'{"inmate": "1001", "number": 12025550177}', 422, "body.number"),
        (b'{"inmate": "1001", "number": "+12025550177", "class": "royal"}', 422, "body.class"),
        (b'{"inmate": "1001", "number": "+12025550177", "x": 1}', 422, "body.x: is not a field of this request"),
        (b'{"inmate": "1001", "number": "911"}', 422, "'911' is not a telephone number; write it as dialled"),
        (b'{"inmate": "1001", "number": "+12025550177", "label": "a\\u0000b"}', 422, "is not a label; write it in one line"),
        (b'{"inmate": "1001", "number": "+12025550177", "label": "\\ud800"}', 422, "label"),
        (b'{"inmate": "9", "number": "+12025550177"}', 404, "inmate '9' of north does not exist"),
        (b'{"inmate": "1001", "number": "+12025550123"}', 409, "exists already"),
        (b'{"inmate": "1001", "number": "+12025550177", "facility": "west"}', 404, "facility 'west' does not exist"),
    ],
)
def test_says_where_what_and_what_next(house: House, content: bytes, status: int, said: str) -> None:
    answer = post(house, content)
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert said in problem["detail"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_json_only(house: House, kind: str) -> None:
    assert post(house, json.dumps(CONTACT).encode(), kind).status_code == 415


def test_a_large_body_is_refused_however_it_comes(house: House) -> None:
    assert post(house, b" " * (LARGEST_BODY + 1)).status_code == 413
    headers = {"Authorization": f"Bearer {house.tokens['counselor']}", "Content-Type": "application/json"}
    pieces = (b" " * 65536 for _ in range(LARGEST_BODY // 65536 + 2))
    answer = house.client.post("/api/contact/add", content=pieces, headers=headers)
    assert answer.status_code == 413 and str(LARGEST_BODY) in answer.json()["detail"]


def test_deep_nesting_is_an_answer_too(house: House) -> None:
    assert post(house, b"[" * 100_000).status_code in (400, 422)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/api", 404), ("GET", "/api/contact/add", 405), ("POST", "/api/contact/list", 405),
     ("GET", "/api/contact/list/", 404), ("DELETE", "/api/audit/list", 405), ("OPTIONS", "/api/audit/list", 405),
     ("GET", "/docs", 404), ("GET", "/api/staff/add", 404), ("GET", "/api/../kinline.db", 404)],
)  # fmt: skip
def test_what_is_not_served(house: House, method: str, path: str, status: int) -> None:
    answer = house.client.request(method, path, headers={"Authorization": f"Bearer {house.tokens['supervisor']}"})
    assert answer.status_code == status and "/openapi.json" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "limit=x", "limit=1.5", "open=perhaps", "x=1", "limit=1&y=3"])
def test_a_bad_query(house: House, query: str) -> None:
    headers = {"Authorization": f"Bearer {house.tokens['auditor']}"}
    answer = house.client.get(f"/api/calls/list?{query}", headers=headers)
    assert answer.status_code == 422 and answer.json()["errors"][0]["place"].startswith("query."), answer.text


def test_nothing_for_other_origins_caches_or_frames(house: House) -> None:
    answer = house.client.get("/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"


def test_a_fault_of_ours_tells_no_secret(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*arguments: Any, **named: Any) -> None:
        raise ZeroDivisionError("some inner matter")

    monkeypatch.setattr(Store, "add_contact", fails)
    before = counters.value("api_failed")
    answer = house.ask(catalogue()["contact.add"], "counselor")
    problem = answer.json()
    assert answer.status_code == 500 and counters.value("api_failed") == before + 1
    assert "inner matter" not in answer.text and "Traceback" not in answer.text and problem["request_id"] in problem["detail"]
    assert problem["request_id"] in capsys.readouterr().out


def test_a_pin_is_nowhere_but_in_the_request(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    wanted, pins = catalogue()["inmate.set-pin"], ("73519264", "7351926499", "7351-926")
    answers = [house.ask(wanted, "counselor", pin=pin) for pin in pins]
    assert [answer.status_code for answer in answers] == [200, 422, 422]
    assert "four to eight digits" in answers[1].json()["detail"]
    said = capsys.readouterr()
    kept = "".join(str(deed) for deed in house.store.audited(100))
    for pin in pins:
        assert not any(pin in text for text in (said.out, said.err, kept, *(answer.text for answer in answers)))


def test_every_request_leaves_a_line_without_its_query(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    answer = house.call("contact.list", "counselor", changes=False, fields={"inmate": "1001"})
    line = next(line for line in capsys.readouterr().out.splitlines() if answer.headers["x-request-id"] in line)
    assert "/api/contact/list" in line and "counselor" in line and "1001" not in line
