"""Asterisk 22 from Debian's sid, as a peer for the tests, in a tree of its own under build/."""

import socket
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
TREE = BUILD / "asterisk"
# Only sid has it: neither 12 nor 13 carries Asterisk in main.
SUITES = ["sid"]


def _asterisk(log: Log, place: Path) -> None:
    debian_tree.unpack(log, place, ["asterisk"], suites=SUITES, architecture=debian_tree.native_architecture())
    # What a root folder needs beyond the packages: the merged /usr, and places to mount on.
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (place / name).exists():
            (place / name).symlink_to(f"usr/{name}")
    for name in ("dev", "proc", "tmp", "mnt", "srv", "run"):
        (place / name).mkdir(exist_ok=True)
    # Asterisk looks up its own name and a root server's at each call; here it must not ask the network.
    hosts = f"127.0.0.1 localhost {socket.gethostname()} A.ROOT-SERVERS.NET\n"
    (place / "etc/hosts").write_text(hosts)
    (place / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (place / "etc/group").write_text("root:x:0:\n")


ASTERISK = Step(
    "asterisk", "Asterisk 22, a peer for the tests", (HERE, HERE.with_name("debian_tree.py")), TREE,
    _asterisk, optional=True,
)  # fmt: skip
