"""Our own electrical rules: what KiCad's check cannot know of this board.

Each rule takes the netlist and yields faults; its first line says what it holds. `check.py` runs them all.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from netlist import OPEN, Netlist, Part, PinOfPart

_MCU = "U1"
_EFFICIENCY = 0.8  # of the converter, at this load and 48 V
_SUPPLY_SHARE = 0.8  # of what the converter can, at the most
_MILLI = 1000


@dataclass(frozen=True)
class Fault:
    """Where in board.toml, what is wrong, and what to do."""

    place: str
    text: str
    next: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}; {self.next}"


Rule = Callable[[Netlist], Iterator[Fault]]
RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    RULES.append(check)
    return check


def faults(netlist: Netlist) -> list[Fault]:
    return [fault for check in RULES for fault in check(netlist)]


# Pins of the microcontroller


@rule
def pins_are_free_for_use(n: Netlist) -> Iterator[Fault]:
    """The firmware's pins are neither strapping pins nor the flash's."""
    limits = n.raw["limits"]
    for name, pin in n.board.pins.items():
        if str(pin.gpio) in limits["strapping"]:
            yield Fault(
                f"pins.{name}",
                f"GPIO {pin.gpio} is a strapping pin: what hangs on it decides how the chip starts",
                f"take a GPIO other than {', '.join(limits['strapping'])}",
            )
        if pin.gpio in limits["flash"]:
            yield Fault(f"pins.{name}", f"GPIO {pin.gpio} belongs to the flash", "take a GPIO below 26 or above 32")


@rule
def sense_is_on_adc1(n: Netlist) -> Iterator[Fault]:
    """Voltages are read on ADC1, the converter that is free whatever else runs."""
    for name, pin in n.board.pins.items():
        if pin.mode == "adc" and pin.gpio not in n.raw["limits"]["adc1"]:
            yield Fault(f"pins.{name}", f"GPIO {pin.gpio} is not on ADC1", "take one of GPIO 1 to 10")


@rule
def strapping_pins_are_held(n: Netlist) -> Iterator[Fault]:
    """Each strapping pin is held at the level for a boot from flash, and driven by nothing."""
    for gpio, level in n.raw["limits"]["strapping"].items():
        net = n.parts[_MCU].net(f"IO{gpio}")
        if level == "free" or net == OPEN:
            if level != "free":
                yield Fault(f"parts.{_MCU}", f"strapping pin IO{gpio} floats", f"pull it {level} with a resistor")
            continue
        if not _pulled(n, net, level):
            yield Fault(
                f"parts.{_MCU}",
                f"strapping pin IO{gpio} on {net} is not pulled {level}",
                f"add a resistor of at most 10k from {net} to {'3V3' if level == 'high' else 'GND'}",
            )


@rule
def outputs_say_their_safe_level(n: Netlist) -> Iterator[Fault]:
    """Every pin that drives names its level after a reset."""
    for name, pin in n.board.pins.items():
        if pin.floats and not any(part.type == "watchdog" and part.net("WDI") == name for part, _ in n.nets[name]):
            yield Fault(f"pins.{name}", "an output that floats after a reset", "write safe = 0 or safe = 1 instead of floats")
        if pin.mode in ("out", "open_drain") and pin.safe is None and not pin.floats:
            yield Fault(f"pins.{name}", "an output without a safe level", "add safe = 0 or safe = 1")
        if pin.mode == "open_drain" and pin.safe == 0:
            yield Fault(f"pins.{name}", "an open drain that is low when nothing runs", "write safe = 1")


@rule
def gpio_currents_stay_small(n: Netlist) -> Iterator[Fault]:
    """No GPIO gives more than limits.gpio_ma, by the resistors that set it."""
    for name, pin in n.board.pins.items():
        if pin.mode != "out":
            continue
        total = 0.0
        for part, _ in n.nets[name]:
            if part.type == "resistor":
                total += _level_mv(n, pin_mv=3300, resistor=part, near=name) / part.number
            elif part.type in ("led", "capacitor"):
                yield Fault(
                    f"parts.{part.ref}",
                    f"{part.type} straight at {name}: nothing limits the current",
                    f"put a resistor between {name} and {part.ref}",
                )
        if total > n.raw["limits"]["gpio_ma"]:
            yield Fault(
                f"pins.{name}",
                f"up to {total:.1f} mA flow, {n.raw['limits']['gpio_ma']} are allowed",
                "take larger resistors at this pin",
            )


@rule
def lamps_are_limited(n: Netlist) -> Iterator[Fault]:
    """Each LED has one resistor, which lets a visible and harmless current through."""
    for part in _of_type(n, "led"):
        anode = part.net("A")
        resistors = [p for p, _ in n.nets[anode] if p.type == "resistor"]
        if len(resistors) != 1 or len(n.nets[anode]) != 2:
            yield Fault(
                f"parts.{part.ref}", "this LED has no resistor of its own", "put one resistor between the GPIO and its anode"
            )
            continue
        ma = (3300 - part.facts["forward_mv"]) / resistors[0].number
        if not n.raw["limits"]["lamp_least_ma"] <= ma <= n.raw["limits"]["gpio_ma"]:
            yield Fault(
                f"parts.{resistors[0].ref}",
                f"{ma:.1f} mA through {part.ref}",
                f"choose a value for {n.raw['limits']['lamp_least_ma']} to {n.raw['limits']['gpio_ma']} mA",
            )


# Who drives what, when nothing runs


@rule
def enables_have_their_polarity(n: Netlist) -> Iterator[Fault]:
    """An enable that the firmware drives rests inactive by a resistor; any other is held active."""
    for part in n.parts.values():
        for pin, active in part.facts.get("enables", {}).items():
            net = part.net(pin)
            if net == OPEN:
                yield Fault(f"parts.{part.ref}", f"enable {pin} floats", f"hold it {active}, or drive it from a GPIO")
            elif net in n.board.pins:
                rest = "low" if active == "high" else "high"
                if not _pulled(n, net, rest):
                    yield Fault(
                        f"parts.{part.ref}",
                        f"enable {pin} on {net} is not pulled {rest}: while the chip starts it may be on",
                        f"add a resistor from {net} to {'GND' if rest == 'low' else '3V3'}",
                    )
                if n.board.pins[net].safe != (0 if rest == "low" else 1):
                    yield Fault(
                        f"pins.{net}",
                        f"its safe level switches {part.ref} on ({pin} is active {active})",
                        f"write safe = {0 if rest == 'low' else 1}",
                    )
            elif not _pulled(n, net, active) and not _at(n, net, active):
                yield Fault(
                    f"parts.{part.ref}",
                    f"enable {pin} on {net} is not held {active}",
                    f"add a resistor from {net} to {'a supply' if active == 'high' else 'GND'}",
                )


@rule
def receiver_hears_while_the_driver_talks(n: Netlist) -> Iterator[Fault]:
    """A transceiver's DE and nRE are nets of their own: on one net the receiver is deaf whenever the driver is on."""
    for part in _of_type(n, "transceiver"):
        if part.net("DE") == part.net("nRE"):
            yield Fault(f"parts.{part.ref}", f"DE and nRE share {part.net('DE')}", "give nRE a net of its own, pulled low")


