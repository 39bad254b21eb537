"""What the tests find on this machine: VMs, speech, peers. What is absent is skipped, with its reason."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure. CI tries the same examples each time, so that it judges the change and not the
# luck of the draw; a person's run tries new ones and prints how to repeat what it finds.
settings.register_profile("kinline", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("kinline")

from kinline.store.store import Store
from kinline_sim.machines import VmError, choose
from tests.breach import Breach
from tests.lanes import REAL_TIME
from tests.peers.asterisk import namespaces
from tests.peers.program import PeerError
from tests.store.backends import Backend, Postgresql, Sqlite
from tests.store.postgresql import Server
from tests.store.site import store_at

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", default="sim", help="the handset of tests/device: sim, sim:rfc2217, or hw: and a port")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where firmware, daemon and peers live in real time, one starved second of a shared machine breaks a test.

    Such a test runs again, at most twice, but for a Breach. The summary counts every rerun: one on a quiet machine is a bug.
    """
    for item in items:
        if item.path.relative_to(ROOT / "tests").parts[0] in REAL_TIME:
            item.add_marker(pytest.mark.flaky(reruns=2, rerun_except=Breach.__name__))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked each_vm runs on both; every other on one, see any_vm."""
    if metafunc.definition.get_closest_marker("each_vm"):
        metafunc.parametrize("vm_kind", ["unix", "wasm"], indirect=True)


def _require(path: Path, what: str) -> Path:
    if not path.exists():
        pytest.skip(f"{what} is missing at {path.relative_to(ROOT)}: run make setup")
    return path


def _require_command(name: str, package: str) -> None:
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed: apt-get install {package}")


@pytest.fixture(scope="session")
def micropython() -> Path:
    """The 32-bit MicroPython VM."""
    return _require(BUILD / "micropython" / "bin" / "micropython", "the 32-bit MicroPython")


@pytest.fixture(scope="session")
def micropython_wasm() -> Path:
    """The folder of the WebAssembly MicroPython's npm package, which holds micropython.mjs."""
    _require_command("node", "nodejs")
    package = "micropython-wasm/node_modules/@micropython/micropython-webassembly-pyscript"
    return _require(BUILD / package, "the WebAssembly MicroPython")


@pytest.fixture(scope="session")
def any_vm() -> str:
    """unix or wasm: the VM on which boards run here, unless KINLINE_VM says which."""
    try:
        return choose().kind
    except VmError as error:
        pytest.skip(str(error))


@pytest.fixture
def vm_kind(request: pytest.FixtureRequest) -> str:
    """The VM that this test's boards are to run on."""
    kind: str | None = getattr(request, "param", None)
    if kind is None:
        return str(request.getfixturevalue("any_vm"))
    request.getfixturevalue({"unix": "micropython", "wasm": "micropython_wasm"}[kind])
    return kind


@pytest.fixture
def every_vm(micropython: Path, micropython_wasm: Path) -> tuple[str, ...]:
    """Both, for a test that compares them."""
    return "unix", "wasm"


@pytest.fixture(scope="session")
def speech() -> dict[str, Path]:
    """One human voice a language, "en" and "es": 8 kHz mono 16-bit WAV, at least ten seconds long."""
    names = {language: BUILD / "speech" / language / "demo-congrats.wav" for language in ("en", "es")}
    return {language: _require(path, "human speech") for language, path in names.items()}


@pytest.fixture(scope="session")
def needs_sipp() -> None:
    _require_command("sipp", "sip-tester")


@pytest.fixture(scope="session")
def needs_baresip() -> None:
    _require_command("baresip", "baresip-core")


@pytest.fixture(scope="session")
def needs_asterisk() -> None:
    """Asterisk 22 in its tree, and the right to give it namespaces of its own."""
    _require(BUILD / "asterisk", "Asterisk 22")
    try:
        namespaces()
    except PeerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL of the tests' own, for the whole run."""
    try:
        server = Server()
    except PeerError as error:
        pytest.skip(str(error))
    with server:
        yield Postgresql(server)


@pytest.fixture
def postgresql(_postgresql: Postgresql) -> Iterator[Postgresql]:
    """Databases on PostgreSQL, gone after the test."""
    yield _postgresql
    _postgresql.drop_all()


@pytest.fixture(scope="session")
def _sqlite_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite-models")


@pytest.fixture
def sqlite(tmp_path: Path, _sqlite_models: Path) -> Sqlite:
    """Databases on SQLite, in the test's own folder."""
    return Sqlite(tmp_path, _sqlite_models)


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Both kinds of database, one after the other: whoever asks for a database through this is tested on both."""
    chosen: Backend = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def address(backend: Backend) -> str:
    """The address of a database with the small facility of `tests.store.site`, as `open_store` takes it."""
    return backend.furnished()


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """That database, open."""
    opened = store_at(address)
    yield opened
    opened.close()
