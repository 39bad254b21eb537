"""KiCad from Debian's trixie, in a tree of its own under build/: its command line checks and draws the schematic.

Debian 12 carries a KiCad without a command line. The tree brings its own loader and C library; of the 840 MB unpacked,
what neither a check nor a drawing needs is taken out.
"""

import shutil
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
TREE = BUILD / "kicad"
SUITES = ["trixie", "sid"]
# Solid models, scripting, themes, translations, manuals; and of the graphics stack what draws on a screen.
NEEDLESS = [
    "etc", "lib", "var", "usr/include", "usr/lib/python3*", "usr/lib/systemd", "usr/lib/udev", "usr/lib/tcltk", "usr/sbin",
    "usr/share/[!kf]*", "usr/share/kicad/[!rs]*",
    "usr/lib/*/libLLVM*", "usr/lib/*/libz3*", "usr/lib/*/libgallium*", "usr/lib/*/dri", "usr/lib/*/gconv",
    "usr/lib/*/systemd", "usr/lib/*/perl*", "usr/lib/*/samba", "usr/lib/*/gtk-3.0", "usr/lib/*/webkit*",
]  # fmt: skip
LOADERS = {"amd64": "ld-linux-x86-64.so.2", "arm64": "ld-linux-aarch64.so.1"}


def _kicad(log: Log, place: Path) -> None:
    architecture = debian_tree.native_architecture()
    debian_tree.unpack(log, place, ["kicad"], suites=SUITES, architecture=architecture)
    for pattern in NEEDLESS:
        for found in place.glob(pattern):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    libraries = next((place / "usr/lib").glob("*-linux-gnu"))
    # KiCad looks for its parts beside the running program, which here is the loader.
    for part in (place / "usr/lib/kicad").glob("*.kiface"):
        (libraries / part.name).symlink_to(f"../kicad/{part.name}")
    inside = libraries.relative_to(place)
    wrapper = place / "kicad-cli"
    wrapper.write_text(
        f"#!/bin/sh\nexport KICAD_STOCK_DATA_HOME={TREE}/usr/share/kicad KICAD_CONFIG_HOME={TREE}/config HOME={TREE}/config\n"
        f"exec {TREE}/{inside}/{LOADERS[architecture]} --library-path {TREE}/{inside}:{TREE}/usr/lib/kicad "
        f'{TREE}/usr/bin/kicad-cli "$@"\n'
    )
    wrapper.chmod(0o755)
    (place / "config").mkdir()
    log.run(libraries / LOADERS[architecture], "--library-path", libraries, place / "usr/bin/kicad-cli", "version")


KICAD = Step("kicad", "KiCad, checks the schematic", (HERE, HERE.with_name("debian_tree.py")), TREE, _kicad)
