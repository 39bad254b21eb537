"""Each key, live: pressed with the handset lifted, told by the firmware as a caller's would be."""

from kinline.handsets import _board as board
from kinline.handsets import _link as wire
from kinline.technician.selftest.bench import Bench, Hand, failed

ALL = "".join(board.KEYS)


def keys(bench: Bench) -> str:
    """Every key is seen once. Raises Trouble naming the first that is not."""
    down = bench.measure().keys
    if down:
        stuck = "".join(key for index, key in enumerate(ALL) if down >> index & 1)
        raise failed("key-stuck", f"nobody presses, but down: {_named(stuck)}", _look_at(stuck[0]))
    bench.link.messages[:] = [message for message in bench.link.messages if _pressed(message) is None]
    bench.ask(Hand.PRESS_KEYS)
    seen: list[str] = []

    def another() -> bool:
        for message in list(bench.link.messages):
            key = _pressed(message)
            if key is None:
                continue
            bench.link.messages.remove(message)
            if key in ALL and key not in seen:
                seen.append(key)
                bench.key_seen(key, len(seen), len(ALL))
                return True
        return False

    while len(seen) < len(ALL):
        if not bench.link.until(another, bench.patience_s):
            missing = "".join(key for key in ALL if key not in seen)
            raise failed("key-dead", f"{_named(missing)} did not come", _look_at(missing[0]))
    return f"all {len(ALL)} keys"


def _pressed(message: wire.Message) -> str | None:
    """The key that a message tells of; those for the volume have one of their own."""
    match message:
        case wire.Key(key):
            return chr(key)
        case wire.Volume(louder):
            return "+" if louder else "-"
        case _:
            return None


def _named(which: str) -> str:
    return f"key {which}" if len(which) == 1 else f"keys {' '.join(which)}"


def _look_at(key: str) -> str:
    row, column = divmod(ALL.index(key), len(board.KEYS[0]))
    return f"check key {key} in row {row + 1}, column {column + 1}: its switch, its diode, its ribbon wires"
