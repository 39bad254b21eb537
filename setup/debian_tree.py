"""Unpack Debian packages of any release with all they depend on into a folder of ours, as any user.

It has lists, status and cache of its own: neither the system's apt state nor its C library is touched.
Signatures are checked as ever. Mirror, proxy and credentials are those of the machine's own apt.
"""

import os
import shutil
import subprocess
from pathlib import Path

from steps import Log, StepError

KEYRINGS = [Path(f"/usr/share/keyrings/debian-archive-keyring.{suffix}") for suffix in ("pgp", "gpg")]


def unpack(log: Log, place: Path, packages: list[str], *, suites: list[str], architecture: str) -> str:
    """Unpack into `place` from the first of the suites that can be had; returns the suite.

    The versions unpacked are written to `place`/VERSIONS, one `name_version_architecture.deb` a line.
    """
    trouble = []
    for suite in suites:
        work = place / ".apt"
        try:
            archives = _download(log, work, packages, suite, architecture)
            for archive in archives:
                log.run("dpkg-deb", "--extract", archive, place)
            names = "".join(f"{archive.name}\n" for archive in archives)
            (place / "VERSIONS").write_text(names)
        except StepError as error:
            trouble.append(f"{suite}: {error}")
        else:
            return suite
        finally:
            shutil.rmtree(work, ignore_errors=True)
    raise StepError("\n".join(trouble))


def native_architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def mirror() -> str:
    """The Debian mirror that this machine's apt uses, or that of the environment's KINLINE_DEBIAN_MIRROR."""
    if named := os.environ.get("KINLINE_DEBIAN_MIRROR"):
        return named
    query = ["apt-get", "indextargets", "--format", "$(SITE) $(COMPONENT)", "Created-By: Packages"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        site, _, component = line.partition(" ")
        if component == "main" and site.rstrip("/").endswith("/debian"):
            return site
    raise StepError("apt's sources name no Debian mirror; set KINLINE_DEBIAN_MIRROR to the address of one.")


def _download(log: Log, work: Path, packages: list[str], suite: str, architecture: str) -> list[Path]:
    """Fetch the packages and all they depend on from the suite; returns the archives."""
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "parts"):
        (work / folder).mkdir(parents=True)
    # An empty status file: nothing counts as installed, so every dependency comes along.
    (work / "status").touch()
    keyring = next((path for path in KEYRINGS if path.exists()), None)
    if keyring is None:
        raise StepError("Debian's archive keys are missing: apt-get install debian-archive-keyring")
    (work / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror()} {suite} main\n")
    (work / "apt.conf").write_text(_configuration(work, architecture))
    env = {"APT_CONFIG": str(work / "apt.conf")}
    log.run("apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any", env=env)
    log.run("apt-get", "-q", "--yes", "--download-only", "install", *packages, env=env)
    return sorted((work / "cache/archives").glob("*.deb"))


def _configuration(work: Path, architecture: str) -> str:
    """Our own apt.conf, which keeps of the system's only how things are fetched."""
    dump = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    return f"""{dump}
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Debug::NoLocking "true";
Acquire::Languages "none";
Acquire::Retries "2";
// sid's Release file counts as expired on mirrors that lag.
Acquire::Check-Valid-Until "false";
Dir::Etc::main "-";
Dir::Etc::parts "{work}/parts";
Dir::Etc::sourcelist "{work}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State "{work}";
Dir::State::lists "{work}/lists";
Dir::State::status "{work}/status";
Dir::Cache "{work}/cache";
"""
