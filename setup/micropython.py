"""The two MicroPython VMs: Debian's 32-bit build in a private prefix, and npm's WebAssembly build.

Either will do to run, the first where it can; the tests want both.
"""

import dataclasses
import struct
import subprocess
import tempfile
from pathlib import Path

import debian_tree
from steps import BUILD, Log, Step

HERE = Path(__file__)
PREFIX = BUILD / "micropython"
# trixie is the release; sid's newer build is a drop-in while a mirror is between two states of trixie.
SUITES = ["trixie", "sid"]
WASM_PREFIX = BUILD / "micropython-wasm"
# The version of the stock firmware for the board.
WASM_PACKAGE = "@micropython/micropython-webassembly-pyscript@1.29.0-6"


def _debian(log: Log, place: Path) -> None:
    debian_tree.unpack(log, place, ["micropython"], suites=SUITES, architecture="i386")
    wrapper = place / "bin" / "micropython"
    wrapper.parent.mkdir()
    # Its own loader and libraries, so that the system needs no i386 packages.
    library = "usr/lib/i386-linux-gnu"
    wrapper.write_text(
        f'#!/bin/sh\nexec {PREFIX}/{library}/ld-linux.so.2 --library-path {PREFIX}/{library} {PREFIX}/usr/bin/micropython "$@"\n'
    )
    wrapper.chmod(0o755)
    loader = [
        place / library / "ld-linux.so.2",
        "--library-path",
        place / library,
        place / "usr/bin/micropython",
    ]
    log.run(*loader, "-c", "import sys; print(sys.implementation); assert sys.maxsize == 2**31 - 1")


def runs_32_bit() -> bool:
    """Whether the kernel runs i386 programs: tried with the smallest one, which does nothing but exit."""
    base, header = 0x08048000, 52 + 32
    code = bytes.fromhex("b801000000 31db cd80")  # mov eax, 1 (exit); xor ebx, ebx; int 0x80
    size = header + len(code)
    program = b"\x7fELF\1\1\1" + bytes(9)
    program += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + header, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    program += struct.pack("<IIIIIIII", 1, 0, base, base, size, size, 5, 0x1000) + code
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        file = Path(folder) / "exit"
        file.write_bytes(program)
        file.chmod(0o755)
        try:
            return subprocess.run([file], check=False).returncode == 0
        except OSError:
            return False


def _webassembly(log: Log, place: Path) -> None:
    (place / "package.json").write_text('{"private": true}\n')
    log.run(
        "npm", "install", "--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund",
        "--no-package-lock", WASM_PACKAGE, cwd=place, hint="apt-get install nodejs npm",
    )  # fmt: skip


DEBIAN = Step("micropython", "MicroPython, 32 bit", (HERE, HERE.with_name("debian_tree.py")), PREFIX, _debian)
WEBASSEMBLY = Step("micropython-wasm", "MicroPython, WebAssembly", (HERE,), WASM_PREFIX, _webassembly, optional=True)
# For a machine that does not run 32-bit programs, which needs this one.
IN_ITS_PLACE = dataclasses.replace(WEBASSEMBLY, title="MicroPython, WebAssembly: no 32 bit here", optional=False)
