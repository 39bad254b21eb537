"""Logs: one JSON object a line, never with a PIN, key or password in it."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO

import structlog

Format = Literal["json", "text"]

REDACTED = "[redacted]"

# A key is secret if one of these is a word of its name ("pin", "new_pin", "sip-password"), so that a
# field like "spinning" or "mapping" stays readable.
_SECRET_WORDS = frozenset({"pin", "pins", "psk", "password", "passwd", "secret", "digits", "pepper", "passcode"})


def configure(level: str = "info", form: Format = "json", stream: TextIO | None = None) -> None:
    """Set up structlog for the process. Idempotent."""
    # structlog's own tracebacks show every variable, and with them any PIN that is in one.
    plain = structlog.dev.plain_traceback
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(exception_formatter=plain)
    )
    # Redaction stands after the exception's text is made and right before the renderer: nothing joins after it.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("event"),
            *([structlog.processors.format_exc_info] if form == "json" else []),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def log(**context: Any) -> Any:
    """A logger with some context bound to it."""
    return structlog.get_logger(**context)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Structlog processor: hides the value of every secret key, at any depth."""
    return {key: REDACTED if is_secret(key) else _clean(value) for key, value in event.items()}


def is_secret(key: str) -> bool:
    words = key.lower().replace("-", "_").replace(".", "_").split("_")
    return not _SECRET_WORDS.isdisjoint(words)


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: REDACTED if is_secret(str(key)) else _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
