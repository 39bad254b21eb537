"""Files out of a source archive of Debian's, known by its hash."""

import tarfile
from pathlib import Path

import debian_tree
from steps import Log


def unpack(log: Log, place: Path, archive: str, sha256: str, kept: tuple[str, ...], hint: str = "") -> None:
    """Fetch the archive (its path on a mirror) and unpack into `place` what begins with one of `kept`, less the first folder.

    apt's own way to the mirror, proxy and all; what comes is what the hash says, so no signature is asked for.
    """
    fetched = place / "source.tar"
    address = f"{debian_tree.mirror().rstrip('/')}/{archive}"
    log.run("/usr/lib/apt/apt-helper", "download-file", address, fetched, f"SHA256:{sha256}", hint=hint)
    with tarfile.open(fetched) as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            content = tar.extractfile(member) if name.startswith(kept) else None
            if content is not None:
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
    fetched.unlink()
