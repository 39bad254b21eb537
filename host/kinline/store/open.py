"""Opening a site's database with its secret."""

import os
import secrets
from pathlib import Path

from kinline.accounts.pins import PinBook
from kinline.accounts.tokens import TokenBook
from kinline.store.database import connect
from kinline.store.errors import StoreError
from kinline.store.migrate import upgrade
from kinline.store.store import Store

SECRET_BYTES = 32


def open_store(url: str, secret: bytes) -> Store:
    """Open a database, bringing its tables up to date. Raises StoreError naming the file and the next step."""
    engine = connect(url)
    try:
        upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, PinBook(secret), TokenBook(secret))


def site_secret(file: Path) -> bytes:
    """The site's secret, made at the first use. It belongs in the backup, but not beside the database's."""
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(SECRET_BYTES))
        secret = file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: the site secret cannot be read or made: {error.strerror}; check the folder") from error
    if len(secret) != SECRET_BYTES:
        raise StoreError(f"{file}: the site secret must have {SECRET_BYTES} bytes; restore it from the backup")
    return secret
