"""The wire's numbers, written down a second time: who changes one breaks every handset in the field."""

import pytest

from kinline.handsets import _link as wire
from tests.link.contracts import LINK

IDS = {
    0x14: "Bounce", 0x2C: "Loops", 0x2D: "Readings", 0x50: "Measure", 0x51: "Rekey",
    0x01: "Hello", 0x02: "Welcome", 0x03: "Refuse", 0x04: "Probe",
    0x11: "Ping", 0x12: "Pong", 0x13: "Ack",
    0x20: "Snapshot", 0x21: "Hook", 0x22: "Key", 0x23: "Entry", 0x24: "TalkEnded",
    0x25: "Health", 0x26: "Events", 0x27: "Volume", 0x28: "UpdateWant", 0x29: "UpdateState", 0x2A: "Slots",
    0x40: "Listen", 0x41: "Collect", 0x42: "CollectEnd", 0x43: "Talk", 0x44: "End", 0x45: "Show",
    0x46: "Reboot", 0x47: "Report", 0x4A: "UpdateOffer", 0x4B: "UpdateData", 0x4C: "UpdateApply",
    0x4D: "UpdateCancel", 0x4E: "SlotSwitch", 0x4F: "SlotsAsk",
}  # fmt: skip

CONSTANTS = {
    "SYNC": b"\x4b\xd7", "MAJOR": 1, "AUDIO": 0x10,
    "HEADER_BYTES": 12, "SEALED_FROM": 0x10, "RELIABLE_FROM": 0x20, "TAG_BYTES": 8, "AUDIO_BYTES": 640,
    "CONTROL_BYTES": 256, "REPLAY_WINDOW": 24, "TICKS_PERIOD": 1 << 30, "NONCE_BYTES": 16, "PROOF_BYTES": 16,
    "LABEL_D2H_CIPHER": b"kinline 1 handset cipher", "LABEL_D2H_TAG": b"kinline 1 handset tag",
    "LABEL_H2D_CIPHER": b"kinline 1 host cipher", "LABEL_H2D_TAG": b"kinline 1 host tag",
    "LABEL_PROOF": b"kinline 1 host proof",
    "REFUSE_MAJOR": 1, "REFUSE_UNKNOWN_DEVICE": 2,
    "RESET_POWER_ON": 1, "RESET_WATCHDOG": 2, "RESET_SOFT": 3, "RESET_FAULT": 4,
    "RESET_MEMORY": 5, "RESET_UPDATE": 6,
    "PHASE_ON_HOOK": 0, "PHASE_LISTEN": 1, "PHASE_TALK": 2, "PHASE_OVER": 3,
    "COLLECT_DIGIT": 1, "COLLECT_SECRET": 2, "COLLECT_NUMBER": 3,
    "ENTRY_COMPLETE": 1, "ENTRY_TIMEOUT": 2,
    "CAUSE_DEADLINE": 1, "CAUSE_ON_HOOK": 2, "CAUSE_HOST": 3,
    "WIRES_SHORT": 0, "WIRES_CLOSED": 1, "WIRES_OPEN": 2, "WIRES_CUT": 3,
    "MAGNET_UNKNOWN": 0, "MAGNET_OWN": 1, "MAGNET_FOREIGN": 2, "SUPPLY_GOOD": 0, "SUPPLY_LOW": 1, "SUPPLY_HIGH": 2,
    "LAMP_OFF": 0, "LAMP_READY": 1, "LAMP_BUSY": 2,
    "UPDATE_READY": 1, "UPDATE_APPLYING": 2, "UPDATE_CURRENT": 3, "UPDATE_REFUSED": 4, "UPDATE_FAILED": 5,
    "REASON_NONE": 0, "REASON_BUSY": 1, "REASON_SPACE": 2, "REASON_FLASH": 3, "REASON_DAMAGED": 4, "REASON_SIGNATURE": 5,
    "REASON_FOREIGN": 6, "REASON_REVISION": 7, "REASON_DOWNGRADE": 8, "REASON_MALFORMED": 9, "REASON_ABSENT": 10,
}  # fmt: skip

# Once promised, sent by nobody: no module names them, and no other meaning gets their numbers.
RESERVED = {
    ("refuse", "busy"): 3, ("entry", "overflow"): 3, ("cause", "link_lost"): 4, ("cause", "fault"): 5, ("lamp", "trouble"): 3,
}  # fmt: skip

