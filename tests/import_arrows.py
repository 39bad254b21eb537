"""Who may know whom: the arrows between the parts, checked on the syntax tree of every file.

Nothing is imported, so the check also holds for MicroPython code and for files that do not run here.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What stock MicroPython for ESP32-S3 carries, as far as the firmware may use it.
MICROPYTHON_MODULES = frozenset(
    "array asyncio binascii collections cryptolib errno esp esp32 gc hashlib io json machine math "
    "micropython os random select struct sys time uctypes vfs".split()
)
# Words by which firmware could find out that it is simulated.
SIMULATOR_WORDS = re.compile(r"simulat|kinline_sim|is_sim|\bSIM\b|\bpty\b", re.IGNORECASE)
# What a pure module cannot need: I/O, clocks, threads, chance, and everything that wraps them.
IMPURE_MODULES = frozenset(
    "asyncio concurrent ctypes fcntl ftplib glob http httpx importlib io logging mmap multiprocessing os "
    "pathlib random requests secrets select selectors serial shutil signal smtplib socket socketserver "
    "sqlalchemy sqlite3 ssl structlog subprocess tempfile threading time typer urllib alembic cffi "
    "kinline_engine kinline_sim prometheus_client rich".split()
)
PURE_PACKAGES = ("rules", "calls", "accounts", "people", "handsets", "failure")
IMPURE_CALLS = frozenset({"open", "input", "print", "exec", "eval", "__import__"})
CLOCK_CALLS = frozenset({"now", "utcnow", "today"})
ENGINE_USERS = ("media", "switch")
C_TO_PYTHON = re.compile(r'#\s*include\s*[<"]Python\.h|\bPy[A-Z]\w*_\w+|extern\s+"Python|\bdef_extern\b|\bffi_callback\b')


@dataclass(frozen=True)
class Violation:
    """One arrow that points the wrong way."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def violations(root: Path) -> list[Violation]:
    """Every violation in the tree under `root`, which may lack any of the parts."""
    return [
        *_firmware(root / "firmware"),
        *_forbidden(root / "sim", {"kinline", "tests", "demo"}, "the simulator never imports the host"),
        *_forbidden(root / "cffi_ext", {"kinline", "kinline_sim", "tests", "demo"}, "the engine knows only itself"),
        *_host(root / "host" / "kinline"),
        *_contracts(root / "hw"),
        *_engine_in_c(root / "cffi_ext"),
    ]


def _firmware(folder: Path) -> Iterator[Violation]:
    own = {path.stem for path in folder.glob("*.py")} | {"handset"}
    for path, tree in _trees(folder):
        for line, module in _imports(tree, path, folder):
            if module.partition(".")[0] not in MICROPYTHON_MODULES | own:
                yield Violation(path, line, f"{module} is neither MicroPython's nor the firmware's own")
        for line, text in enumerate(path.read_text().splitlines(), 1):
            if found := SIMULATOR_WORDS.search(text):
                yield Violation(path, line, f"{found.group()}: firmware does not know that it may be simulated")


def _host(folder: Path) -> Iterator[Violation]:
    yield from _forbidden(folder, {"kinline_sim", "tests", "demo"}, "the host never imports the simulator")
    for path, tree in _trees(folder):
        room = path.relative_to(folder).parts[0].removesuffix(".py")
        imports = list(_imports(tree, path, folder.parent))
        if room not in ENGINE_USERS:
            for line, module in imports:
                if module.partition(".")[0] == "kinline_engine":
                    yield Violation(path, line, f"{module}: only {' and '.join(ENGINE_USERS)} use the engine")
        if room in PURE_PACKAGES:
            yield from _impure(path, tree, imports)


def _impure(path: Path, tree: ast.Module, imports: list[tuple[int, str]]) -> Iterator[Violation]:
    for line, module in imports:
        top, _, rest = module.partition(".")
        if top in IMPURE_MODULES:
            yield Violation(path, line, f"{module}: this package is pure")
        if top == "kinline" and rest and rest.partition(".")[0] not in PURE_PACKAGES:
            yield Violation(path, line, f"{module}: a pure package imports pure packages only")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield Violation(path, node.lineno, f"{node.func.id}(): this package is pure")
        if isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS and _is_clock(node.func.value):
            yield Violation(path, node.lineno, f"{node.func.attr}(): a pure package is told the time")


def _is_clock(owner: ast.expr) -> bool:
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return name in ("datetime", "date", "dt")


def _contracts(folder: Path) -> Iterator[Violation]:
    yield from _forbidden(
        folder,
        {"kinline", "kinline_sim", "kinline_engine", "tests", "demo"},
        "the contracts know none of their users",
    )


def _engine_in_c(folder: Path) -> Iterator[Violation]:
    for part in ("src", "include", "fuzz", "tests"):
        for path in sorted((folder / part).rglob("*.[ch]")):
            for line, text in enumerate(path.read_text().splitlines(), 1):
                if found := C_TO_PYTHON.search(text):
                    yield Violation(path, line, f"{found.group()}: C never calls Python")
    for path, tree in _trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in ("callback", "def_extern"):
                yield Violation(path, node.lineno, f"ffi.{node.attr}: C never calls Python")


def _forbidden(folder: Path, modules: set[str], reason: str) -> Iterator[Violation]:
    for path, tree in _trees(folder):
        for line, module in _imports(tree, path, folder):
            if module.partition(".")[0] in modules:
                yield Violation(path, line, f"{module}: {reason}")


def _trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(), str(path))


def _imports(tree: ast.Module, path: Path, base: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of each module that the file imports; `base` is where its package starts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from _with_submodules(node, node.module or "")
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(base).parts[: -node.level]
            yield from _with_submodules(node, ".".join([*package, *([node.module] if node.module else [])]))
        elif isinstance(node, ast.Call) and _is_import_call(node):
            argument = node.args[0]
            name = argument.value if isinstance(argument, ast.Constant) else "a computed name"
            yield node.lineno, str(name)


def _with_submodules(node: ast.ImportFrom, module: str) -> Iterator[tuple[int, str]]:
    """`from kinline import store` imports kinline.store, not kinline alone."""
    if module == "kinline":
        yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
    else:
        yield node.lineno, module


def _is_import_call(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in ("__import__", "import_module") and bool(node.args)
