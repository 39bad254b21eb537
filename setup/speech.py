"""Human speech for demo and tests: Debian's Asterisk sound packages, 8 kHz WAV, five speakers in five languages, and
the music that callers on hold hear.

They are CC BY-SA 3.0 and stay in build/; nothing of them is in the repository.
"""

import shutil
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
FOLDER = BUILD / "speech"
LANGUAGES = ("en", "es", "fr", "it", "ru")
PACKAGES = [*(f"asterisk-core-sounds-{language}-wav" for language in LANGUAGES), "asterisk-moh-opsound-wav"]
SUITES = ["trixie", "bookworm", "sid"]


def _speech(log: Log, place: Path) -> None:
    tree = place / ".tree"
    tree.mkdir()
    debian_tree.unpack(log, tree, PACKAGES, suites=SUITES, architecture=debian_tree.native_architecture())
    for source in sorted((tree / "usr/share/asterisk/sounds").iterdir()):
        if source.is_dir() and not source.is_symlink():
            source.rename(place / source.name.partition("_")[0])
    (tree / "usr/share/asterisk/moh").rename(place / "music")
    for package in PACKAGES:
        shutil.copy(tree / "usr/share/doc" / package / "copyright", place / f"{package}.copyright")
    shutil.copy(tree / "VERSIONS", place)
    shutil.rmtree(tree)


SPEECH = Step("speech", "human speech and music on hold", (HERE, HERE.with_name("debian_tree.py")), FOLDER, _speech)
