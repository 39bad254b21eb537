"""Write every side's module from the two contracts, board.toml and link.toml.

Usage: python hw/generate.py [--check]      --check changes nothing and exits 1 when a file differs.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import assembly
import harness
import pinout
import schematic
from contracts import Board, Field, Link, Message, load_link
from netlist import Netlist, load_netlist, parse_value

ROOT = Path(__file__).resolve().parent.parent
NOTE = "GENERATED from hw/{source} by hw/generate.py (make gen). Do not edit."


def _constants(link: Link) -> dict[str, int]:
    """The scalar facts of the link that all three sides need, by name."""
    names: dict[str, int] = {"MAJOR": link.major, "MINOR": link.minor, "SCHEMA": link.schema}
    names |= {key.upper(): value for key, value in link.frame.items() if isinstance(value, int)}
    names |= {
        f"{key.upper()}_MS" if key not in ("retransmit_tries", "window", "hellos") else key.upper(): value
        for key, value in link.timing.items()
    }
    names |= {"NONCE_BYTES": link.keys["nonce_bytes"], "PROOF_BYTES": link.keys["proof_bytes"]}
    return names


def _labels(link: Link) -> dict[str, str]:
    return {f"LABEL_{key.upper()}": value for key, value in link.keys.items() if isinstance(value, str)}


def _enum_constants(link: Link) -> dict[str, int]:
    return {
        f"{enum}_{key}".upper(): value
        for enum, values in link.enums.items()
        for key, value in values.items()
        if key not in link.reserved.get(enum, ())
    }


def _python_constants(link: Link) -> list[str]:
    lines = [f"SYNC = {bytes(link.frame['sync'])!r}"]
    lines += [f"{name} = {value}" for name, value in _constants(link).items()]
    lines += [f'{name} = b"{value}"' for name, value in _labels(link).items()]
    lines += [f"{name} = {value}" for name, value in _enum_constants(link).items()]
    return lines


def firmware_link(link: Link) -> str:
    """handset/_link.py: constants, and per message its struct format and how many variable fields follow."""
    lines = [f"# {NOTE.format(source='link.toml')}", *_python_constants(link), ""]
    lines += [f"{m.name.upper()} = {m.id}" for m in link.messages]
    lines += ["", "# id: (struct format of the fixed fields, greatest length of each variable field)", "FORMATS = {"]
    for m in link.messages:
        limits = "".join(f"{f.limit}, " for f in m.variable)
        lines.append(f'    {m.name.upper()}: ("{m.fixed_format}", ({limits.rstrip()})),')
    lines.append("}")
    return "\n".join(lines) + "\n"


def _python_type(field: Field) -> str:
    return {"int": "int", "bytes": "bytes", "text": "str"}[field.python]


def host_board(board: Board) -> str:
    """kinline/handsets/_board.py: the little that a host must know of the board at the other end of the cable."""
    lines = [
        f'"""{NOTE.format(source="board.toml")}"""',
        "",
        f'NAME = "{board.name}"',
        f'REVISION = "{board.revision}"',
        f"FLASH_BYTES = {board.flash_bytes}",
        f"FILESYSTEM_OFFSET = {board.filesystem_offset}",
        f"FILESYSTEM_BYTES = {board.filesystem_bytes}",
        f"BAUD = {board.uart['baud']}",
    ]
    lines += [f"KEYS = {tuple(board.matrix['keys'])}".replace("'", '"')]
    lines += [*_scalars(board.audio, "AUDIO"), *_scalars(board.loops, "LOOP"), *_sensors(board)]
    return "\n".join(lines) + "\n"


def host_link(link: Link) -> str:
    """kinline/handsets/_link.py: the same constants, and a frozen dataclass with encode/decode per message."""
    lines = [
        f'"""{NOTE.format(source="link.toml")}"""',
        "",
        "import struct",
        "from dataclasses import dataclass, field",
        "from typing import ClassVar, Self",
        "",
        *_python_constants(link),
        "",
        "",
        "class WireError(ValueError):",
        '    """A payload that does not fit its message."""',
        "",
        "",
        "def _pack_variable(value: bytes, limit: int, name: str) -> bytes:",
        "    if len(value) > limit:",
        '        raise WireError(f"{name}: {len(value)} bytes, at most {limit} fit")',
        "    return bytes((len(value),)) + value",
        "",
        "",
        "def _take_variable(body: bytes, at: int, limit: int, name: str) -> tuple[bytes, int]:",
        "    if at >= len(body) or body[at] > limit or at + 1 + body[at] > len(body):",
        '        raise WireError(f"{name}: truncated or longer than {limit} bytes")',
        "    end = at + 1 + body[at]",
        "    return body[at + 1 : end], end",
        "",
    ]
    for m in link.messages:
        if not m.raw:
            lines += _host_message(m)
    entries = ", ".join(f"{m.class_name}.ID: {m.class_name}" for m in link.messages if not m.raw)
    union = " | ".join(m.class_name for m in link.messages if not m.raw)
    raw = [f"{m.name.upper()} = {m.id}" for m in link.messages if m.raw]
    lines += ["", *raw, f"Message = {union}", f"MESSAGES: dict[int, type[Message]] = {{{entries}}}"]
    return _format_python("\n".join(lines) + "\n")


def _host_message(m: Message) -> list[str]:
    lines = [
        "",
        "@dataclass(frozen=True, slots=True)",
        f"class {m.class_name}:",
        f'    """{m.doc}"""',
        "",
        f"    ID: ClassVar[int] = {m.id}",
        f"    IDEMPOTENT: ClassVar[bool] = {m.idempotent}",
        f'    DIRECTION: ClassVar[str] = "{m.direction}"',
    ]
    lines += [f"    {f.name}: {_python_type(f)}{' = field(repr=False)' if f.name in m.secret else ''}" for f in m.fields]
    fixed = ", ".join(f"self.{f.name}" for f in m.fixed)
    size = m.fixed_size
    parts = [f'struct.pack("{m.fixed_format}", {fixed})'] if m.fixed else []
    for f in m.variable:
        value = f"self.{f.name}.encode()" if f.python == "text" else f"self.{f.name}"
        parts.append(f'_pack_variable({value}, {f.limit}, "{m.name}.{f.name}")')
    lines += ["", "    def encode(self) -> bytes:"]
    if m.fixed:
        lines += [
            "        try:",
            f"            return {' + '.join(parts)}",
            "        except struct.error as error:",
            f'            raise WireError(f"{m.name}: {{error}}") from error',
        ]
    else:
        lines += [f"        return {' + '.join(parts) or 'b' + repr('')}"]
    lines += ["", "    @classmethod", "    def decode(cls, body: bytes) -> Self:"]
    if m.variable:
        lines += [
            f"        if len(body) < {size}:",
            f'            raise WireError(f"{m.name}: {{len(body)}} bytes, at least {size} needed")',
        ]
    else:
        lines += [
            f"        if len(body) != {size}:",
            f'            raise WireError(f"{m.name}: {{len(body)}} bytes, {size} expected")',
        ]
    names = ", ".join(f.name for f in m.fixed)
    if m.fixed:
        lines.append(f'        {names}{"," if len(m.fixed) == 1 else ""} = struct.unpack_from("{m.fixed_format}", body)')
    if m.variable:
        lines.append(f"        at = {size}")
    for f in m.variable:
        lines.append(f'        {f.name}_raw, at = _take_variable(body, at, {f.limit}, "{m.name}.{f.name}")')
        if f.python == "text":
            lines.append(f'        {f.name} = {f.name}_raw.decode("utf-8", "replace")')
        else:
            lines.append(f"        {f.name} = {f.name}_raw")
    if m.variable:
        lines += ["        if at != len(body):", f'            raise WireError(f"{m.name}: {{len(body) - at}} bytes too many")']
    arguments = ", ".join(f.name for f in m.fields)
    lines += [f"        return cls({arguments})", ""]
    return lines


def _format_python(text: str) -> str:
    """Fold the long union and table lines; the rest is emitted in its final form."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("Message = "):
            names = line.removeprefix("Message = ").split(" | ")
            lines += ["Message = ("] + [f"    {'| ' if i else ''}{name}" for i, name in enumerate(names)] + [")"]
        elif line.startswith("MESSAGES"):
            head, _, body = line.partition("{")
            lines += [head + "{"] + [f"    {entry}," for entry in body.rstrip("}").split(", ")] + ["}"]
        else:
            lines.append(line)
    return "\n".join(lines)


