"""MicroPython's own tests, of the version of the 32-bit VM, from Debian's source archive. Nothing of them is in the repository.

They are under the MIT License, which lies beside them.
"""

from pathlib import Path

import debian_source
from steps import BUILD, Log, Step

HERE = Path(__file__)
FOLDER = BUILD / "micropython-tests"
ARCHIVE = "pool/main/m/micropython/micropython_1.25.0+ds.orig.tar.xz"
SHA256 = "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"
KEPT = ("LICENSE", "tests/basics/", "tests/extmod/", "tests/io/")
HINT = "Its release has moved on: take the hash of the archive of build/micropython/VERSIONS, and look at the tests."


def _tests(log: Log, place: Path) -> None:
    debian_source.unpack(log, place, ARCHIVE, SHA256, KEPT, HINT)


INPUTS = (HERE, HERE.with_name("debian_source.py"), HERE.with_name("debian_tree.py"))
UPSTREAM_TESTS = Step("micropython-tests", "MicroPython's own tests", INPUTS, FOLDER, _tests, optional=True)
