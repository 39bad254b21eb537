"""Build the C engine as the cffi module `kinline_engine._kinline_engine`.

The cdef is the public headers themselves with their preprocessor lines removed. `python cffi_ext/build.py`
compiles in place, next to `kinline_engine/`; setuptools uses `ffibuilder` through `cffi_modules`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
MODULE = "kinline_engine._kinline_engine"
LIBRARIES = ("sofia-sip-ua", "spandsp", "speexdsp", "libcrypto")
DEBIAN_PACKAGES = "libsofia-sip-ua-dev libspandsp-dev libspeexdsp-dev libssl-dev pkg-config"
COMPILE_FLAGS = ["-std=gnu11", "-D_GNU_SOURCE", "-O2", "-pthread", "-Wall", "-Wextra", "-Werror"]
# Where setup/speexdsp.py leaves a faster build of one of them; the system's own does where there is none (ADR 45).
RUN_PATH = "-Wl,-rpath,$ORIGIN/../../build/speexdsp"
# cffi's own code is not ours to keep clean.
GENERATED_CODE_PRAGMA = '#pragma GCC diagnostic ignored "-Wextra"\n#pragma GCC diagnostic ignored "-Wunused"\n'


def headers() -> list[Path]:
    """The public headers, each behind those it includes."""
    ordered: list[Path] = []

    def add(path: Path) -> None:
        for name in re.findall(r'#include "(.+)"', path.read_text()):
            add(path.with_name(name))
        if path not in ordered:
            ordered.append(path)

    for path in sorted((HERE / "include").glob("*.h")):
        add(path)
    return ordered


def cdef(path: Path) -> str:
    """One header as cffi wants it: without directives."""
    return "\n".join("" if line.lstrip().startswith("#") else line for line in path.read_text().splitlines())


def pkg_config(option: str) -> list[str]:
    """What pkg-config says about our libraries; SystemExit names what to install if it cannot."""
    try:
        run = subprocess.run(["pkg-config", option, *LIBRARIES], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise SystemExit(f"pkg-config is missing: apt-get install {DEBIAN_PACKAGES}") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error.stderr.strip()}\napt-get install {DEBIAN_PACKAGES}") from None
    return run.stdout.split()


def builder(base: Path | None) -> FFI:
    """The cffi builder; paths are relative to base (setuptools wants that) or absolute."""

    def place(path: Path) -> str:
        return os.path.relpath(path, base) if base else str(path)

    ffi = FFI()
    for path in headers():
        ffi.cdef(cdef(path))
    includes = "".join(f'#include "{path.name}"\n' for path in headers())
    ffi.set_source(
        MODULE,
        GENERATED_CODE_PRAGMA + includes,
        sources=[place(path) for path in sorted((HERE / "src").glob("*.c"))],
        include_dirs=[place(HERE / "include"), place(HERE / "src")],
        depends=[place(path) for folder in ("include", "src") for path in sorted((HERE / folder).glob("*.h"))],
        extra_compile_args=COMPILE_FLAGS + pkg_config("--cflags"),
        extra_link_args=["-pthread", RUN_PATH, *pkg_config("--libs"), "-lm"],
    )
    return ffi


def build_in_place() -> Path:
    """Compile and put the module next to the Python package; returns its path."""
    work = HERE.parent / "build" / "cffi"
    work.mkdir(parents=True, exist_ok=True)
    built = Path(builder(None).compile(tmpdir=str(work)))
    target = HERE / "kinline_engine" / built.name
    # A rename, so that a process that has the old module mapped keeps it whole.
    fresh = target.with_suffix(".new")
    shutil.copy(built, fresh)
    fresh.replace(target)
    return target


if __name__ == "__main__":
    print(build_in_place())
    sys.exit()

ffibuilder = builder(Path.cwd())