@rule
def configuration_pins_are_tied(n: Netlist) -> Iterator[Fault]:
    """Pins that choose a part's mode are at the level that we rely on."""
    for part in n.parts.values():
        for pin, level in part.facts.get("straps", {}).items():
            if not _at(n, part.net(pin), level):
                yield Fault(
                    f"parts.{part.ref}",
                    f"{pin} is on {part.net(pin)}, not {level}",
                    f"tie it to {'GND' if level == 'low' else 'the supply'}",
                )


# Sound


@rule
def converters_lock_to_the_bit_clock(n: Netlist) -> Iterator[Fault]:
    """Stock machine.I2S gives no master clock, 16-bit slots out and 32-bit slots in: both converters do with that."""
    rate = n.board.audio["rate_hz"]
    for type_name, prefix, bits in (("dac", "DAC", 16), ("adc", "ADC", 32)):
        for part in _of_type(n, type_name):
            clocks = part.facts["clocks"]
            if clocks["master"]:
                yield Fault(
                    f"types.{type_name}",
                    f"{part.mpn} needs a master clock, which stock machine.I2S does not give",
                    "take a converter that locks to BCLK",
                )
            if 2 * bits not in clocks["ratios"]:
                yield Fault(
                    f"types.{type_name}",
                    f"{part.mpn} does not lock to {2 * bits} bit clocks a sample at {rate} Hz",
                    f"take one whose ratios hold {2 * bits}",
                )
            if rate < clocks["least_hz"]:
                yield Fault(
                    f"types.{type_name}",
                    f"{part.mpn} runs from {clocks['least_hz']} Hz, the codec at {rate}",
                    "take another converter, or change audio.rate_hz",
                )
            pins = {"dac": ("BCLK", "LRCLK", "DIN"), "adc": ("BCLK", "FSYNC", "SDOUT")}[type_name]
            for pin, net in zip(pins, (f"{prefix}_BCLK", f"{prefix}_WS", f"{prefix}_DATA"), strict=True):
                if part.net(pin) != net:
                    yield Fault(f"parts.{part.ref}", f"{pin} is on {part.net(pin)}", f"connect it to {net}")


