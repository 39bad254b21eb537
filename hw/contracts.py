"""Read board.toml and link.toml into checked records; every mistake names its file and place."""

import re
import struct
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIXED = {"u8": "B", "u16": "H", "u32": "I"}


class ContractError(ValueError):
    """A contract that cannot be right: the text names the file, the entry and what to write instead."""


@dataclass(frozen=True)
class Field:
    name: str
    kind: str

    @property
    def code(self) -> str:
        """The struct code of a fixed field, or '' for a variable one."""
        if self.kind in _FIXED:
            return _FIXED[self.kind]
        match = re.fullmatch(r"bytes(\d+)", self.kind)
        return f"{match[1]}s" if match else ""

    @property
    def limit(self) -> int:
        match = re.fullmatch(r"(?:blob|text)<(\d+)", self.kind)
        return int(match[1]) if match else 0

    @property
    def python(self) -> str:
        return "int" if self.kind in _FIXED else "text" if self.kind.startswith("text") else "bytes"


@dataclass(frozen=True)
class Message:
    name: str
    id: int
    direction: str
    idempotent: bool
    doc: str
    fields: tuple[Field, ...]
    secret: tuple[str, ...]  # fields that must never show in a log

    @property
    def raw(self) -> bool:
        return any(f.kind.startswith("raw") for f in self.fields)

    @property
    def class_name(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def fixed(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.code)

    @property
    def variable(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if f.limit)

    @property
    def fixed_format(self) -> str:
        return "<" + "".join(f.code for f in self.fixed)

    @property
    def fixed_size(self) -> int:
        return struct.calcsize(self.fixed_format)

    @property
    def longest(self) -> int:
        return self.fixed_size + sum(1 + f.limit for f in self.variable)


@dataclass(frozen=True)
class Link:
    major: int
    minor: int
    schema: int
    frame: dict[str, Any]
    keys: dict[str, Any]
    timing: dict[str, int]
    enums: dict[str, dict[str, int]]
    reserved: dict[str, list[str]]  # by enumeration, the values of it that nobody sends
    messages: tuple[Message, ...]
    retired: dict[str, int]


@dataclass(frozen=True)
class Pin:
    gpio: int
    mode: str
    safe: int | None
    direction: str = ""  # of the pins of a shared peripheral: in or out
    floats: bool = False  # an output that is driven by nobody until the firmware runs


@dataclass(frozen=True)
class Board:
    name: str
    revision: str
    module: str
    flash_bytes: int
    filesystem_offset: int
    filesystem_bytes: int
    pins: dict[str, Pin]
    matrix: dict[str, Any]
    hook: dict[str, int]
    loops: dict[str, Any]
    relay: dict[str, float]
    audio: dict[str, int]
    uart: dict[str, int]
    i2s: dict[str, int]
    watchdog: dict[str, int]
    magnet: dict[str, int]
    supply: dict[str, Any]
    supply_divider: dict[str, str]  # the values of its two resistors
    receiver: dict[str, int]


def _schema_hash(raw: dict[str, Any]) -> int:
    """CRC-32 over what changes the wire: ids, directions and fields, not the words around them."""
    shape = [raw["frame"], raw["keys"], raw["enums"]]
    shape += [[n, m["id"], m["direction"], list(m["fields"].items())] for n, m in raw["messages"].items()]
    return zlib.crc32(repr(shape).encode())


def _read(path: Path, tables: tuple[str, ...]) -> dict[str, Any]:
    try:
        raw = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise ContractError(f"{path.name}: not TOML: {error}") from error
    _require(raw, tables, path.name)
    return raw


def _require(table: dict[str, Any], keys: tuple[str, ...], place: str) -> None:
    for key in keys:
        if key not in table:
            raise ContractError(f"{place}: {key} is missing")


def load_link(path: Path) -> Link:
    """Read and check link.toml; raises ContractError."""
    raw = _read(path, ("protocol", "frame", "keys", "timing", "enums", "messages", "retired"))
    messages: list[Message] = []
    seen: dict[int, str] = {value: f"retired {key}" for key, value in raw["retired"].items()}
    for name, entry in raw["messages"].items():
        place = f"{path.name}: messages.{name}"
        _require(entry, ("id", "direction", "idempotent", "doc", "fields"), place)
        fields = tuple(Field(key, kind) for key, kind in entry["fields"].items())
        secret = tuple(entry.get("secret", ()))
        message = Message(name, entry["id"], entry["direction"], entry["idempotent"], entry["doc"], fields, secret)
        if not 0 < message.id <= 0xFF:
            raise ContractError(f"{place}: id {message.id:#04x} does not fit its byte; take 0x01 to 0xff")
        if message.id in seen:
            raise ContractError(f"{place}: id {message.id:#04x} belongs to {seen[message.id]}; take the next free one")
        seen[message.id] = name
        if message.direction not in ("d2h", "h2d", "both"):
            raise ContractError(f"{place}: direction is d2h, h2d or both, not {message.direction!r}")
        for f in fields:
            if not (f.code or f.limit or f.kind.startswith("raw")):
                raise ContractError(f"{place}.{f.name}: unknown type {f.kind!r}; use u8 u16 u32 bytesN blob<N text<N")
            if f.limit > 255:
                raise ContractError(f"{place}.{f.name}: one length byte holds at most 255, not {f.limit}")
        if unknown := set(secret) - {f.name for f in fields}:
            raise ContractError(f"{place}.secret: names {', '.join(sorted(unknown))}, which is no field of it")
        variable_seen = False
        for f in fields:
            if f.code and variable_seen:
                raise ContractError(f"{place}.{f.name}: variable fields come last")
            variable_seen = variable_seen or bool(f.limit)
        if not message.raw and message.longest + 2 > raw["frame"]["control_bytes"]:
            raise ContractError(f"{place}: up to {message.longest} bytes exceed frame.control_bytes less 2")
        messages.append(message)
    reserved: dict[str, list[str]] = raw.get("reserved", {})
    for enum, names in reserved.items():
        if unknown := set(names) - raw["enums"].get(enum, {}).keys():
            raise ContractError(f"{path.name}: reserved.{enum}: {', '.join(sorted(unknown))} is no value of enums.{enum}")
    if raw["frame"]["audio_bytes"] % 16:
        raise ContractError(f"{path.name}: frame.audio_bytes must be whole AES blocks of 16")
    return Link(
        raw["protocol"]["major"],
        raw["protocol"]["minor"],
        _schema_hash(raw),
        raw["frame"],
        raw["keys"],
        raw["timing"],
        raw["enums"],
        reserved,
        tuple(messages),
        raw["retired"],
    )


_MODES = ("adc", "in_pullup", "out", "open_drain", "uart", "i2s")
_TABLES = (
    "board",
    "pins",
    "matrix",
    "hook",
    "loops",
    "relay",
    "audio",
    "uart",
    "i2s",
    "watchdog",
    "magnet",
    "supply",
    "receiver",
    "parts",
)


def load_board(path: Path) -> Board:
    """Read and check board.toml; raises ContractError."""
    return board_of(_read(path, _TABLES), path.name)


def board_of(raw: dict[str, Any], file: str) -> Board:
    """The checked record of a table already read; the parts and nets are netlist.py's."""
    _require(raw, _TABLES, file)
    for name, pin in raw["pins"].items():
        _require(pin, ("gpio", "mode"), f"{file}: pins.{name}")
        if pin["mode"] not in _MODES:
            raise ContractError(f"{file}: pins.{name}: mode {pin['mode']!r}; take one of {', '.join(_MODES)}")
        if pin["mode"] in ("uart", "i2s") and pin.get("direction") not in ("in", "out"):
            raise ContractError(f"{file}: pins.{name}: a {pin['mode']} pin needs a direction, in or out")
    pins = {
        name: Pin(p["gpio"], p["mode"], p.get("safe"), p.get("direction", ""), p.get("floats", False))
        for name, p in raw["pins"].items()
    }
    used: dict[int, str] = {}
    for name, pin in pins.items():
        if pin.gpio in used:
            raise ContractError(f"{file}: pins.{name}: GPIO {pin.gpio} is already {used[pin.gpio]}")
        used[pin.gpio] = name
    for key in ("rows", "columns"):
        for name in raw["matrix"][key]:
            if name not in pins:
                raise ContractError(f"{file}: matrix.{key} names {name}, which is no pin")
    if [len(line) for line in raw["matrix"]["keys"]] != [len(raw["matrix"]["columns"])] * len(raw["matrix"]["rows"]):
        raise ContractError(f"{file}: matrix.keys needs one character for each row and column")
    b = raw["board"]
    return Board(
        b["name"],
        b["revision"],
        b["module"],
        b["flash_bytes"],
        b["filesystem_offset"],
        b["filesystem_bytes"],
        pins,
        raw["matrix"],
        raw["hook"],
        raw["loops"],
        raw["relay"],
        raw["audio"],
        raw["uart"],
        raw["i2s"],
        raw["watchdog"],
        raw["magnet"],
        raw["supply"],
        {key: raw["parts"][raw["supply"][key]]["value"] for key in ("upper", "lower")},
        raw["receiver"],
    )
