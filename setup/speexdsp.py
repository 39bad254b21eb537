"""speexdsp, the engine's echo canceller and noise filter, compiled for vectors, from Debian's source archive.

Debian compiles it for any processor, to add in the order that is written, with a Fourier transform one number at a time:
this one takes less than half the time (ADR 45).
Same version, same interface: without this one the engine takes Debian's. Nothing of it is in the repository; it is under
the BSD licence, which lies beside it.
"""

import platform
import shutil
from pathlib import Path

import debian_source
from steps import BUILD, ROOT, Log, Step

HERE = Path(__file__)
FOLDER = BUILD / "speexdsp"
SONAME = "libspeexdsp.so.1"
ARCHIVE = "pool/main/s/speexdsp/speexdsp_1.2.1.orig.tar.gz"
SHA256 = "8c777343e4a6399569c72abc38a95b24db56882c83dbdb6c6424a5f4aeb54d3d"
KEPT = ("COPYING", "libspeexdsp/")
# Of the library what the engine uses; its public headers are those of Debian's package, which the engine is compiled against.
SOURCES = ("mdf", "preprocess", "filterbank", "resample")
OURS = ROOT / "cffi_ext" / "speex"
DEFINES = ("-DFLOATING_POINT", "-DVAR_ARRAYS", '-DEXPORT=__attribute__((visibility("default")))')
# Sums may be added in another order. But what is no number stays one: the canceller starts anew when it finds one.
# Not for the linker: from it this would turn off the smallest numbers in the whole process.
ANY_ORDER = ("-ffast-math", "-fno-finite-math-only")
# The loader looks here first if the processor can (ld.so(8)): 256-bit vectors, multiplied and added in one.
WIDER = {"x86_64": ("glibc-hwcaps/x86-64-v3", "-march=x86-64-v3")}


def _build(log: Log, place: Path) -> None:
    debian_source.unpack(log, place, ARCHIVE, SHA256, KEPT)
    sources = [*(place / "libspeexdsp" / f"{name}.c" for name in SOURCES), *sorted(OURS.glob("*.c"))]
    _compile(log, sources, place)
    if platform.machine() in WIDER:
        folder, flag = WIDER[platform.machine()]
        _compile(log, sources, place / folder, flag)
    shutil.rmtree(place / "libspeexdsp")


def _compile(log: Log, sources: list[Path], folder: Path, *flags: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    objects = [folder / f"{source.stem}.o" for source in sources]
    for source, compiled in zip(sources, objects, strict=True):
        how = ("-O3", *ANY_ORDER, *flags, "-fPIC", "-fvisibility=hidden", *DEFINES, "-include", OURS / "single.h")
        log.run("cc", *how, "-c", "-o", compiled, source)
    log.run("cc", "-shared", f"-Wl,-soname,{SONAME}", "-o", folder / SONAME, *objects, "-lm")
    for compiled in objects:
        compiled.unlink()


INPUTS = (HERE, OURS, HERE.with_name("debian_source.py"), HERE.with_name("debian_tree.py"))
SPEEXDSP = Step("speexdsp", "speexdsp, compiled for vectors", INPUTS, FOLDER, _build, optional=True)
