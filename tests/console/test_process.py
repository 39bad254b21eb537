"""The console as a process of its own, on a real socket."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.cli.test_cli import Site

COMMAND = [sys.executable, "-c", "from kinline.cli import main; main()", "console"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    made.ok("init", str(tmp_path), "--facility", "north")
    return made


@contextmanager
def console(site: Site, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address; ended with SIGTERM."""
    command = [*COMMAND, "--port", "0", *more]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | site.environment) as process:
        try:
            assert process.stderr
            line = next(json.loads(line) for line in process.stderr if "console ready" in line)
            yield process, f"http://127.0.0.1:{line['port']}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def test_it_serves_until_told_to_stop(site: Site) -> None:
    token = site.json("staff", "add", "sam", "--role", "supervisor")["token"]
    with console(site) as (process, address), httpx.Client(base_url=address) as client:
        assert client.get("/openapi.json").json()["info"]["title"] == "Kinline"
        headers = {"Authorization": f"Bearer {token}"}
        body = {"code": "north", "name": "North", "timezone": "UTC"}
        answer = client.post("/api/facility/add", json=body, headers=headers)
        assert answer.status_code == 200 and "server" not in answer.headers, answer.text
        assert client.post("/api/facility/add", json=body, headers=headers).status_code == 409
    assert process.returncode in (0, -signal.SIGTERM)
    assert site.json("facility", "list")[0]["code"] == "north"


def test_prometheus_is_answered_where_it_is_told_and_nowhere_else(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with console(site, "--metrics-port", port) as (_, address), httpx.Client(base_url=address) as client:
        assert client.get("/api/facility/list").status_code == 401
        counted = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        assert 'kinline_api_answered_total{reason="401"} 1.0' in counted
        assert client.get("/metrics").status_code == 404


def test_a_taken_port_is_named(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | site.environment)  # fmt: skip
    assert done.returncode == 2 and f"port {port}: Address already in use; choose another" in done.stderr.splitlines()[-1]
