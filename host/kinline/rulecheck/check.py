"""The check of one profile: its files, its schema, its model, its sense, and its prices against the law's caps."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache
from importlib import resources
from pathlib import Path as FilePath
from typing import Any, Literal

import jsonschema
from pydantic import ValidationError

from kinline.profiles import FileError, ParentError, ProfileFile, chain, merged, price_caps
from kinline.rulecheck.places import Places
from kinline.rulecheck.wording import in_words, is_unknown_key, path_of
from kinline.rules.caps import Service, excesses, prices
from kinline.rules.profile import Profile, validated
from kinline.rules.schema import EXTENDS, profile_schema
from kinline.rules.sense import Fault, Path, faults_in, misfits_in

# North American numbers 555-0100 to 555-0199 are kept for fiction (ATIS-0300115).
_FICTITIOUS = re.compile(r"^\+1\d{3}55501\d\d$")

_STAND_IN = "generic"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, or with level "note" something to know that keeps nothing from serving. Lines and columns begin at 1."""

    file: str
    line: int
    column: int
    key: str
    text: str
    level: Literal["error", "note"] = "error"


@dataclass(frozen=True, slots=True)
class Report:
    """`findings` are in the order of their places."""

    name: str
    files: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def in_order(self) -> bool:
        return not any(finding.level == "error" for finding in self.findings)


class _Pages:
    """The files that make the profile, and which of them says what."""

    def __init__(self, files: list[ProfileFile]) -> None:
        self.files = files
        self._places = {file.name: Places(file.text) for file in files}

    def finding(self, path: Path, text: str, at_key: bool = False, of: ProfileFile | None = None) -> Finding:
        file = of or next((file for file in self.files if path and path[0] in file.tables), self.files[0])
        places = self._places[file.name]
        line, column = places.key(path) if at_key else places.value(path)
        return Finding(str(file.file), line, column, ".".join(str(part) for part in path), text)


def check_profile(target: str, service: Service, in_service: bool = False, folder: FilePath | None = None) -> Report:
    """Check a profile by its file or, if there is no such file, by its name.

    A file of a site's own is checked as put into service. For a profile that comes with Kinline, some of which keep rules
    of the past, a price above a cap is only a note, unless `in_service`.

    Raises FileError if the file itself cannot be had; what is wrong inside it is a finding.
    """
    path = FilePath(target)
    own = path if path.suffix == ".toml" or path.is_file() or path.parent != FilePath() else None
    name = path.stem if own else target
    files: list[ProfileFile] = []
    try:
        for file in chain(name, path.parent if own else folder, own):
            files.append(file)
    except ParentError as error:
        return _report(name, files, [_Pages(files).finding((EXTENDS,), error.text, of=files[-1])])
    except FileError as error:
        if error.line is None:
            raise
        return _report(name, files, [Finding(error.file, error.line, error.column, "", error.text)])
    pages = _Pages(files)
    shipped = _is_shipped(files[0])
    found, sound = _structure(name, pages)
    if sound is not None:
        # Where a rule could not be read, another stood in for it, of which there is nothing to say.
        faulty = {finding.key.partition(".")[0] for finding in found}
        rest = [_fault(pages, fault) for fault in (*faults_in(sound), *misfits_in(sound))]
        rest += _prices(sound, pages, service, bound=in_service or not shipped)
        if not shipped:
            rest += _examples(sound, pages)
        found += [finding for finding in rest if finding.key.partition(".")[0] not in faulty]
    return _report(name, files, found)


def _fault(pages: _Pages, fault: Fault) -> Finding:
    finding = pages.finding(fault.path, fault.text)
    return replace(finding, level="note") if fault.harmless else finding


def _structure(name: str, pages: _Pages) -> tuple[list[Finding], Profile | None]:
    """Faults of keys and types, and the profile, in which the generic one's rules stand in for those with faults."""
    tables = merged(pages.files)
    try:
        profile = validated(name, tables)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    else:
        # The model is the stricter of the two; the schema that editors use is held to it here.
        silent = [pages.finding(path, text, of=file) for file in pages.files for path, text in _against_schema(file)]
        return silent, profile
    found = [pages.finding(path_of(item), in_words(item), at_key=is_unknown_key(item)) for item in faults]
    faulty = {path_of(item)[0] for item in faults}
    sound = {key: value for key, value in tables.items() if key not in faulty}
    try:
        return found, validated(name, merged(list(chain(_STAND_IN))) | sound)
    except ValidationError:
        return found, None


def _against_schema(file: ProfileFile) -> Iterator[tuple[Path, str]]:
    for error in _validator().iter_errors(_as_json(file.tables)):
        yield tuple(error.absolute_path), error.message


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(profile_schema())


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return value.isoformat() if isinstance(value, (date, datetime, time)) else value


def _prices(profile: Profile, pages: _Pages, service: Service, bound: bool) -> Iterator[Finding]:
    where = profile.jurisdiction
    known = replace(
        service,
        kind=service.kind or (where.kind if where else None),
        state=service.state or (where.state if where else None),
    )
    priced = any(price for _, price in prices(profile))
    if bound and priced and known.kind and not any(table.binds(known) for table in price_caps()):
        text = f"no price cap for {known.kind} facilities is known here for {known.day}; compare the price by hand"
        yield replace(pages.finding(("rate", "micros_per_minute"), text), level="note")
    for excess in excesses(profile, known, price_caps()):
        finding = pages.finding(excess.path, excess.text)
        yield finding if bound and excess.certain else replace(finding, level="note")


def _examples(profile: Profile, pages: _Pages) -> Iterator[Finding]:
    for index, line in enumerate(profile.named_numbers):
        if _FICTITIOUS.match(line.number):
            text = f"{line.number} is a number kept for fiction and reaches nobody; write the line's own"
            yield replace(pages.finding(("named_numbers", index, "number"), text), level="note")


def _is_shipped(file: ProfileFile) -> bool:
    return FilePath(str(file.file)).resolve().parent == FilePath(str(resources.files("kinline.rules") / "profiles")).resolve()


def _report(name: str, files: Iterable[ProfileFile], found: Iterable[Finding]) -> Report:
    order = [str(file.file) for file in files]
    ordered = sorted(found, key=lambda item: (order.index(item.file) if item.file in order else -1, item.line, item.column))
    return Report(name, tuple(order), tuple(ordered))