@rule
def cord_current_is_limited(n: Netlist) -> Iterator[Fault]:
    """A shorted cord draws no more than limits.cord_ma from the amplifier, by its series resistor."""
    for part in _of_type(n, "dac"):
        net = part.net("OUTP")
        others = [p for p, _ in n.nets[net] if p.ref != part.ref]
        if len(others) != 1 or others[0].type != "resistor":
            yield Fault(f"parts.{part.ref}", f"nothing limits the current out of {net}", "put one resistor behind OUTP")
            continue
        ma = 3300 / 2 / others[0].number
        if ma > n.raw["limits"]["cord_ma"]:
            yield Fault(
                f"parts.{others[0].ref}",
                f"{ma:.0f} mA into a shorted cord",
                f"take at least {1650 / n.raw['limits']['cord_ma']:.0f} ohm",
            )


# The mute relay


@rule
def only_toggling_holds_the_relay(n: Netlist) -> Iterator[Fault]:
    """The keep-alive reaches the relay's driver through a capacitor alone, from a pin that stays quiet at power-up."""
    mute, pins = n.raw["mute"], n.board.pins
    keepalive = pins["AUDIO_KEEPALIVE"]
    if keepalive.gpio in n.raw["limits"]["pulses_high"]:
        yield Fault(
            "pins.AUDIO_KEEPALIVE",
            f"GPIO {keepalive.gpio} pulses by itself at power-up",
            f"take a GPIO other than {n.raw['limits']['pulses_high']}",
        )
    if keepalive.mode != "out" or keepalive.safe != 0:
        yield Fault("pins.AUDIO_KEEPALIVE", "the keep-alive must be an output that rests low", 'write mode = "out" and safe = 0')
    driver, pump = n.part(mute["driver"], "mute.driver"), n.part(mute["pump"], "mute.pump")
    if pump.type != "capacitor":
        yield Fault("mute.pump", f"{pump.ref} is a {pump.type}: a pin stuck high would hold the relay", "put a capacitor there")
    for net in _reached_by_dc(n, "AUDIO_KEEPALIVE"):
        if net == driver.net("G"):
            yield Fault(
                f"parts.{driver.ref}",
                "a level on AUDIO_KEEPALIVE reaches the gate: a program that hangs holds the relay",
                "let nothing but the pump's capacitor join the two",
            )
    for name, pin in pins.items():
        if name != "AUDIO_KEEPALIVE" and pin.mode == "out" and driver.net("G") in _reached_by_dc(n, name):
            yield Fault(
                f"pins.{name}", f"it drives the relay past the charge pump (through {driver.ref})", "take it off the gate"
            )


@rule
def relay_falls_in_time(n: Netlist) -> Iterator[Fault]:
    """The pump lifts the gate far enough, and without edges the relay falls well within limits.mute_ms."""
    mute, relay = n.raw["mute"], n.board.relay
    reservoir, bleed = n.part(mute["reservoir"], "mute.reservoir"), n.part(mute["bleed"], "mute.bleed")
    driver, coil = n.part(mute["driver"], "mute.driver"), n.part(mute["relay"], "mute.relay")
    tau = reservoir.number * bleed.number * _MILLI
    if abs(tau - relay["pump_tau_ms"]) > 0.1 * relay["pump_tau_ms"]:
        yield Fault(
            "relay.pump_tau_ms",
            f"{relay['pump_tau_ms']} ms, but {bleed.ref} and {reservoir.ref} make {tau:.0f}",
            "let the two agree",
        )
    slowest = tau * (1 + reservoir.facts["tolerance"]) * (1 + bleed.facts["tolerance"])
    fall = slowest * math.log(1 / relay["release_fraction"]) + relay["toggle_ms"] + coil.facts["release_ms"]
    if fall > n.raw["limits"]["mute_ms"]:
        yield Fault(
            f"parts.{bleed.ref}",
            f"the relay may hold for {fall:.0f} ms, {n.raw['limits']['mute_ms']} are allowed",
            "take a smaller bleed or reservoir",
        )
    if tau * math.log(1 / relay["release_fraction"]) > relay["rest_ms"]:
        yield Fault("relay.rest_ms", "the firmware's rest is shorter than the relay needs to fall", "lengthen it")
    pumped = 3300 - 2 * n.part(mute["diodes"], "mute.diodes").facts["forward_mv"]
    if relay["operate_fraction"] * pumped < driver.facts["gate_on_mv"]:
        yield Fault(
            f"types.{driver.type}",
            f"{driver.mpn} wants {driver.facts['gate_on_mv']} mV, the pump gives {relay['operate_fraction'] * pumped:.0f}",
            "take a transistor with a lower gate",
        )
    if relay["release_fraction"] * pumped > driver.facts["gate_off_mv"]:
        yield Fault(
            f"types.{driver.type}",
            f"{driver.mpn} may still conduct at {relay['release_fraction'] * pumped:.0f} mV",
            "take a transistor with a higher threshold, or release later",
        )


