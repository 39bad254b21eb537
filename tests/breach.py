"""What no busy machine excuses."""


class Breach(AssertionError):
    """Somebody was heard, recorded or charged who never may be. Such a test is not tried again (tests/conftest.py)."""


def never(happened: object, what: str) -> None:
    """Raises Breach if it happened; `what` says it in a sentence."""
    if happened:
        raise Breach(what)