def c_link(link: Link) -> str:
    """cffi_ext/src/link_wire.h: the numbers that framing and crypto need."""
    sync = link.frame["sync"]
    lines = [
        f"/* {NOTE.format(source='link.toml')} */",
        "#ifndef KL_LINK_WIRE_H",
        "#define KL_LINK_WIRE_H",
        "",
        f"#define KL_WIRE_SYNC0 0x{sync[0]:02X}",
        f"#define KL_WIRE_SYNC1 0x{sync[1]:02X}",
    ]
    lines += [f"#define KL_WIRE_{name} {value}u" for name, value in _constants(link).items()]
    lines += ["", "enum kl_wire_message {"]
    lines += [f"    KL_WIRE_MSG_{m.name.upper()} = 0x{m.id:02X}," for m in link.messages]
    lines += ["};", "", "#endif"]
    return "\n".join(lines) + "\n"


def _board_constants(board: Board) -> list[str]:
    lines = [f"{name} = {pin.gpio}" for name, pin in board.pins.items()]
    gpios = {key: tuple(board.pins[name].gpio for name in board.matrix[key]) for key in ("rows", "columns")}
    lines += [
        f"ROWS = {gpios['rows']}",
        f"COLUMNS = {gpios['columns']}",
        f"KEYS = {tuple(board.matrix['keys'])}".replace("'", '"'),
    ]
    return lines


