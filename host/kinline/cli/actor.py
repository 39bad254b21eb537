"""Who has this command line."""

import getpass
import os


def actor() -> str:
    """Who the audit log names for what is done here."""
    return os.environ.get("SUDO_USER") or getpass.getuser()