@rule
def relay_opens_when_dead(n: Netlist) -> Iterator[Fault]:
    """Both poles are normally open, one in the ear's line and one in the microphone's, and the coil has its diode."""
    relay = n.part(n.raw["mute"]["relay"], "mute.relay")
    for pole in "12":
        if relay.net(f"NC{pole}") != OPEN or relay.net(f"NO{pole}") == OPEN:
            yield Fault(
                f"parts.{relay.ref}", f"pole {pole} passes sound while the coil is dead", f"use NO{pole}, leave NC{pole} open"
            )
    coil = {relay.net("COIL+"), relay.net("COIL-")}
    diodes = [p for p in n.parts.values() if p.type == "diode" and p.nets() == coil and n.is_supply(p.net("K"))]
    if not diodes:
        yield Fault(f"parts.{relay.ref}", "no flyback diode across the coil", "put a diode there, cathode at the supply")
    ears = {p.net("RX+") for p in _of_type(n, "receiver")}
    if not ears & {relay.net("COM1"), relay.net("COM2")}:
        yield Fault(f"parts.{relay.ref}", "the ear is not behind the relay", "connect the receiver to a common contact")
    sensed = [
        p for p in _of_type(n, "capacitor") if p.nets() & ears and p.nets() & {d.net("COM") for d in _of_type(n, "pump_diodes")}
    ]
    if not sensed:
        yield Fault(
            "pins.RX_SENSE",
            "the level is not taken behind the relay: the self-test could not prove the mute",
            "take it from the receiver's line",
        )


# Loops and sensors


@rule
def loops_tell_their_four_states(n: Netlist) -> Iterator[Fault]:
    """With every resistor and the converter at the edge of its tolerance, no two states of a loop come near one threshold."""
    loops, limits = n.raw["loops"], n.raw["limits"]
    bounds = (loops["short_below_mv"], loops["closed_below_mv"], loops["open_below_mv"])
    if list(bounds) != sorted(bounds):
        yield Fault("loops.short_below_mv", "the thresholds are out of order", "short < closed < open")
    for name, loop in _loops(n):
        pull_up, end = n.part(loop["pull_up"], f"loops.{name}"), n.part(loop["end"], f"loops.{name}")
        contact = n.part(loop["contact"], f"loops.{name}") if "contact" in loop else None
        for part, key in ((pull_up, "pull_up_ohm"), (end, "series_ohm"), (contact, "contact_ohm")):
            if part and part.number != loops[key]:
                yield Fault(f"parts.{part.ref}", f"{part.value} where loops.{key} says {loops[key]}", "let the two agree")
        if "3V3" not in pull_up.nets():
            yield Fault(f"parts.{pull_up.ref}", f"the {name} loop is not pulled up", "connect it to 3V3")
        states = loop_states(n, name)
        above = {"short": None, "closed": bounds[0], "open": bounds[1], "cut": bounds[2]}
        below = {"short": bounds[0], "closed": bounds[1], "open": bounds[2], "cut": None}
        for state, (least, most) in states.items():
            low, high = above[state], below[state]
            if (low is not None and least - limits["adc_error_mv"] <= low) or (
                high is not None and most + limits["adc_error_mv"] >= high
            ):
                yield Fault(
                    f"loops.{name}",
                    f"{state} reads {least:.0f} to {most:.0f} mV, too near a threshold of {bounds}",
                    "change the resistors or the thresholds",
                )


@rule
def far_ends_carry_the_resistors(n: Netlist) -> Iterator[Fault]:
    """A loop's end resistor is at the far end of the wire, so that a short anywhere on it shows."""
    for name, loop in _loops(n):
        for key in ("end", "contact"):
            if key in loop and n.part(loop[key], f"loops.{name}").block != "far end":
                yield Fault(
                    f"parts.{loop[key]}", f"the {name} loop's {key} resistor sits on the board", 'write block = "far end"'
                )


