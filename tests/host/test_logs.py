"""Logs are JSON lines without secrets; counters count from any thread."""

import io
import json
import socket
import threading
import urllib.request

import pytest

from kinline import logs
from kinline.counters import Counters
from kinline.metrics import prometheus_text, serve


def logged(**fields: object) -> dict[str, object]:
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    logs.log(handset="K1").info("something", **fields)
    line: dict[str, object] = json.loads(stream.getvalue())
    return line


@pytest.fixture(autouse=True)
def _restored() -> object:
    yield
    logs.configure()


def test_a_line_says_when_what_and_where() -> None:
    line = logged(seconds=3)
    assert (line["event"], line["handset"], line["seconds"], line["level"]) == ("something", "K1", 3, "info")
    assert str(line["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "key", ["pin", "PIN", "new_pin", "psk", "password", "sip-password", "trunk.password", "digits", "site_secret"]
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"deep": [v]}, lambda v: [({"x": v},)]])
def test_a_secret_is_never_written(key: str, wrap) -> None:  # type: ignore[no-untyped-def]
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    logs.log().warning("entered", **{key: "73519264"}, details=wrap({key: "73519264"}))
    assert "73519264" not in stream.getvalue() and logs.REDACTED in stream.getvalue()


def test_words_that_only_contain_a_secret_word_stay() -> None:
    assert logged(mapping="a", spinning="b", shipping="c")["mapping"] == "a"


def test_the_text_form_hides_secrets_too() -> None:
    stream = io.StringIO()
    logs.configure("debug", "text", stream)
    logs.log().info("entered", pin="73519264")
    assert "73519264" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_failure_shows_no_variables(form: logs.Format) -> None:
    """A traceback with its variables would show whatever PIN was in one of them."""
    stream = io.StringIO()
    logs.configure("debug", form, stream)
    entered = "7351" + "9264"
    try:
        raise ZeroDivisionError(len(entered))
    except ZeroDivisionError:
        logs.log().exception("failed")
    assert "ZeroDivisionError" in stream.getvalue() and entered not in stream.getvalue()


def test_an_exceptions_text_is_in_the_line() -> None:
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    try:
        raise ValueError("broken thing")
    except ValueError:
        logs.log().exception("failed")
    assert "broken thing" in json.loads(stream.getvalue())["exception"]


def test_the_level_is_kept() -> None:
    stream = io.StringIO()
    logs.configure("warning", "json", stream)
    logs.log().info("quiet")
    assert stream.getvalue() == ""


class TestCounters:
    def test_json_and_prometheus_agree(self) -> None:
        counted = Counters()
        counted.add("link_refused", "bad_tag")
        counted.add("link_refused", "bad_tag", 2)
        counted.add("prompt_missing")
        assert counted.as_json() == {"link_refused{bad_tag}": 3, "prompt_missing": 1}
        assert 'kinline_link_refused_total{reason="bad_tag"} 3.0' in prometheus_text(counted)
        assert counted.value("link_refused", "other") == 0

    def test_threads_lose_nothing(self) -> None:
        counted = Counters()

        def add() -> None:
            for _ in range(2000):
                counted.add("ticks")

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert counted.value("ticks") == 8000

    def test_prometheus_asks_over_loopback(self) -> None:
        counted = Counters()
        counted.add("calls")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        stop = serve(counted, port)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                assert 'kinline_calls_total{reason=""} 1.0' in answer.read().decode()
        finally:
            stop()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port), timeout=1)
