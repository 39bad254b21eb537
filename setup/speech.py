"""Human speech in English and Spanish for demo and tests: Debian's Asterisk sound packages, 8 kHz WAV.

They are CC BY-SA 3.0 and stay in build/; nothing of them is in the repository.
"""

import shutil
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
FOLDER = BUILD / "speech"
PACKAGES = ["asterisk-core-sounds-en-wav", "asterisk-core-sounds-es-wav"]
SUITES = ["trixie", "bookworm", "sid"]


def _speech(log: Log, place: Path) -> None:
    tree = place / ".tree"
    tree.mkdir()
    debian_tree.unpack(log, tree, PACKAGES, suites=SUITES, architecture=debian_tree.native_architecture())
    for source in sorted((tree / "usr/share/asterisk/sounds").iterdir()):
        if source.is_dir() and not source.is_symlink():
            source.rename(place / source.name.partition("_")[0])
    for package in PACKAGES:
        shutil.copy(tree / "usr/share/doc" / package / "copyright", place / f"{package}.copyright")
    shutil.copy(tree / "VERSIONS", place)
    shutil.rmtree(tree)


SPEECH = Step(
    "speech", "human speech, English and Spanish", (HERE, HERE.with_name("debian_tree.py")), FOLDER, _speech
)