@rule
def sensors_stay_in_range(n: Netlist) -> Iterator[Fault]:
    """The supply, the Hall sensor and the ear's level never leave what the converter reads."""
    limits, supply, magnet = n.raw["limits"], n.raw["supply"], n.raw["magnet"]
    highest = limits["adc_full_mv"] - limits["adc_error_mv"]
    upper, lower = n.part(supply["upper"], "supply.upper"), n.part(supply["lower"], "supply.lower")
    share = lower.number * 1.01 / (lower.number * 1.01 + upper.number * 0.99)
    if supply["most_mv"] * share > highest:
        yield Fault(
            f"parts.{lower.ref}", f"{supply['most_mv']} mV of supply read {supply['most_mv'] * share:.0f} mV", "lower the divider"
        )
    if not supply["least_mv"] < n.raw["nets"]["VIN"]["least_mv"] < n.raw["nets"]["VIN"]["mv"] < supply["most_mv"]:
        yield Fault("supply.least_mv", "the alarm would ring at a supply that is allowed", "let it enclose nets.VIN")
    for key in ("lifted_mv", "resting_mv"):
        if magnet[key] + magnet["tolerance_mv"] > highest:
            yield Fault(f"magnet.{key}", "the band leaves the converter's range", "lower it")
    if abs(magnet["lifted_mv"] - magnet["resting_mv"]) < limits["adc_error_mv"]:
        yield Fault("magnet.resting_mv", "the handset's own magnet cannot be told from none", "bring it nearer to the sensor")
    ear = n.raw["receiver"]
    for part in _of_type(n, "pump_diodes"):
        if ear["diodes_mv"] != 2 * part.facts["forward_mv"]:
            kept = 2 * part.facts["forward_mv"]
            yield Fault("receiver.diodes_mv", f"two diodes of {part.ref} keep {kept} mV", "let the two agree")
    if ear["full_mv"] * 0.7 - ear["diodes_mv"] < ear["tone_above_mv"] + limits["adc_error_mv"]:
        yield Fault("receiver.tone_above_mv", "the self-test's tone does not reach it", "lower it")
    if not limits["adc_error_mv"] <= ear["mute_below_mv"] < ear["tone_above_mv"] < highest:
        yield Fault(
            "receiver.mute_below_mv",
            "silence and tone are not told apart",
            "mute_below_mv < tone_above_mv < the converter's range",
        )


@rule
def guards_are_in_the_sense_lines(n: Netlist) -> Iterator[Fault]:
    """Between a wire that leaves the board and a sense pin lies a resistor."""
    outside = {pin.net for part in n.parts.values() if part.ref.startswith("J") and part.ref != "J5" for pin in part.pins}
    for name, pin in n.board.pins.items():
        if pin.mode == "adc" and name in outside:
            yield Fault(f"pins.{name}", "the wire ends at the converter's pin without a resistor", "put 1k between them")


# Keypad


@rule
def keys_have_diodes_and_levels(n: Netlist) -> Iterator[Fault]:
    """Each key has its own diode towards its row, and pulls its column below the input's low level."""
    pad, limits = n.raw["keypad"], n.raw["limits"]
    series, pull_up = next(_of_value(n, pad["series"])), next(_of_value(n, pad["pull_up"]))
    diode = n.raw["types"][pad["diode_type"]]
    ma = (3300 - diode["forward_mv"]) / (pull_up.number + 2 * series.number)
    low = diode["forward_mv"] + 2 * ma * series.number + 100  # 100 mV: the row's own low level
    if low > limits["low_fraction"] * 3300:
        yield Fault(
            "keypad.diode_type",
            f"a pressed key leaves its column at {low:.0f} mV, low is below {limits['low_fraction'] * 3300:.0f}",
            "take a diode with less forward voltage, or a larger pull-up",
        )
    rows = {f"{pad['line']}{pin.removeprefix('KEY_')}" for pin in n.board.matrix["rows"]}
    for part in _of_type(n, pad["key_type"]):
        node = part.net("B")
        diodes = [p for p, _ in n.nets[node] if p.type == pad["diode_type"]]
        if len(diodes) != 1 or diodes[0].net("A") != node or diodes[0].net("K") not in rows:
            yield Fault(
                f"parts.{part.ref}", f"key {part.value} has no diode of its own towards its row", "give it one, anode at the key"
            )


