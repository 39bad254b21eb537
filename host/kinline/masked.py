"""A database's address without its password, for everything that is shown, logged or told."""

import re


def masked(address: str) -> str:
    """A database's address as it may be shown: its password is stars, wherever in the address it stands."""
    return re.sub(r"(://[^:/@]*:).*(?=@)|(?<=password=)[^&]*", lambda found: f"{found[1] or ''}***", address)
