"""The firmware's logic on CPython, on the 32-bit VM and on the firmware's own version: the same checks, the same
golden frames."""

import importlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "tests/firmware/on_both").glob("check_*.py"))


def _checks() -> list[tuple[str, str]]:
    names = []
    for module in MODULES:
        text = (ROOT / f"tests/firmware/on_both/{module}.py").read_text()
        names += [(module, line[4 : line.index("(")]) for line in text.splitlines() if line.startswith("def check_")]
    return names


@pytest.mark.parametrize(("module", "check"), _checks())
def test_on_cpython(module: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    run: Callable[[], None] = getattr(importlib.import_module(module), check)
    run()


@pytest.mark.vm
@pytest.mark.parametrize("module", MODULES)
def test_on_the_vm(module: str, micropython: Path) -> None:
    command = [str(micropython), "-X", "heapsize=2M", "tests/firmware/run_checks.py", module]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    expected = [f"ok {name} {check}" for name, check in sorted(_checks()) if name == module]
    assert run.stdout.splitlines() == expected, run.stdout + run.stderr


def _wasm(package: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["node", "sim/kinline_sim/wasm/run.mjs", str(package), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_firmware_compiles_on_its_own_version(micropython_wasm: Path) -> None:
    files = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "firmware").rglob("*.py"))]
    run = _wasm(micropython_wasm, "compile", *files)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("module", MODULES)
def test_on_webassembly(module: str, micropython_wasm: Path) -> None:
    run = _wasm(
        micropython_wasm,
        "run",
        "firmware",
        "tests/firmware/on_both",
        "hw/vectors.json",
        "--",
        "tests/firmware/run_checks.py",
        module,
    )
    expected = [f"ok {name} {check}" for name, check in sorted(_checks()) if name == module]
    assert run.stdout.splitlines() == expected, run.stdout + run.stderr
