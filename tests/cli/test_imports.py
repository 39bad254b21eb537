"""What a verb makes its user wait for: the libraries that a fresh interpreter has imported once the verb is done."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from typer.main import get_group
from typer.testing import CliRunner

from kinline.cli import app
from kinline.cli.later import Later
from kinline.cli.tech import tech_app
from tests.cli.test_cli import Site

_SCRIPT = """
import atexit, sys
atexit.register(lambda: print("imported:", *sys.modules, file=sys.stderr))
sys.argv = ["kinline", *sys.argv[1:]]
from kinline.cli import main
main()
"""
DATABASE = {"sqlalchemy", "alembic", "psycopg", "kinline.store.store"}
SOUND = {"numpy", "kinline_engine", "kinline.prompts", "kinline.daemon.run"}
SERVING = {"fastapi", "uvicorn", "prometheus_client", "matplotlib"}
CHECKING = {"pydantic", "phonenumbers", "kinline.rules", "kinline.operations.operation"}
SERVED = SOUND | SERVING


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("site"))
    made.ok("init", str(made.folder), "--facility", "north")
    return made


def imported(arguments: list[str], environment: dict[str, str], code: int = 0) -> tuple[set[str], str]:
    """The modules, and what was printed."""
    command = [sys.executable, "-c", _SCRIPT, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert done.returncode == code, done
    found = re.search(r"^imported: (.*)$", done.stderr, re.MULTILINE)
    assert found, done.stderr
    return set(found[1].split()), done.stdout


def completed(line: str) -> dict[str, str]:
    return {"_KINLINE_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}


@pytest.mark.parametrize(
    ("verb", "unwanted"),
    [
        ("--help", DATABASE | SERVED | CHECKING),
        ("--version", DATABASE | SERVED | CHECKING | {"rich"}),
        ("calls --help", DATABASE | SERVED),
        ("facility add --help", DATABASE | SERVED),
        ("monitor listen --help", DATABASE | SERVED),
        ("daemon --help", DATABASE | SERVED),
        ("console --help", DATABASE | SERVED),
        ("prompts say --help", DATABASE | SERVED),
        ("rules check --help", DATABASE | SERVED | {"jsonschema", "tree_sitter"}),
        ("tech --help", DATABASE | SERVED | {"kinline.rules", "serial", "cryptography", "segno"}),
        ("tech detect --help", DATABASE | SERVED | {"kinline.rules", "segno"}),
        ("rules profiles", DATABASE | SERVED | {"kinline.operations.operation"}),
        ("config check", SERVED | {"alembic", "psycopg", "kinline.operations.people"}),
        ("calls list", SERVED | {"alembic", "psycopg", "kinline.operations.people"}),
        ("handset list", SERVED | {"alembic", "psycopg", "kinline.operations.people"}),
    ],
)
def test_nobody_waits_for_what_their_verb_does_not_need(site: Site, verb: str, unwanted: set[str]) -> None:
    modules, _ = imported(verb.split(), site.environment)
    found = unwanted & modules
    assert not found


@pytest.mark.parametrize(
    ("line", "unwanted"),
    [
        ("kinline ca", DATABASE | SERVED | CHECKING - {"pydantic"}),  # which Typer itself asks
        ("kinline tech s", DATABASE | SERVED | CHECKING - {"pydantic"}),
        ("kinline calls l", DATABASE | SERVED),
        ("kinline recordings play --o", DATABASE | SERVED),
    ],
)
def test_nor_does_who_completes(site: Site, line: str, unwanted: set[str]) -> None:
    modules, _ = imported([], site.environment | completed(line))
    found = unwanted & modules
    assert not found


def test_who_asks_the_daemon_does_not_import_it(site: Site) -> None:
    modules, _ = imported(["monitor", "calls"], site.environment, code=2)
    assert "kinline.live.client" in modules and not (SERVED | {"alembic", "psycopg"}) & modules


def test_completion_has_every_name_and_its_help(site: Site) -> None:
    for line in ("kinline ", "kinline tech "):
        _, offered = imported([], site.environment | completed(line))
        for part in listed(line.split()[1:]):
            assert part.help and f'"{part.name}":"{part.help.split()[0].rstrip(":")}' in offered


def listed(path: list[str]) -> Iterator[Later]:
    """What stands in a group to be imported later."""
    parts = get_group(tech_app if path else app).commands.values()
    yield from (part for part in parts if isinstance(part, Later))


@pytest.mark.parametrize("path", [[], ["tech"]], ids=["kinline", "tech"])
def test_every_part_that_is_listed_can_be_imported_and_says_the_same(path: list[str]) -> None:
    parts = list(listed(path))
    assert len(parts) > 10
    for part in parts:
        assert part.name and part.help and part.help.endswith(".")
        answered = CliRunner().invoke(app, [*path, part.name, "--help"], env={"COLUMNS": "300"})
        assert answered.exit_code == 0 and part.help in answered.output, (part.name, answered.output, answered.exception)


def test_the_version_is_told(site: Site) -> None:
    assert re.fullmatch(r"kinline \d+\.\d+\.\d+\n", site.ok("--version"))
