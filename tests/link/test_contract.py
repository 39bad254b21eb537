"""A contract that cannot be right is refused with its file, its entry and the next step."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.link.contracts import BOARD, HW, LINK, contracts


def _refusal(tmp_path: Path, name: str, load: Callable[[Path], object], old: str, new: str) -> str:
    text = (HW / name).read_text()
    assert old in text, f"{name} has no {old!r} any more: mend this test"
    (tmp_path / name).write_text(text.replace(old, new, 1))
    with pytest.raises(contracts.ContractError) as refusal:
        load(tmp_path / name)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id = 0x21", "id = 0x20", r"messages.hook: id 0x20 belongs to snapshot; take the next free one"),
        ("\n[retired]\n", "\n[retired]\nring = 0x21\n", r"messages.hook: id 0x21 belongs to retired ring"),
        (
            'off_hook = "u8", ticks',
            'off_hook = "u9", ticks',
            r"messages.hook.off_hook: unknown type 'u9'; use u8",
        ),
        ('direction = "d2h"', 'direction = "up"', r"messages.hello: direction is d2h, h2d or both, not 'up'"),
        (
            'hint = "text<80"',
            'hint = "text<256"',
            r"messages.refuse.hint: one length byte holds at most 255, not 256",
        ),
        (
            'text = "text<200"',
            'text = "text<254"',
            r"messages.events: up to 256 bytes exceed frame.control_bytes",
        ),
        (
            'more = "u8", text = "text<200"',
            'text = "text<200", more = "u8"',
            r"messages.events.more: variable fields",
        ),
        ("audio_bytes = 640", "audio_bytes = 641", r"frame.audio_bytes must be whole AES blocks"),
        (
            'secret = ["digits"]',
            'secret = ["pin"]',
            r"messages.entry.secret: names pin, which is no field of it",
        ),
        ('idempotent = true\ndoc = "Asks', 'doc = "Asks', r"messages.hello: idempotent is missing"),
        ("id = 0x01", "id = 0x101", r"messages.hello: id 0x101 does not fit its byte"),
        ("[messages.probe]", "[messages.probe", r"not TOML"),
        ('refuse = ["busy"]', 'refuse = ["tired"]', r"reserved.refuse: tired is no value of enums.refuse"),
    ],
)
def test_link_error_names_file_and_entry(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = _refusal(tmp_path, "link.toml", contracts.load_link, old, new)
    assert message.startswith("link.toml: ")
    assert said in message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("gpio = 2\n", "gpio = 1\n", "pins.CORD_SENSE: GPIO 1 is already HOOK_SENSE"),
        ('rows = ["KEY_R1"', 'rows = ["KEY_R9"', "matrix.rows names KEY_R9, which is no pin"),
        ('"123+"', '"123"', "matrix.keys needs one character for each row and column"),
        ("[hook]", "[hooks]", "hook is missing"),
        ("gpio = 35\n", "", "pins.LED_STATUS: gpio is missing"),
    ],
)
def test_board_error_names_file_and_entry(tmp_path: Path, old: str, new: str, said: str) -> None:
    message = _refusal(tmp_path, "board.toml", contracts.load_board, old, new)
    assert message.startswith("board.toml: ")
    assert said in message


def test_the_schema_follows_the_wire_and_not_its_words(tmp_path: Path) -> None:
    text = (HW / "link.toml").read_text()
    worded, widened = tmp_path / "worded.toml", tmp_path / "widened.toml"
    worded.write_text(text.replace("The hook has settled.", "The hook is at rest."))
    widened.write_text(text.replace('{ limit = "u32" }', '{ limit = "u16" }'))
    assert contracts.load_link(worded).schema == LINK.schema
    assert contracts.load_link(widened).schema != LINK.schema


def test_reliable_messages_leave_room_for_their_number() -> None:
    reliable = [m for m in LINK.messages if m.id >= LINK.frame["reliable_from"]]
    assert all(m.longest + 2 <= LINK.frame["control_bytes"] for m in reliable)


def test_the_talk_relay_falls_off_by_itself() -> None:
    """The keep-alive rests low, and a pump no longer toggled releases well inside the 250 ms."""
    assert BOARD.pins["AUDIO_KEEPALIVE"].safe == 0
    assert BOARD.relay["pump_tau_ms"] * 2.303 < 250  # ln(10): down to a tenth
