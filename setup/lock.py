"""Write setup/requirements.txt and setup/typings.txt: every version exact, every file by its sha256.

pip-compile, in an environment of its own, takes the direct dependencies from pyproject.toml and lists the
hashes of every file of each release, so one list serves every Python version and machine. No index address
is written.
"""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "build" / "lock"
PIP_TOOLS = "pip-tools==7.6.2"
TYPINGS = "micropython-esp32-stubs==1.29.0.post1"
OPTIONS = [
    "--quiet", "--generate-hashes", "--allow-unsafe", "--strip-extras", "--no-header", "--no-annotate",
    "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host",
]  # fmt: skip


def main() -> None:
    venv.create(TOOLS, with_pip=True, clear=True)
    subprocess.run([TOOLS / "bin/pip", "install", "--quiet", PIP_TOOLS], check=True)
    compile_list("requirements.txt", ROOT / "pyproject.toml", "--extra", "test")
    wish = TOOLS / "typings.in"
    wish.write_text(f"{TYPINGS}\n")
    compile_list("typings.txt", wish)


def compile_list(name: str, source: Path, *extra: str) -> None:
    """Run pip-compile on the source and put its result, under a note of its origin, into setup/."""
    written = TOOLS / name
    command = [TOOLS / "bin/pip-compile", *OPTIONS, *extra, "--output-file", written, source]
    subprocess.run(command, check=True)
    (ROOT / "setup" / name).write_text(f"# Written by `make lock`. Do not edit.\n{written.read_text()}")


if __name__ == "__main__":
    sys.exit(main())