@rule
def keypad_lines_are_guarded(n: Netlist) -> Iterator[Fault]:
    """Each line has a clamp at the connector and a series resistor behind it."""
    pad = n.raw["keypad"]
    clamped = {net for p in _of_type(n, "quad_esd") for net in p.nets()}
    for pin in [*n.board.matrix["rows"], *n.board.matrix["columns"]]:
        line = f"{pad['line']}{pin.removeprefix('KEY_')}"
        if line not in clamped:
            yield Fault(f"pins.{pin}", f"{line} has no surge clamp", "connect it to a free input of a quad_esd")
        if not n.between(pin, line, "resistor"):
            yield Fault(f"pins.{pin}", f"no series resistor between {pin} and {line}", "add one to [keypad]")


# Supplies


@rule
def converter_gives_its_voltage(n: Netlist) -> Iterator[Fault]:
    """The feedback divider makes the supply that the nets declare."""
    for part in _of_type(n, "buck"):
        feedback = part.net("FB")
        upper = [p for p, _ in n.nets[feedback] if p.type == "resistor" and not any(map(n.is_ground, p.nets()))]
        lower = [p for p, _ in n.nets[feedback] if p.type == "resistor" and any(map(n.is_ground, p.nets()))]
        if len(upper) != 1 or len(lower) != 1:
            yield Fault(f"parts.{part.ref}", "the feedback has no divider", "one resistor to the output, one to ground")
            continue
        out = next(net for net in upper[0].nets() if net != feedback)
        made = part.facts["feedback_mv"] * (1 + upper[0].number / lower[0].number)
        if abs(made - n.raw["nets"][out]["mv"]) > 0.03 * n.raw["nets"][out]["mv"]:
            yield Fault(
                f"parts.{upper[0].ref}",
                f"{out} comes to {made:.0f} mV, not {n.raw['nets'][out]['mv']}",
                "choose the divider anew",
            )


@rule
def surges_stop_before_the_converter(n: Netlist) -> Iterator[Fault]:
    """The clamp leaves the supply alone and holds a surge below what the converter survives."""
    for part in _of_type(n, "buck"):
        clamps = [p for p in n.parts.values() if "clamp_mv" in p.facts and part.net("VIN") in p.nets()]
        if not clamps:
            yield Fault(f"parts.{part.ref}", "no surge clamp at its input", "put one from the input to GND")
        for clamp in clamps:
            if clamp.facts["clamp_mv"] > part.facts["absolute_mv"]:
                yield Fault(
                    f"types.{clamp.type}",
                    f"{clamp.mpn} lets {clamp.facts['clamp_mv'] / 1000:.0f} V through, "
                    f"{part.mpn} survives {part.facts['absolute_mv'] / 1000:.0f}",
                    "take a lower clamp or a higher converter",
                )
            if clamp.facts["standoff_mv"] < n.raw["supply"]["most_mv"]:
                yield Fault(f"types.{clamp.type}", f"{clamp.mpn} conducts at an allowed supply", "take a higher clamp")


@rule
def supply_suffices(n: Netlist) -> Iterator[Fault]:
    """All parts at once stay within the converter and within the fuse at the lowest supply."""
    total = sum(p.facts.get("supply_ma", 0) + p.facts.get("coil_ma", 0) for p in n.parts.values())
    for part in _of_type(n, "buck"):
        if total > _SUPPLY_SHARE * part.facts["most_ma"]:
            yield Fault(
                f"parts.{part.ref}",
                f"the parts want {total} mA, {part.mpn} gives {part.facts['most_ma']}",
                "take a larger converter",
            )
    into = total * 3300 / _EFFICIENCY / n.raw["supply"]["least_mv"]
    for fuse in _of_type(n, "fuse"):
        if into > fuse.facts["hold_ma"]:
            yield Fault(
                f"parts.{fuse.ref}", f"{into:.0f} mA at the lowest supply, it holds {fuse.facts['hold_ma']}", "take a larger fuse"
            )