def _scalars(table: dict[str, Any], prefix: str) -> list[str]:
    return [f"{prefix}_{key.upper()} = {value}" for key, value in table.items() if isinstance(value, int | float)]


def _sensors(board: Board) -> list[str]:
    upper, lower = (parse_value(board.supply_divider[key]) for key in ("upper", "lower"))
    return [
        *_scalars(board.magnet, "MAGNET"),
        *_scalars(board.supply, "SUPPLY"),
        f"SUPPLY_DIVIDER = {round(1000 * (upper + lower) / lower)}  # thousandths: the supply for a volt at VIN_MON",
        *_scalars(board.receiver, "RECEIVER"),
    ]


def firmware_board(board: Board) -> str:
    """handset/_board.py: pins, matrix, timing; what the firmware may know of its board and no more."""
    lines = [f"# {NOTE.format(source='board.toml')}", f'NAME = "{board.name}"', f'REVISION = "{board.revision}"']
    lines += _board_constants(board)
    lines += [f"KEY_{k.upper()} = {board.matrix[k]}" for k in ("scan_ms", "debounce_scans")]
    lines += _scalars(board.hook, "HOOK") + _scalars(board.loops, "LOOP") + _sensors(board)
    lines += [f"RELAY_{key.upper()} = {board.relay[key]}" for key in ("toggle_ms", "rest_ms")]
    lines += _scalars(board.audio, "AUDIO") + _scalars(board.uart, "UART") + _scalars(board.i2s, "I2S")
    lines += _scalars(board.watchdog, "WATCHDOG")
    return "\n".join(lines) + "\n"


def firmware_safe_state(board: Board) -> str:
    """safe_state.py: what boot.py drives each output to, before anything else may fail."""
    lines = [f"# {NOTE.format(source='board.toml')}"]
    for name, mode in (("OUTPUTS", "out"), ("OPEN_DRAINS", "open_drain")):
        pins = [(pin.gpio, pin.safe) for pin in board.pins.values() if pin.mode == mode and not pin.floats]
        lines.append(f"{name} = {tuple(pins)}")
    return "\n".join(lines) + "\n"


def sim_board(board: Board) -> str:
    """kinline_sim/_board.py: the firmware's facts and the physics behind the pins."""
    lines = [
        f'"""{NOTE.format(source="board.toml")}"""',
        "",
        f'NAME = "{board.name}"',
        f'REVISION = "{board.revision}"',
        f'MODULE = "{board.module}"',
        f"FLASH_BYTES = {board.flash_bytes}",
        f"FILESYSTEM_OFFSET = {board.filesystem_offset}",
        f"FILESYSTEM_BYTES = {board.filesystem_bytes}",
    ]
    lines += [*_board_constants(board), "PIN_MODES = {"]
    lines += [f'    {pin.gpio}: ("{name}", "{pin.mode}", {pin.safe}),' for name, pin in board.pins.items()] + ["}"]
    lines += [f"KEY_SCAN_MS = {board.matrix['scan_ms']}"]
    lines += _scalars(board.hook, "HOOK") + _scalars(board.loops, "LOOP") + _sensors(board)
    lines += _scalars(board.relay, "RELAY")
    lines += _scalars(board.audio, "AUDIO") + _scalars(board.uart, "UART") + _scalars(board.i2s, "I2S")
    lines += _scalars(board.watchdog, "WATCHDOG")
    return "\n".join(lines) + "\n"


