"""MicroPython's own tests, of the version of the 32-bit VM, from Debian's source archive. Nothing of them is in the repository.

They are under the MIT License, which lies beside them.
"""

import tarfile
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
FOLDER = BUILD / "micropython-tests"
ARCHIVE = "pool/main/m/micropython/micropython_1.25.0+ds.orig.tar.xz"
SHA256 = "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"
KEPT = ("LICENSE", "tests/basics/", "tests/extmod/", "tests/io/")


def _tests(log: Log, place: Path) -> None:
    archive = place / "source.tar.xz"
    # apt's own way to the mirror, proxy and all; what comes is what the hash says, so no signature is asked for.
    address = f"{debian_tree.mirror().rstrip('/')}/{ARCHIVE}"
    hint = "Its release has moved on: take the hash of the archive of build/micropython/VERSIONS, and look at the tests."
    log.run("/usr/lib/apt/apt-helper", "download-file", address, archive, f"SHA256:{SHA256}", hint=hint)
    with tarfile.open(archive) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            content = tar.extractfile(member) if name.startswith(KEPT) else None
            if content is not None:
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    archive.unlink()


UPSTREAM_TESTS = Step(
    "micropython-tests", "MicroPython's own tests", (HERE, HERE.with_name("debian_tree.py")), FOLDER, _tests, optional=True
)
