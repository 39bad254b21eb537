"""A PostgreSQL of the tests' own: made in a folder of its own, on loopback, stopped by its process id."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from tests.peers.program import PeerError, Program, free_port

HOST, USER = "127.0.0.1", "kinline"
READY_SECONDS = 30.0
POLL_SECONDS = 0.02
# Debian keeps the server's programs off PATH, a folder a major version.
DEBIAN = "/usr/lib/postgresql"
# The machine's crash is not tested, only the server's: nothing needs to reach the disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",  # as an administrator may have it; we do not
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "deadlock_timeout": "100ms",
    "jit": "off",
    "unix_socket_directories": "",
    "listen_addresses": HOST,
}


class Server:
    """PostgreSQL refuses to run as root: there it runs as the package's user."""

    def __init__(self) -> None:
        self._programs = _programs()
        self._become = _unprivileged()
        self.port = free_port(HOST)
        self._password = secrets.token_urlsafe(12)
        self._folder = Path(tempfile.mkdtemp(prefix="kinline-postgresql-"))
        self._program: Program | None = None
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Run until `stop` or `close`, or until the tests' process is gone, however it ended."""
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        server = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port), *settings]
        self._program = Program([*self._become, "--pdeathsig", "INT", *server], self._folder / "log")
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                psycopg.connect(self._conninfo("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if not self._program.is_running() or time.monotonic() > deadline:
                    raise PeerError(f"PostgreSQL does not start: {error}{self._program.tail()}") from error
                time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """An immediate end, as a kill would be: clients are cut, and the next start recovers from the log."""
        if self._program is not None:
            if self._program.is_running():
                os.kill(self._program.process.pid, signal.SIGQUIT)
                self._program.wait(READY_SECONDS)
            self._program.stop()
            self._program = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The address of a database as the settings name it."""
        url = URL.create("postgresql", USER, self._password, HOST, self.port, database)
        return url.render_as_string(hide_password=False)

    def create(self, database: str, template: str = "template0") -> None:
        self.execute("CREATE DATABASE {} TEMPLATE {}", database, template)

    def drop(self, database: str) -> None:
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", database)

    def execute(self, statement: str, *names: str) -> None:
        """Run a statement of the server's own, outside any transaction; `{}` stands for a quoted name."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def _conninfo(self, database: str) -> str:
        return f"host={HOST} port={self.port} user={USER} password={self._password} dbname={database}"

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        if self._become[1:]:
            owner = pwd.getpwnam("postgres")
            for path in (self._folder, password):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        command: Sequence[str | Path] = [
            *self._become, self._programs / "initdb", "--pgdata", self._folder / "data", "--username", USER,
            "--pwfile", password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync",
        ]  # fmt: skip
        made = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if made.returncode:
            raise PeerError(f"initdb ended with {made.returncode}: {made.stderr.strip()}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _programs() -> Path:
    """The folder of the newest server's programs. Raises PeerError."""
    folders = [path.parent for path in Path(DEBIAN).glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    raise PeerError("PostgreSQL is not installed: apt-get install postgresql")


def _unprivileged() -> list[str]:
    """The words before a command by which it runs without root's rights. Raises PeerError."""
    if os.geteuid():
        return ["setpriv"]
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise PeerError("PostgreSQL does not run as root, and there is no user postgres: apt-get install postgresql") from None
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