def protocol_page(link: Link) -> str:
    """docs/protocol.md: prose around the tables, all from link.toml."""
    frame = link.frame
    lines = [
        f"<!-- {NOTE.format(source='link.toml')} -->",
        "# The handset link",
        "",
        (
            f"Version {link.major}.{link.minor}, schema `{link.schema:08x}`. One UART a handset, full duplex, "
            "little-endian throughout."
        ),
        "",
        "## Frame",
        "",
        "| Bytes | Field | |",
        "|---|---|---|",
        f"| 2 | sync | `{bytes(frame['sync']).hex(' ')}` |",
        f"| 1 | type | message id; `{frame['sealed_from']:#04x}` and above are sealed |",
        "| 1 | epoch | which session keys; 0 in clear frames |",
        "| 4 | sequence | counts up in each direction; never repeats under one key |",
        (f"| 2 | length | of the clear text: {frame['audio_bytes']} for audio, otherwise at most {frame['control_bytes']} |"),
        "| 2 | check | low half of the CRC-32 over the ten bytes before it |",
        "| n | body | clear text, or AES-128-CBC ciphertext of the text zero-padded to 16 bytes |",
        (
            f"| 4 / {frame['tag_bytes']} | closing | CRC-32 of header and text, or the first {frame['tag_bytes']} "
            "bytes of HMAC-SHA256 over header and ciphertext |"
        ),
        "",
        (
            f"A sealed frame is refused when its sequence was seen or lies more than {frame['replay_window']} behind "
            "the newest. The IV is AES-128 under the IV key of sequence, type and zeros."
        ),
        "",
        "## Keys",
        "",
        "Each is HMAC-SHA256 under the device key of a label, the handset's nonce and the host's nonce.",
        "",
        "| Key | Label |",
        "|---|---|",
    ]
    lines += [f"| {key} | `{value}` |" for key, value in link.keys.items() if isinstance(value, str)]
    lines += [
        "",
        "The cipher labels give 16 bytes of cipher key and 16 of IV key; the proof covers the epoch byte too.",
        "",
        "## Timing (milliseconds)",
        "",
        "| | |",
        "|---|---|",
    ]
    lines += [f"| {key} | {value} |" for key, value in link.timing.items()]
    lines += [
        "",
        "## Messages",
        "",
        (
            f"Ids from `{frame['reliable_from']:#04x}` are reliable: their text opens with a 16-bit number and is "
            "repeated until acknowledged; the receiver delivers each once and in order."
        ),
        "",
        "| Id | Name | Direction | Again harmless | Fields | |",
        "|---|---|---|---|---|---|",
    ]
    for m in link.messages:
        fields = ", ".join(f"{f.name} {f.kind}" for f in m.fields).replace("<", "≤")
        lines.append(
            f"| `{m.id:#04x}` | {m.name} | {m.direction} | {'yes' if m.idempotent else 'no'} | {fields or '–'} | {m.doc} |"
        )
    lines += ["", "## Values", "", "| Enumeration | Values |", "|---|---|"]
    for enum, values in link.enums.items():
        reserved = link.reserved.get(enum, ())
        shown = (f"{value} {key}{' (reserved)' if key in reserved else ''}" for key, value in values.items())
        lines.append(f"| {enum} | {', '.join(shown)} |")
    retired = ", ".join(f"`{value:#04x}` {key}" for key, value in link.retired.items()) or "none"
    lines += ["", "Reserved values are sent by nobody and used for nothing else.", ""]
    return "\n".join([*lines, f"Retired ids, never used again: {retired}."]) + "\n"


LINK_FILES: dict[str, Callable[[Link], str]] = {
    "firmware/handset/_link.py": firmware_link,
    "host/kinline/handsets/_link.py": host_link,
    "cffi_ext/src/link_wire.h": c_link,
    "docs/protocol.md": protocol_page,
}
BOARD_FILES: dict[str, Callable[[Board], str]] = {
    "firmware/handset/_board.py": firmware_board,
    "firmware/safe_state.py": firmware_safe_state,
    "host/kinline/handsets/_board.py": host_board,
    "sim/kinline_sim/_board.py": sim_board,
}
# What is made of the whole board, parts and nets included.
NETLIST_FILES: dict[str, Callable[[Netlist], str]] = {
    "hw/bom.csv": assembly.bom,
    "hw/assembly.md": assembly.page,
    "hw/harness.yml": harness.wireviz,
    "hw/pictures/pin-out.svg": pinout.svg,
}


def render() -> dict[str, str]:
    """Every generated file: path from the repository root, and its text."""
    link, netlist = load_link(ROOT / "hw/link.toml"), load_netlist(ROOT / "hw/board.toml")
    return (
        {path: make(link) for path, make in LINK_FILES.items()}
        | {path: make(netlist.board) for path, make in BOARD_FILES.items()}
        | {path: make(netlist) for path, make in NETLIST_FILES.items()}
        | {f"hw/kicad/{name}": text for name, text in schematic.files(netlist).items()}
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when a file differs")
    check = parser.parse_args().check
    stale = 0
    for path, text in render().items():
        target = ROOT / path
        if target.exists() and target.read_text() == text:
            continue
        stale += 1
        if check:
            print(f"{path} differs from its contract: run 'make gen' and commit the result", file=sys.stderr)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            print(f"wrote {path}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
