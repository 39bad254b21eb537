"""Reads the profiles: those that come with Kinline, and a site's own before them."""

import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from kinline.rules.profile import Profile, ProfileError, profile_from

_LONGEST_CHAIN = 8


def profile_names(folder: Path | None = None) -> list[str]:
    """Names of the profiles that there are."""
    places = [resources.files("kinline.rules") / "profiles", *([folder] if folder and folder.is_dir() else [])]
    files = [entry.name for place in places for entry in place.iterdir()]
    return sorted({name.removesuffix(".toml") for name in files if name.endswith(".toml")})


@lru_cache(maxsize=64)
def load_profile(name: str, folder: Path | None = None) -> Profile:
    """A profile by name, from a site's own `folder` first. Raises ProfileError."""
    return profile_from(name, _merged(name, folder, depth=0))


def _merged(name: str, folder: Path | None, depth: int) -> dict[str, Any]:
    """The profile's tables over those of the profile that it extends.

    A rule is replaced whole, never key by key, so that its source always speaks for all of it.
    """
    tables = _read(name, folder)
    parent = tables.pop("extends", None)
    if parent is None:
        return tables
    if depth == _LONGEST_CHAIN:
        raise ProfileError(f"profile {name}: extends: the chain of profiles is a loop; name a parent that ends it")
    if not isinstance(parent, str):
        raise ProfileError(f'profile {name}: extends: write the parent\'s name as text, for example "ct-doc"')
    return _merged(parent, folder, depth + 1) | tables


def _read(name: str, folder: Path | None) -> dict[str, Any]:
    if not name or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ProfileError(f"profile {name!r}: a profile's name has lower-case letters, digits and hyphens only")
    own = folder / f"{name}.toml" if folder else None
    source = own if own and own.is_file() else resources.files("kinline.rules") / "profiles" / f"{name}.toml"
    if not source.is_file():
        raise ProfileError(f"profile {name!r} does not exist; known profiles: {', '.join(profile_names(folder))}")
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ProfileError(f"{source}: not readable as TOML: {error}") from error