@rule
def supply_pins_are_fed_and_quiet(n: Netlist) -> Iterator[Fault]:
    """Each supply pin is on a declared supply or ground, and each such part has its capacitors."""
    for part in n.parts.values():
        fed = {p.net for p in part.pins if p.kind == "power_in"}
        for pin in part.pins:
            if pin.kind == "power_in" and not (n.is_supply(pin.net) or n.is_ground(pin.net)):
                yield Fault(f"parts.{part.ref}", f"supply pin {pin.name} is on {pin.net}, which is no supply", "see [nets]")
        if fed and not part.decoupling:
            yield Fault(f"parts.{part.ref}", "no capacitor at its supply", "name one in decoupling")
        quiet: set[str] = set()
        for ref in part.decoupling:
            cap = n.part(ref, f"parts.{part.ref}.decoupling")
            if cap.type != "capacitor" or not any(map(n.is_ground, cap.nets())):
                yield Fault(f"parts.{ref}", f"it does not quiet {part.ref}", "put it between the supply and GND")
            quiet |= cap.nets()
        for net in fed:
            if n.is_supply(net) and part.decoupling and net not in quiet:
                yield Fault(f"parts.{part.ref}", f"{net} has no capacitor among its decoupling", "name one that is on it")


@rule
def supplies_have_a_source(n: Netlist) -> Iterator[Fault]:
    """Each supply and ground comes from the part that [nets] names."""
    for net, facts in n.raw["nets"].items():
        if net not in n.nets:
            yield Fault(f"nets.{net}", "no part is on it", "remove it")
        elif facts["source"] not in n.parts or net not in n.parts[facts["source"]].nets():
            yield Fault(f"nets.{net}", f"its source {facts['source']} is not on it", "connect the source, or name another")


# Nets


@rule
def every_net_is_driven(n: Netlist) -> Iterator[Fault]:
    """No net ends at one pin, none has inputs alone, none two outputs, and an open drain has its pull-up."""
    for net, pins in n.nets.items():
        if len(pins) == 1:
            part, pin = pins[0]
            yield Fault(f"parts.{part.ref}", f"pin {pin.name} is alone on {net}", "connect the net, or write - for the pin")
            continue
        kinds = [pin.kind for _, pin in pins]
        driven = [k for k in kinds if k in ("output", "bidirectional", "passive", "power_out", "open_collector", "power_in")]
        if not driven:
            yield Fault(f"parts.{pins[0][0].ref}", f"{net} has inputs and nothing that drives them", "drive or tie it")
        pushing = [f"{part.ref}.{pin.name}" for part, pin in pins if pin.kind in ("output", "power_out")]
        if len(pushing) > 1:
            yield Fault(f"parts.{pins[0][0].ref}", f"{' and '.join(pushing)} drive {net} against each other", "separate them")
        if pushing and "open_collector" in kinds:
            yield Fault(f"parts.{pins[0][0].ref}", f"{pushing[0]} drives {net}, which others pull low", "make it open drain")
        if "open_collector" in kinds and not pushing and not _pull_up_or_load(n, net):
            yield Fault(f"parts.{pins[0][0].ref}", f"nothing pulls {net} up", "add a resistor to the supply")


@rule
def pins_are_numbered_once(n: Netlist) -> Iterator[Fault]:
    """No type has one pin number twice."""
    for name, facts in n.raw["types"].items():
        numbers = [text.split()[0] for text in facts["pins"]]
        for number in sorted({x for x in numbers if numbers.count(x) > 1}):
            yield Fault(f"types.{name}", f"pin number {number} is there twice", "hold it against the data sheet")


@rule
def outside_lines_are_clamped(n: Netlist) -> Iterator[Fault]:
    """Each signal of the wall cable and of USB has a surge clamp."""
    clamped = {net for p in n.parts.values() if p.type in ("link_tvs", "usb_esd") for net in p.nets()}
    for ref in ("J1", "J6"):
        for pin in n.parts[ref].pins:
            if pin.net != OPEN and not n.is_ground(pin.net) and not n.is_supply(pin.net) and pin.net not in clamped:
                yield Fault(f"parts.{ref}", f"{pin.net} enters without a surge clamp", "add one")


@rule
def watchdog_bites(n: Netlist) -> Iterator[Fault]:
    """The external watchdog is kicked by the firmware in time, and resets the chip through an open drain."""
    for part in _of_type(n, "watchdog"):
        net = part.net("WDI")
        if net not in n.board.pins or n.board.pins[net].mode != "out":
            yield Fault(f"parts.{part.ref}", "no GPIO kicks it", "connect WDI to an output of [pins]")
        if part.net("nRESET") != n.parts[_MCU].net("EN"):
            yield Fault(f"parts.{part.ref}", "it does not reset the chip", "connect nRESET to U1's EN")
        if n.board.watchdog["kick_ms"] * 2 > part.facts["least_kick_ms"]:
            yield Fault(
                "watchdog.kick_ms", f"{part.mpn} may bite after {part.facts['least_kick_ms']} ms", "kick at least twice as often"
            )


