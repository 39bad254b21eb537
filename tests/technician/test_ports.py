"""A port that is busy, missing or not permitted: what happened, and the one next step."""

import errno
import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinline.technician.exits import Exit
from kinline.technician.ports import explained, held, lent
from kinline.technician.trouble import Trouble


@pytest.fixture
def port() -> Iterator[str]:
    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(master)
    os.close(slave)


def trouble(port: str) -> Trouble:
    with pytest.raises(Trouble) as caught, held(port, "test"):
        pass
    return caught.value


def test_a_port_opens_and_closes(port: str) -> None:
    for _ in range(2):
        with held(port, "test") as line:
            assert line.read(1) == b""


def test_a_missing_port_is_named(tmp_path: Path) -> None:
    found = trouble(str(tmp_path / "ttyUSB7"))
    assert (found.code, found.exit) == ("port-missing", Exit.PORT) and "ttyUSB7" in found.what


def test_an_adapter_that_goes_while_it_is_opened_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(fd: int, queue: int) -> None:
        raise termios.error(errno.ENXIO, "No such device or address")

    monkeypatch.setattr(termios, "tcflush", gone)
    assert trouble(port).code == "port-missing"


def test_two_technicians_do_not_meet_at_a_port(port: str, tmp_path: Path) -> None:
    """Not by another name of it either."""
    alias = tmp_path / "wall-1"
    alias.symlink_to(port)
    with lent(port, "flash"):
        found = trouble(str(alias))
    assert found.code == "port-busy" and f"kinline tech flash (process {os.getpid()})" in found.what
    with held(port, "test"):
        pass


def test_the_lock_goes_with_the_process(port: str) -> None:
    """A killed technician's port is free."""
    program = f"""
import time
from kinline.technician.ports import lent
with lent({port!r}, "x"):
    print("in", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline()
        assert trouble(port).code == "port-busy"
        other.kill()
    with held(port, "test"):
        pass


def test_another_program_at_the_port_is_named(port: str) -> None:
    """As the daemon has it: locked by a program that knows nothing of our lock files."""
    handle = os.open(port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    found = trouble(port)
    os.close(handle)
    assert found.code == "port-busy" and str(os.getpid()) in found.what and found.next_step == f"end it: kill {os.getpid()}"


def test_a_port_that_is_not_permitted_says_which_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "group", lambda self: "dialout")
    found = explained("/dev/ttyUSB0", PermissionError(errno.EACCES, "no"))
    assert found.code == "port-not-permitted" and "usermod -aG dialout" in found.next_step


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may not open a port")
def test_a_user_without_permission_is_told(port: str) -> None:
    os.chmod(port, 0o600)  # noqa: PTH101
    program = f"""
from kinline.technician.ports import lent
from kinline.technician.trouble import Trouble
try:
    with lent({port!r}, "x"):
        pass
except Trouble as trouble:
    print(trouble.code)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        ["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, "-c", program],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if "ModuleNotFoundError" in said.stderr or "Permission denied" in said.stderr:
        pytest.skip("this checkout cannot be read by another user")
    assert said.stdout == "port-not-permitted\n", said.stderr


def test_a_far_port_where_nobody_listens() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unheard.getsockname()[1]}"
    for scheme in ("socket", "rfc2217"):
        found = trouble(f"{scheme}://{address}")
        assert (found.code, found.exit) == ("port-missing", Exit.PORT) and address in found.what


def test_what_is_no_port_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert trouble(str(tmp_path / "file")).code == "port-unusable"
    assert trouble("socket://nowhere").code == "port-malformed"
    assert trouble("gopher://x:1").code == "port-malformed"
