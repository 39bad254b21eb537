"""The microcontroller's pins as a picture: an SVG that is text, so that it is compared like any other generated file."""

from html import escape

from netlist import OPEN, Netlist, PinOfPart
from rules import pins_of

_ROW, _WIDTH, _BODY, _TOP = 26, 1080, 220, 110
_COLORS = {  # fill and text of a pin's kind
    "sense": ("#d9ead3", "sense, ADC1"), "sound": ("#cfe2f3", "sound, I2S"), "keypad": ("#fff2cc", "keypad"),
    "link": ("#f7b9b0", "link, RS-422"), "out": ("#d5c8ec", "output"), "power": ("#eeeeee", "supply"),
    "strap": ("#fce5cd", "strapping, service"), "open": ("#ffffff", "open"),
}  # fmt: skip
_SIDES = 20  # pins on each long side of the module's drawing; the pad under it is listed with the right ones


def svg(n: Netlist) -> str:
    """Pins in the module's order, left side downwards, right side upwards, each with its net and what the firmware does."""
    mcu = n.parts["U1"]
    pins = pins_of(mcu)
    left, right = pins[:_SIDES], pins[_SIDES:][::-1]
    height = _TOP + _ROW * max(len(left), len(right)) + 90
    middle, body = _WIDTH / 2, _ROW * len(right) + 24
    title = f"{n.board.name} rev {n.board.revision}: {mcu.mpn}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' font-family="DejaVu Sans, sans-serif" font-size="13">',
        "<!-- GENERATED from hw/board.toml by hw/generate.py (make gen). Do not edit. -->",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="30" y="40" font-size="22" font-weight="bold">{escape(title)}</text>',
        '<text x="30" y="64" fill="#555555">module pin · GPIO · net · how the firmware uses it</text>',
        f'<rect x="{middle - _BODY / 2}" y="{_TOP - 20}" width="{_BODY}" height="{body}" rx="8" fill="#333333"/>',
        f'<text x="{middle}" y="{_TOP + body / 2}" fill="#ffffff" text-anchor="middle" font-weight="bold">'
        f"{escape(mcu.mpn)}</text>",
    ]
    for index, pin in enumerate(left):
        out += _pin(n, pin, middle - _BODY / 2, _TOP + index * _ROW, -1)
    for index, pin in enumerate(right):
        out += _pin(n, pin, middle + _BODY / 2, _TOP + index * _ROW, 1)
    x = 30
    for fill, label in _COLORS.values():
        out += [
            f'<rect x="{x}" y="{height - 50}" width="18" height="18" fill="{fill}" stroke="#777777"/>',
            f'<text x="{x + 24}" y="{height - 36}">{escape(label)}</text>',
        ]
        x += 40 + 8 * len(label) + 12
    return "\n".join([*out, "</svg>"]) + "\n"


def _pin(n: Netlist, pin: PinOfPart, edge: float, y: float, side: int) -> list[str]:
    fill = _COLORS[_kind(n, pin)][0]
    near, far = edge + side * 44, edge + side * 400
    x = min(near, far)
    name = "open" if pin.net == OPEN else pin.net
    use = _use(n, pin)
    anchor = "start" if side > 0 else "end"
    return [
        f'<rect x="{min(edge, near):g}" y="{y - 9:g}" width="44" height="18" fill="#c9a227"/>',
        f'<text x="{edge + side * 22:g}" y="{y + 5:g}" text-anchor="middle" font-size="12">{pin.number}</text>',
        f'<rect x="{x:g}" y="{y - 11:g}" width="356" height="22" fill="{fill}" stroke="#999999"/>',
        f'<text x="{near + side * 8:g}" y="{y + 5:g}" text-anchor="{anchor}" font-family="DejaVu Sans Mono, monospace">'
        f"{escape(pin.name)}</text>",
        f'<text x="{near + side * 64:g}" y="{y + 5:g}" text-anchor="{anchor}" font-weight="bold">{escape(name)}</text>',
        f'<text x="{near + side * 206:g}" y="{y + 5:g}" text-anchor="{anchor}" fill="#444444">{escape(use)}</text>',
    ]


def _kind(n: Netlist, pin: PinOfPart) -> str:
    if pin.net == OPEN:
        return "open"
    if pin.kind == "power_in":
        return "power"
    if pin.net not in n.board.pins:
        return "strap"
    mode = n.board.pins[pin.net].mode
    if pin.net.startswith("LINK"):
        return "link"
    return {"adc": "sense", "i2s": "sound", "in_pullup": "keypad", "open_drain": "keypad"}.get(mode, "out")


def _use(n: Netlist, pin: PinOfPart) -> str:
    if pin.net not in n.board.pins:
        return ""
    p = n.board.pins[pin.net]
    words = {
        "adc": "analog in",
        "in_pullup": "in, pull-up",
        "out": "out",
        "open_drain": "open drain",
        "uart": f"UART {p.direction}",
        "i2s": f"I2S {p.direction}",
    }[p.mode]
    if p.floats:
        return f"{words}, floats at first"
    return words if p.safe is None else f"{words}, rests {'high' if p.safe else 'low'}"
