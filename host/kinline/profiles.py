"""Reads the rules' data: the profiles that come with Kinline, a site's own before them, and the legal price caps."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from kinline.rules.caps import CapTable, cap_table
from kinline.rules.profile import Profile, ProfileError, profile_from
from kinline.rules.schema import EXTENDS
from kinline.rules.sense import faults_in

_SHIPPED = resources.files("kinline.rules")
# tomllib says where only in the text of its errors.
_TOML_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")


class FileError(ProfileError):
    """A file that cannot be had or read; `line` and `column` (from 1) where they are known."""

    def __init__(self, text: str, file: str = "", line: int | None = None, column: int = 1) -> None:
        super().__init__(f"{file}: {text}" if file else text)
        self.text, self.file, self.line, self.column = text, file, line, column


class ParentError(ProfileError):
    """`extends` names what cannot be a parent; `text` says why."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"profile {name}: {EXTENDS}: {text}")
        self.text = text


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """One file of a profile, as written."""

    name: str
    file: Traversable
    text: str
    tables: Mapping[str, Any]


def profile_names(folder: Path | None = None) -> list[str]:
    """Names of the profiles that there are."""
    places = [_SHIPPED / "profiles", *([folder] if folder and folder.is_dir() else [])]
    files = [entry.name for place in places for entry in place.iterdir()]
    return sorted({name.removesuffix(".toml") for name in files if name.endswith(".toml")})


@lru_cache(maxsize=64)
def load_profile(name: str, folder: Path | None = None) -> Profile:
    """A profile by name, from a site's own `folder` first. Raises ProfileError."""
    profile = profile_from(name, merged(list(chain(name, folder))))
    if faults := faults_in(profile):
        said = "; ".join(f"{'.'.join(str(part) for part in fault.path)}: {fault.text}" for fault in faults)
        raise ProfileError(f"profile {name}: {said}")
    return profile


def merged(files: list[ProfileFile]) -> dict[str, Any]:
    """The profile's tables over those of the profiles that it extends.

    A rule is replaced whole, never key by key, so that its source always speaks for all of it.
    """
    tables: dict[str, Any] = {}
    for file in reversed(files):
        tables |= file.tables
    tables.pop(EXTENDS, None)
    return tables


def chain(name: str, folder: Path | None = None, first: Path | None = None) -> Iterator[ProfileFile]:
    """The profile's file, its parent's, and so on; `first` is the first one where it is no known profile's.

    Raises FileError, and ParentError for what the file given last says in `extends`.
    """
    file = _read(name, first or _find(name, folder))
    passed = [name]
    while True:
        yield file
        parent = file.tables.get(EXTENDS)
        if parent is None:
            return
        if not isinstance(parent, str):
            raise ParentError(name, 'write the parent\'s name as text, for example "ct-doc"')
        if parent in passed:
            loop = " -> ".join([*passed, parent])
            raise ParentError(name, f"the profiles extend each other in a loop, {loop}; take one out")
        try:
            found = _find(parent, folder)
        except FileError as error:
            raise ParentError(name, str(error)) from error
        file = _read(parent, found)
        passed.append(parent)


@lru_cache(maxsize=1)
def price_caps() -> tuple[CapTable, ...]:
    """Every cap that Kinline knows of, in force or not."""
    files = sorted((_SHIPPED / "caps").iterdir(), key=lambda file: file.name)
    return tuple(cap_table(tomllib.loads(file.read_text(encoding="utf-8"))) for file in files if file.name.endswith(".toml"))


def _find(name: str, folder: Path | None) -> Traversable:
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise FileError(f"profile {name!r}: a profile's name has lower-case letters, digits and hyphens only")
    own = folder / f"{name}.toml" if folder else None
    source = own if own and own.is_file() else _SHIPPED / "profiles" / f"{name}.toml"
    if not source.is_file():
        raise FileError(f"profile {name!r} does not exist; known profiles: {', '.join(profile_names(folder))}")
    return source


def _read(name: str, file: Traversable) -> ProfileFile:
    try:
        text = file.read_text(encoding="utf-8-sig")
        return ProfileFile(name, file, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line, column = (int(place[1]), int(place[2])) if place else (len(text.splitlines()) or 1, 1)
        raise FileError(f"not readable as TOML: {error}", str(file), line, column) from error
    except UnicodeDecodeError as error:
        raise FileError(f"not readable as TOML: byte {error.start + 1} is not UTF-8; save it as UTF-8", str(file)) from error
    except (RecursionError, ValueError) as error:
        raise FileError(f"not readable as TOML: {error or 'too deeply nested'}", str(file)) from error
    except OSError as error:
        raise FileError(f"cannot be read: {error.strerror}; name a profile's file", str(file)) from error