@rule
def harness_fits_its_connectors(n: Netlist) -> Iterator[Fault]:
    """Each cable starts at a connector of the board and has a wire for each of its pins."""
    for name, cable in n.raw["harness"].items():
        connector = n.part(cable["from"], f"harness.{name}.from")
        wires = len([p for p in connector.pins if p.name != "SHIELD"])
        if len(cable["colors"]) != wires:
            yield Fault(f"harness.{name}", f"{len(cable['colors'])} wires for {wires} pins of {connector.ref}", "one color a pin")


# Helpers


def _of_type(n: Netlist, name: str) -> list[Part]:
    return [part for part in n.parts.values() if part.type == name]


def _of_value(n: Netlist, value: str) -> Iterator[Part]:
    return (p for p in n.parts.values() if p.type == "resistor" and p.value == value and p.block == "keypad")


def _loops(n: Netlist) -> list[tuple[str, dict[str, str]]]:
    return [(name, loop) for name, loop in n.raw["loops"].items() if isinstance(loop, dict)]


def loop_states(n: Netlist, name: str) -> dict[str, tuple[float, float]]:
    """Least and greatest millivolts of each state that a loop can be in, its resistors anywhere in their tolerance."""
    loops = n.raw["loops"]
    pull_up, end = (n.part(loops[name][key], f"loops.{name}") for key in ("pull_up", "end"))
    states = {"short": (0.0, 0.0), "closed": _loop_mv(loops["supply_mv"], pull_up, [end])}
    if "contact" in loops[name]:
        states["open"] = _loop_mv(loops["supply_mv"], pull_up, [end, n.part(loops[name]["contact"], f"loops.{name}")])
    most = float(n.raw["limits"]["adc_full_mv"])
    return {**states, "cut": (most, most)}


def _loop_mv(supply: int, pull_up: Part, below: list[Part]) -> tuple[float, float]:
    """Lowest and highest voltage of a divider whose resistors are anywhere in their tolerance."""
    tolerance = pull_up.facts["tolerance"]
    ohm = sum(part.number for part in below)

    def volts(down: float, up: float) -> float:
        return supply * ohm * down / (ohm * down + pull_up.number * up)

    return volts(1 - tolerance, 1 + tolerance), volts(1 + tolerance, 1 - tolerance)


def _at(n: Netlist, net: str, level: str) -> bool:
    return n.is_ground(net) if level == "low" else n.is_supply(net)


def _pulled(n: Netlist, net: str, level: str) -> bool:
    """Whether a resistor joins the net with a ground (low) or a supply (high)."""
    if net == OPEN:
        return False
    resistors = [p for p, _ in n.nets[net] if p.type == "resistor"]
    return any(_at(n, other, level) for p in resistors for other in p.nets() - {net})


def _pull_up_or_load(n: Netlist, net: str) -> bool:
    """A resistor or a coil to a supply, also behind one series resistor."""
    near = {net} | {other for p, _ in n.nets[net] if p.type == "resistor" for other in p.nets()}
    if any(n.is_supply(x) for x in near):
        return True
    beyond = {
        other
        for x in near
        if x in n.nets
        for p, _ in n.nets[x]
        if p.type in ("resistor", "relay", "quad_esd", "dome", "key_diode")
        for other in p.nets()
    }
    return any(n.is_supply(x) for x in beyond) or any(x.startswith("KP_") for x in near)


def _level_mv(n: Netlist, pin_mv: int, resistor: Part, near: str) -> float:
    """The greatest voltage across a resistor at an output: less an LED's forward voltage behind it."""
    other = next(iter(resistor.nets() - {near}))
    leds = [p for p, _ in n.nets[other] if p.type == "led"]
    return pin_mv - (leds[0].facts["forward_mv"] if leds else 0)


def _reached_by_dc(n: Netlist, start: str) -> set[str]:
    """The nets that a level on one reaches: through everything but capacitors, supplies and semiconductors' inputs."""
    reached, todo = {start}, [start]
    while todo:
        for part, _ in n.nets.get(todo.pop(), []):
            if part.type not in ("resistor", "ferrite", "inductor", "diode", "pump_diodes", "key_diode"):
                continue
            for net in part.nets() - reached:
                if not n.is_supply(net) and not n.is_ground(net):
                    reached.add(net)
                    todo.append(net)
    return reached


def pins_of(part: Part) -> list[PinOfPart]:
    """A part's pins in the order of their numbers."""
    return sorted(part.pins, key=lambda p: (len(p.number), p.number))
