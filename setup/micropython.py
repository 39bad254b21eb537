"""The two MicroPython VMs: Debian's 32-bit build in a private prefix, and npm's WebAssembly build."""

import platform
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step, StepError

HERE = Path(__file__)
PREFIX = BUILD / "micropython"
# trixie is the release; sid's newer build is a drop-in while a mirror is between two states of trixie.
SUITES = ["trixie", "sid"]
WASM_PREFIX = BUILD / "micropython-wasm"
# The version of the stock firmware for the board.
WASM_PACKAGE = "@micropython/micropython-webassembly-pyscript@1.29.0-6"


def _debian(log: Log, place: Path) -> None:
    if platform.machine() != "x86_64":
        raise StepError(f"The 32-bit MicroPython needs an x86-64 machine, this is {platform.machine()}.")
    debian_tree.unpack(log, place, ["micropython"], suites=SUITES, architecture="i386")
    wrapper = place / "bin" / "micropython"
    wrapper.parent.mkdir()
    # Its own loader and libraries, so that the system needs no i386 packages.
    library = "usr/lib/i386-linux-gnu"
    wrapper.write_text(
        f"#!/bin/sh\nexec {PREFIX}/{library}/ld-linux.so.2 --library-path {PREFIX}/{library} "
        f'{PREFIX}/usr/bin/micropython "$@"\n'
    )
    wrapper.chmod(0o755)
    loader = [
        place / library / "ld-linux.so.2",
        "--library-path",
        place / library,
        place / "usr/bin/micropython",
    ]
    hint = "Can this kernel run 32-bit programs (CONFIG_IA32_EMULATION)?"
    log.run(
        *loader, "-c", "import sys; print(sys.implementation); assert sys.maxsize == 2**31 - 1", hint=hint
    )


def _webassembly(log: Log, place: Path) -> None:
    (place / "package.json").write_text('{"private": true}\n')
    log.run(
        "npm", "install", "--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund",
        "--no-package-lock", WASM_PACKAGE, cwd=place, hint="apt-get install nodejs npm",
    )  # fmt: skip


DEBIAN = Step("micropython", "MicroPython, 32 bit", (HERE, HERE.with_name("debian_tree.py")), PREFIX, _debian)
WEBASSEMBLY = Step(
    "micropython-wasm", "MicroPython, WebAssembly", (HERE,), WASM_PREFIX, _webassembly, optional=True
)