# One message of each layout, byte by byte: order and width of the fields are part of the contract.
BODIES = {
    "01 00 04030201 0d0c0b0a" + "00" * 16 + "02 7731 01 62":
        wire.Hello(1, 0, 0x01020304, 0x0A0B0C0D, bytes(16), "w1", "b"),
    "07 00" + "11" * 16 + "22" * 16: wire.Welcome(7, 0, b"\x11" * 16, b"\x22" * 16),
    "02 01 00 02 6f6b": wire.Refuse(2, 1, 0, "ok"),
    "": wire.Probe(),
    "0201": wire.Ping(0x0102),
    "0201 06050403": wire.Pong(0x0102, 0x03040506),
    "ffff": wire.Ack(0xFFFF),
    "01 02 04030201 08070605 0c0b0a09 04 100f0e0d":
        wire.Snapshot(1, 2, 0x01020304, 0x05060708, 0x090A0B0C, 4, 0x0D0E0F10),
    "01 04030201": wire.Hook(1, 0x01020304),
    "35 04030201": wire.Key(ord("5"), 0x01020304),
    "0201 01 02 3132": wire.Entry(0x0102, 1, b"12"),
    "04030201 05 08070605 0c0b0a09": wire.TalkEnded(0x01020304, 5, 0x05060708, 0x090A0B0C),
    "01000000 02000000 03000000 0400 0500 0600 0700": wire.Health(1, 2, 3, 4, 5, 6, 7),
    "01 02 6869": wire.Events(1, "hi"),
    "01 08070605": wire.Volume(1, 0x05060708),
    "04030201": wire.Listen(0x01020304),
    "0201 03 04 05 23 0706 0908": wire.Collect(0x0102, 3, 4, 5, ord("#"), 0x0607, 0x0809),
    "0202": wire.CollectEnd(0x0202),
    "01000000 02000000 03000000": wire.Talk(1, 2, 3),
    "05000000": wire.End(5),
    "03": wire.Show(3),
    "04030201 0605": wire.UpdateWant(0x01020304, 0x0506),
    "04 08 02 6e6f": wire.UpdateState(4, 8, "no"),
    "01 00 01 61 01 62 00": wire.Slots(1, 0, "a", "b", ""),
    "04030201" + "33" * 32: wire.UpdateOffer(0x01020304, b"\x33" * 32),
    "04030201 02 0506": wire.UpdateData(0x01020304, b"\x05\x06"),
    "0201 02 0304": wire.Bounce(0x0102, b"\x03\x04"),
    "01 02 03 01 02 0605": wire.Loops(1, 2, 3, 1, 2, 0x0506),
    "0100 0200 0300 0400 0500 0600 0700 0800 01": wire.Readings(1, 2, 3, 4, 5, 6, 7, 8, 1),
    "0300": wire.Measure(3),
    "07" + "44" * 16: wire.Rekey(7, b"\x44" * 16),
}  # fmt: skip

EMPTY = {wire.UpdateApply, wire.UpdateCancel, wire.SlotSwitch, wire.SlotsAsk}


def test_message_ids() -> None:
    assert {number: message.__name__ for number, message in wire.MESSAGES.items()} == IDS


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant(name: str) -> None:
    assert getattr(wire, name) == CONSTANTS[name]


def test_no_enumeration_value_is_missing_here() -> None:
    prefixes = ("REFUSE_", "RESET_", "PHASE_", "COLLECT_", "ENTRY_", "CAUSE_", "LAMP_", "LABEL_", "WIRES_", "MAGNET_", "SUPPLY_")
    assert {name for name in vars(wire) if name.startswith(prefixes)} <= CONSTANTS.keys()


def test_reserved_values_keep_their_numbers_and_have_no_names_in_code() -> None:
    assert {(enum, name): LINK.enums[enum][name] for enum, names in LINK.reserved.items() for name in names} == RESERVED
    assert not [name for enum, name in RESERVED if hasattr(wire, f"{enum}_{name}".upper())]


@pytest.mark.parametrize(("body", "message"), BODIES.items(), ids=lambda v: type(v).__name__)
def test_layout(body: str, message: wire.Message) -> None:
    assert message.encode() == bytes.fromhex(body)


def test_every_layout_is_written_down() -> None:
    assert {type(message) for message in BODIES.values()} | EMPTY | {wire.Reboot, wire.Report} == set(wire.MESSAGES.values())
