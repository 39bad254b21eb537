"""Write what follows from the calling rules: the profiles' JSON schema, and docs/rules.md from the fixtures.

Usage: python docs/generate.py [--check]      --check changes nothing and exits 1 when a file differs.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kinline.profiles import load_profile, price_caps, profile_names  # noqa: E402
from kinline.rules.caps import CapTable  # noqa: E402
from kinline.rules.schema import profile_schema  # noqa: E402
from tests.rules.fixtures import FOLDER, Fixture, Page, pages  # noqa: E402

SCHEMA = ROOT / "host/kinline/rules/profile.schema.json"
RULES = ROOT / "docs/rules.md"
INTRODUCTION = ROOT / "docs/rules-introduction.md"


def schema_text() -> str:
    return json.dumps(profile_schema(), indent=2) + "\n"


def rules_page() -> str:
    """The page for people: rule, source, fixture, then the profiles and the caps."""
    parts = [
        "<!-- GENERATED from tests/rules/fixtures and the profiles by docs/generate.py (make gen). Do not edit. -->",
        INTRODUCTION.read_text(encoding="utf-8").rstrip(),
        *(_section(page) for page in pages()),
        _profiles(),
        _caps(price_caps()),
    ]
    return "\n\n".join(parts) + "\n"


def _section(page: Page) -> str:
    where = (FOLDER / f"{page.file}.toml").relative_to(ROOT)
    rows = [_row(fixture) for fixture in page.fixtures]
    return "\n".join(
        [f"## {page.title}", "", f"{page.about} Fixtures: [{where.name}](../{where}).", "", "| Rule | Source | Fixture |",
         "|---|---|---|", *rows]
    )  # fmt: skip


def _row(fixture: Fixture) -> str:
    return f"| {_cell(fixture.rule)} | {_linked(fixture.source, fixture.url)} | `{fixture.name}`, {_tried(fixture)} |"


def _tried(fixture: Fixture) -> str:
    if fixture.kind == "test":
        return "shown by " + ", ".join(f"`{test.rpartition('::')[2]}`" for test in fixture.tests)
    count = len(fixture.cases)
    return f"{count} case{'' if count == 1 else 's'}"


def _profiles() -> str:
    rows = []
    for name in profile_names():
        profile = load_profile(name)
        where = profile.jurisdiction
        place = f"{where.kind}, {where.state}" if where and where.state else where.kind if where else ""
        rows.append(f"| `{name}` | {_cell(profile.title)} | {place} | {_dollars(profile.rate.micros_per_minute)} |")
    lines = ["## Profiles", "", "| Profile | Title | Facility | A minute |", "|---|---|---|---|", *rows]
    return "\n".join(lines)


def _caps(tables: Iterable[CapTable]) -> str:
    lines = ["## Price caps", "", "| Cap | In force | For | A minute |", "|---|---|---|---|", *_cap_rows(tables)]
    return "\n".join(lines)


def _cap_rows(tables: Iterable[CapTable]) -> Iterator[str]:
    for table in tables:
        until = f" to {table.last_day}" if table.last_day else ""
        state = f" in {table.state}" if table.state else ""
        for cap in table.caps:
            yield (
                f"| {_linked(table.title, table.url)} | from {table.first_day}{until} | {cap}{state} "
                f"| {_dollars(cap.micros_per_minute)} |"
            )


def _linked(text: str, url: str | None) -> str:
    return f"[{_cell(text)}]({url})" if url else _cell(text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _dollars(micros: int) -> str:
    return "free" if micros == 0 else f"${micros / 1_000_000:.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file differs")
    check = parser.parse_args().check
    stale = 0
    for path, text in ((SCHEMA, schema_text()), (RULES, rules_page())):
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} differs from its source; run make gen and commit it", file=sys.stderr)
            stale = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return stale


if __name__ == "__main__":
    sys.exit(main())
