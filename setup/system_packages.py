"""The system packages of packages.txt: which are missing, and installing them with apt-get."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from steps import Log, StepError, progress

TABLE = Path(__file__).with_name("packages.txt")
INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
# What keeps Debian's postgresql from making and starting a database of the machine's own on port 5432.
NO_CLUSTER = Path(__file__).with_name("no-cluster.conf")
NO_CLUSTER_PLACE = "/etc/postgresql-common/createcluster.d/kinline-setup.conf"
QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}


@dataclass(frozen=True)
class Package:
    """One row of packages.txt."""

    stage: str
    name: str
    probe: str
    why: str


def table() -> list[Package]:
    rows = [line.split(maxsplit=3) for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
    return [Package(*row) for row in rows]


def missing(packages: list[Package]) -> list[Package]:
    """Those that neither a command on PATH nor dpkg accounts for."""
    wanted = [p for p in packages if p.probe == "-" or not shutil.which(p.probe)]
    if not wanted or not shutil.which("dpkg-query"):
        return wanted
    query = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\t${Package}\n", *(p.name for p in wanted)]
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {name for state, name in (line.split("\t") for line in lines) if state.startswith("ii")}
    return [p for p in wanted if p.name not in installed]


def ensure(needs: set[str], extras: frozenset[str] = frozenset()) -> list[str]:
    """Install what the stages lack; StepError if something needed cannot be had. Returns a note a missing extra."""
    absent = missing([p for p in table() if p.stage in needs | extras])
    if not absent:
        return []
    trouble = ""
    needed = [p for p in absent if p.stage in needs]
    wished = [p for p in absent if p.stage not in needs]
    with Log("packages") as log, progress(f"{len(absent)} system packages"):
        try:
            _apt_get(log, needed, wished)
        except StepError as error:
            trouble = str(error)
    absent = missing(absent)
    needed = [p for p in absent if p.stage in needs]
    if needed:
        rows = "\n".join(f"    {p.name:<22} {p.why}" for p in needed)
        command = f"apt-get install {' '.join(p.name for p in needed)}"
        raise StepError(f"{trouble}\nMissing system packages:\n{rows}\n  Install them as root:\n    {command}".strip())
    return [f"{p.name} is missing ({p.why}): apt-get install {p.name}" for p in absent]


def _apt_get(log: Log, needed: list[Package], extras: list[Package]) -> None:
    """Install the needed packages in one transaction, then the extras, which may fail, in another."""
    become = _root_prefix()
    with _no_cluster(log, become):
        # An apt-get that was killed leaves packages unpacked but not configured.
        log.run(*become, "dpkg", "--configure", "-a", env=QUIET)
        log.run(*become, "apt-get", "update", env=QUIET)
        for packages in (needed, extras):
            if packages:
                log.run(*become, *INSTALL, *(p.name for p in packages), env=QUIET)


@contextlib.contextmanager
def _no_cluster(log: Log, become: list[str]) -> Iterator[None]:
    """For as long as we install, PostgreSQL comes as programs alone: the tests start their own."""
    log.run(*become, "install", "-D", "-m", "644", NO_CLUSTER, NO_CLUSTER_PLACE)
    try:
        yield
    finally:
        log.run(*become, "rm", "-f", NO_CLUSTER_PLACE)


def _root_prefix() -> list[str]:
    if not shutil.which("apt-get"):
        raise StepError("This machine has no apt-get; Kinline is set up on Debian 12 or 13.")
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise StepError("Installing packages needs root, and there is no sudo.")
    # Ask for the password here, where a person can see the question.
    ask = ["sudo", "-v"] if sys.stdin.isatty() else ["sudo", "-n", "-v"]
    if subprocess.run(ask, check=False).returncode:
        raise StepError("Installing packages needs root, and sudo refused.")
    return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND,NEEDRESTART_SUSPEND"]
