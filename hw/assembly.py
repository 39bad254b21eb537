"""For whoever builds a board: its bill of materials, and a page with the order of work and what to measure."""

import csv
import io
from collections import defaultdict

from netlist import Netlist, Part
from rules import loop_states

_NOTE = "GENERATED from hw/board.toml by hw/generate.py (make gen). Do not edit."


def bom(n: Netlist) -> str:
    """bom.csv: one line a purchase, its references, and whether its facts were looked up."""
    groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in n.parts.values():
        groups[part.type, part.value if part.facts["prefix"] != "S" else ""].append(part)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["references", "quantity", "value", "part number", "alternates", "what it is", "looked up"])
    for (_, value), parts in groups.items():
        first = parts[0]
        does = first.facts.get("does", first.type.replace("_", " "))
        rows.writerow(
            [
                " ".join(p.ref for p in parts),
                len(parts),
                value,
                first.mpn,
                ", ".join(first.facts.get("alternates", [])),
                does,
                first.facts.get("verified", "no"),
            ]
        )
    return text.getvalue()


def page(n: Netlist) -> str:
    """assembly.md: order of work, bench measurements with the voltages that the contract promises, what only a board shows."""
    board, raw = n.board, n.raw
    states = {name: loop_states(n, name) for name in ("hook", "cord", "case")}

    def mv(name: str, state: str) -> str:
        least, most = states[name][state]
        return f"{(least + most) / 2000:.2f} V"

    share = n.parts[raw["supply"]["lower"]].number
    share /= share + n.parts[raw["supply"]["upper"]].number
    ear, mute, relay = raw["receiver"], raw["mute"], board.relay
    lines = [
        f"<!-- {_NOTE} -->",
        f"# Assembly and bench test: {board.name}, revision {board.revision}",
        "",
        "No board of this revision has been built. Hold every line of [bom.csv](bom.csv) whose last column does not name a data",
        "sheet against one before ordering: its part number and pin numbers are from memory.",
        "",
        "Schematic: open `hw/kicad/kinline.kicad_pro` in KiCad 9, or see the sheets below. [Pin-out](pictures/pin-out.svg).",
        "`make hw-check` must pass before anything is ordered.",
        "",
        "## Order of work",
        "",
        "1. **Supply** (sheet power): J1, F1, D1, D2, U4 and what belongs to it. Measure steps 1 to 3 before going on:",
        "   everything behind U4 dies of a wrong supply.",
        "2. **Microcontroller** (core): U1, U6, straps, J5. Steps 4 to 7.",
        "3. **Link** (link): U5, D3, D4. Steps 8 and 9.",
        "4. **Loops and sensors** (loops): then plug J4 and J2. Steps 10 to 16.",
        "5. **Keypad** (keypad): ribbon to J3. Step 17.",
        "6. **Mute relay** (mute), last of all before the sound, so that nothing was ever heard without it. Steps 18 to 20.",
        "7. **Sound** (sound): U2, U3, U8. Steps 21 to 24.",
        "8. Close the lid; `kinline tech selftest` repeats the electrical half of this page by itself.",
        "",
        "Between the steps: the supply's current limit at 50 mA for 1, 250 mA from 2 on.",
        "",
        "## Measure",
        "",
        "| | Where | How | Expect | Otherwise |",
        "|---|---|---|---|---|",
    ]
    supply = raw["nets"]["3V3"]["mv"] / 1000
    rows = [
        ("VIN against GND", "24 V at J1 pins 4+5, minus at 7+8", "23.3 to 23.8 V", "0 V: polarity, F1, D1"),
        ("3V3", "the same", f"{supply * 0.97:.2f} to {supply * 1.03:.2f} V", "divider R4, R5; do not go on"),
        ("VIN_MON", "24 V, then 48 V", f"{24 * share:.2f} V, {48 * share:.2f} V", "R7, R8"),
        ("EN", "power on", f"rises to {supply:.1f} V within 0.3 s", "U6 holds it low below 2.9 V of 3V3"),
        ("BOOT, STRAP45, STRAP46", "running", "3.3 V, 0 V, 0 V", "R13, R14, R15"),
        ("J5 pin 3, 115200 8N1", "power on", "ROM banner, `boot:0x8 (SPI_FAST_FLASH_BOOT)`", "boot:0x0 to 0x7: BOOT was low"),
        (
            "EN after the firmware runs",
            "hold the chip in a `while True: pass`",
            f"low within {board.watchdog['timeout_ms'] / 1000:.0f} s",
            "U6, WDOG_KICK",
        ),
        ("LINK_DE", "chip held in reset (EN to GND)", "0 V: the driver is off", "R9"),
        ("TXP against TXN", "firmware runs, oscilloscope", "at least 2 V difference, 921600 baud", "U5, DE"),
        ("HOOK_SENSE", "handset in its cradle, lifted", f"{mv('hook', 'closed')}, {mv('hook', 'open')}", "R32, R40, R41, reed"),
        ("HOOK_SENSE", "pull J4, then short its pins 1 and 2", f"{supply:.1f} V, 0 V", "R32, R33"),
        ("CORD_SENSE", "handset plugged, pulled", f"{mv('cord', 'closed')}, {supply:.1f} V", "R34, R39"),
        (
            "CASE_SENSE",
            "closed and on the wall; lid open",
            f"{mv('case', 'closed')}, {mv('case', 'open')}",
            "R36, R42, R43, SW2, SW3",
        ),
        (
            "MAG_SENSE",
            "handset lifted; resting",
            f"{raw['magnet']['lifted_mv'] / 1000:.2f} V; {raw['magnet']['resting_mv'] / 1000:.2f} V "
            f"± {raw['magnet']['tolerance_mv'] / 1000:.1f} V: note both and correct [magnet]",
            "U7 turned over: the field's sign",
        ),
        ("MAG_SENSE", "any magnet at the case", "leaves the band", "U7"),
        ("ADC readings", "`kinline tech selftest`", "within 60 mV of the voltmeter", "the chip's calibration"),
        (
            "KEY_C1 to KEY_C4",
            "one key held",
            f"below {3.3 * raw['limits']['low_fraction']:.2f} V; others 3.3 V",
            "diode turned round",
        ),
        ("PUMP_DC", "nothing runs; then off hook", f"0 V; at least {relay['operate_fraction'] * 3.3 * 0.85:.1f} V", "C30, D7"),
        (
            "PUMP_DC",
            "AUDIO_KEEPALIVE tied to 3V3, then to GND",
            "0 V both times: a level never holds the relay",
            "C30 is bridged: stop",
        ),
        (
            "K1",
            "off hook, then hold EN low; oscilloscope on PUMP_DC",
            f"falls within {raw['limits']['mute_ms']} ms",
            f"{mute['bleed']}, {mute['reservoir']}",
        ),
        (
            "DAC_BCLK, ADC_BCLK",
            "off hook, oscilloscope",
            f"{32 * board.audio['rate_hz'] / 1e6:.3f} MHz, {64 * board.audio['rate_hz'] / 1e6:.3f} MHz",
            "another MicroPython than the one this board is drawn for",
        ),
        (
            "RX_SENSE",
            "1 kHz at 0.7 of full scale, relay closed; open",
            f"above {ear['tone_above_mv']} mV; below {ear['mute_below_mv']} mV",
            "C17, D6; relay welded",
        ),
        ("J2 pins 1 and 2", "shorted through an ammeter, full scale", f"below {raw['limits']['cord_ma']} mA", "R20"),
        ("MIC_AMP", "10 mV at 1 kHz into J2 pin 3, relay closed", "110 mV around 1.65 V", "U8, R28, R29"),
    ]
    lines += [f"| {i} | {' | '.join(row)} |" for i, row in enumerate(rows, 1)]
    lines += [
        "",
        "## Loops",
        "",
        "Computed from the resistors at the edges of their tolerance, without the converter's own error of "
        f"{raw['limits']['adc_error_mv']} mV. Thresholds: "
        f"{board.loops['short_below_mv']}, {board.loops['closed_below_mv']} and {board.loops['open_below_mv']} mV.",
        "",
        "| Loop | short | closed | open | cut |",
        "|---|---|---|---|---|",
    ]
    for name, found in states.items():
        cells = [
            f"{found[s][0]:.0f} to {found[s][1]:.0f} mV" if s in found else "no contact"
            for s in ("short", "closed", "open", "cut")
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "## What only a board shows",
        "",
        "The simulator runs the same firmware, but these it cannot show. Each has a step at the bench:",
        "",
        "| What | Why no simulator | Step |",
        "|---|---|---|",
        "| I2S DMA | blocks move in host time, not by the codec's clock | an hour with a tone: `kinline tech logs` shows "
        "no underrun and no overrun, and step 21's two clocks are in a ratio of exactly 2 |",
        "| Order of the two channels | the simulated microphone is mono | `kinline tech selftest` hears its tone |",
        "| Hard interrupts | MicroPython's Unix port has none | dial while another phone talks: no key is lost |",
        "| CPU time | the host is faster than the chip | off hook in a call: `health` reports no underrun, and WDOG_KICK toggles "
        f"every {board.watchdog['kick_ms']} ms ± 50 on an oscilloscope |",
        "| Heap on the chip | the same words, another allocator's slack | `health` after a day of calls: heap_free as at boot |",
        "| Converter error | readings are exact | step 16 |",
        "| Contact bounce of the real reed and keys | drawn from assumed times | HOOK_SENSE below 30 ms, KEY_C1 below 5 ms |",
        "| Sound | no ear | artificial ear (IEC 60318-1): ADA 704.3's 20 dB of gain, no tone of the switching |",
        "| Sidetone | the board has none: amplifier and microphone are apart | a person talks; if it feels dead, "
        "feed MIC_AMP into RX_FILTER through a resistor and say so here |",
        "| Surge and ESD | no physics | IEC 61000-4-2 at the keypad, 61000-4-5 at J1 |",
        "",
        "## Sheets",
        "",
    ]
    lines += [
        f"![{block}](pictures/schematic-{block.replace(' ', '-')}.png)"
        for block in dict.fromkeys(p.block for p in n.parts.values())
    ]
    lines += ["", "## Harness", "", "![harness](pictures/harness.png)"]
    return "\n".join(lines) + "\n"
