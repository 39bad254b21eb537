"""Each electrical rule is broken once, and says where and what to do; the board as it is breaks none."""

import re

import pytest

from tests.hw.boards import ROOT, check, contracts, netlist, rules, sound
from tests.hw.boards import changed as c
from tests.hw.boards import moved as m

_U5 = {
    "R": "LINK_RX",
    "nRE": "LINK_NRE",
    "DE": "LINK_DE",
    "D": "LINK_TX",
    "GND": "GND",
    "Y": "TXP",
    "Z": "TXN",
    "A": "RXP",
    "B": "RXN",
    "VCC": "3V3",
}
_U2 = sound()["parts"]["U2"]["nets"]
_K1 = sound()["parts"]["K1"]["nets"]
_U6 = sound()["parts"]["U6"]["nets"]
_R = {"block": "core", "type": "resistor", "value": "10k"}

# rule, what is changed, where the fault is seen
BROKEN = [
    ("pins_are_free_for_use", m("LED_CALL", 45), "pins.LED_CALL"),
    ("pins_are_free_for_use", m("LED_CALL", 3), "pins.LED_CALL"),
    ("pins_are_free_for_use", c("limits/flash", [35]), "pins.LED_STATUS"),
    ("sense_is_on_adc1", m("VIN_MON", 19), "pins.VIN_MON"),
    ("strapping_pins_are_held", c("parts/R15", _R | {"nets": "STRAP46 3V3"}), "parts.U1"),
    ("strapping_pins_are_held", c("parts/R13", _R | {"nets": "BOOT GND"}), "parts.U1"),
    ("outputs_say_their_safe_level", c("pins/LINK_DE/safe", None), "pins.LINK_DE"),
    ("outputs_say_their_safe_level", c("pins/KEY_R1/safe", 0), "pins.KEY_R1"),
    ("outputs_say_their_safe_level", c("pins/LED_CALL/floats", True), "pins.LED_CALL"),
    ("gpio_currents_stay_small", c("parts/R30/value", "100"), "pins.AUDIO_KEEPALIVE"),
    ("gpio_currents_stay_small", c("parts/R16/value", "47"), "pins.LED_STATUS"),
    ("gpio_currents_stay_small", c("parts/LED1/nets", "LED_STATUS GND"), "parts.LED1"),
    ("lamps_are_limited", c("parts/LED1/nets", "3V3 GND"), "parts.LED1"),
    ("lamps_are_limited", c("parts/R17/value", "100k"), "parts.R17"),
    ("enables_have_their_polarity", c("parts/R9/nets", "LINK_DE 3V3"), "parts.U5"),
    ("enables_have_their_polarity", c("pins/LINK_DE/safe", 1), "pins.LINK_DE"),
    ("enables_have_their_polarity", c("parts/R10/nets", "LINK_NRE 3V3"), "parts.U5"),
    ("enables_have_their_polarity", c("parts/R19/nets", "GND DAC_ON"), "parts.U2"),
    ("enables_have_their_polarity", c("parts/U2/nets", _U2 | {"SD_MODE": "-"}), "parts.U2"),
    ("receiver_hears_while_the_driver_talks", c("parts/U5/nets", _U5 | {"nRE": "LINK_DE"}), "parts.U5"),
    ("configuration_pins_are_tied", c("parts/U3/nets", sound()["parts"]["U3"]["nets"] | {"MSZ": "3V3"}), "parts.U3"),
    ("converters_lock_to_the_bit_clock", c("types/dac/clocks/master", True), "types.dac"),
    # A PCM5102A: its own clock generator wants 64 bit clocks a sample at 16 kHz.
    ("converters_lock_to_the_bit_clock", c("types/dac/clocks/ratios", [64]), "types.dac"),
    # A PCM1808: wants a master clock.
    ("converters_lock_to_the_bit_clock", c("types/adc/clocks/master", True), "types.adc"),
    ("converters_lock_to_the_bit_clock", c("audio/rate_hz", 8000), "types.adc"),
    ("converters_lock_to_the_bit_clock", c("parts/U2/nets", _U2 | {"BCLK": "ADC_BCLK"}), "parts.U2"),
    ("cord_current_is_limited", c("parts/R20/value", "10"), "parts.R20"),
    ("cord_current_is_limited", c("parts/U2/nets", _U2 | {"OUTP": "RX_FILTER"}), "parts.U2"),
    ("only_toggling_holds_the_relay", m("AUDIO_KEEPALIVE", 20), "pins.AUDIO_KEEPALIVE"),
    ("only_toggling_holds_the_relay", c("pins/AUDIO_KEEPALIVE/safe", 1), "pins.AUDIO_KEEPALIVE"),
    ("only_toggling_holds_the_relay", c("parts/R30/nets", "AUDIO_KEEPALIVE PUMP_DC"), "parts.Q1"),
    ("only_toggling_holds_the_relay", c("parts/R18/nets", "LED_CALL PUMP_DC"), "pins.LED_CALL"),
    ("only_toggling_holds_the_relay", c("mute/pump", "R30"), "mute.pump"),
    ("relay_falls_in_time", c("parts/R31/value", "1M"), "parts.R31"),
    ("relay_falls_in_time", c("parts/C31/value", "220n"), "relay.pump_tau_ms"),
    ("relay_falls_in_time", c("relay/rest_ms", 50), "relay.rest_ms"),
    ("relay_falls_in_time", c("types/low_gate_fet/gate_on_mv", 2500), "types.low_gate_fet"),  # a 2N7002
    ("relay_falls_in_time", c("relay/release_fraction", 0.25), "types.low_gate_fet"),
    ("relay_opens_when_dead", c("parts/K1/nets", _K1 | {"NC1": "RX_AC", "NO1": "-"}), "parts.K1"),
    ("relay_opens_when_dead", c("parts/D8/nets", "3V3 COIL_LOW"), "parts.K1"),
    ("relay_opens_when_dead", c("parts/C17/nets", "RX_AC RX_PEAK_AC"), "pins.RX_SENSE"),
    ("relay_opens_when_dead", c("parts/HS1/nets", "RX_AC GND MIC_IN GND CORD_LOOP CORD_END"), "parts.K1"),
    ("loops_tell_their_four_states", c("parts/R40/value", "4k7"), "parts.R40"),
    ("loops_tell_their_four_states", c("loops/closed_below_mv", 1080), "loops.hook"),
    ("loops_tell_their_four_states", c("loops/open_below_mv", 3100), "loops.cord"),
    ("loops_tell_their_four_states", c("loops/short_below_mv", 1800), "loops.short_below_mv"),
    ("loops_tell_their_four_states", c("types/resistor/tolerance", 0.5), "loops.hook"),
    ("loops_tell_their_four_states", c("parts/R36/nets", "GND CASE_LOOP"), "parts.R36"),
    ("far_ends_carry_the_resistors", c("parts/R39/block", "loops"), "parts.R39"),
    ("sensors_stay_in_range", c("parts/R8/value", "15k"), "parts.R8"),
    ("sensors_stay_in_range", c("supply/least_mv", 30000), "supply.least_mv"),
    ("sensors_stay_in_range", c("magnet/resting_mv", 2950), "magnet.resting_mv"),
    ("sensors_stay_in_range", c("magnet/resting_mv", 1660), "magnet.resting_mv"),
    ("sensors_stay_in_range", c("receiver/mute_below_mv", 500), "receiver.mute_below_mv"),
    ("sensors_stay_in_range", c("receiver/diodes_mv", 200), "receiver.diodes_mv"),
    ("sensors_stay_in_range", c("receiver/tone_above_mv", 900), "receiver.tone_above_mv"),
    ("guards_are_in_the_sense_lines", c("parts/J4/nets", "HOOK_SENSE GND CASE_LOOP GND"), "pins.HOOK_SENSE"),
    ("keys_have_diodes_and_levels", c("types/key_diode/forward_mv", 700), "keypad.diode_type"),
    ("keys_have_diodes_and_levels", c("keypad/series", "2k2"), "keypad.diode_type"),
    ("keypad_lines_are_guarded", c("parts/D9", None), "pins.KEY_R1"),
    ("converter_gives_its_voltage", c("parts/R4/value", "330k"), "parts.R4"),
    ("surges_stop_before_the_converter", c("types/buck/absolute_mv", 66000), "types.tvs_58v"),  # an LMR36006
    ("surges_stop_before_the_converter", c("types/tvs_58v/standoff_mv", 33000), "types.tvs_58v"),
    ("surges_stop_before_the_converter", c("parts/D2", None), "parts.U4"),
    ("supply_suffices", c("types/mcu/supply_ma", 900), "parts.U4"),
    ("supply_suffices", c("types/fuse/hold_ma", 50), "parts.F1"),
    ("supply_pins_are_fed_and_quiet", c("parts/U5/nets", _U5 | {"VCC": "LINK_DE"}), "parts.U5"),
    ("supply_pins_are_fed_and_quiet", c("parts/U5/decoupling", None), "parts.U5"),
    ("supply_pins_are_fed_and_quiet", c("parts/C14/nets", "3V3A DAC_ON"), "parts.C14"),
    ("supplies_have_a_source", c("nets/3V3/source", "J5X"), "nets.3V3"),
    ("supplies_have_a_source", c("parts/L1/nets", "BUCK_SW LINK_DE"), "nets.3V3"),
    ("every_net_is_driven", c("parts/R10/nets", "LINK_NRX GND"), None),
    ("every_net_is_driven", c("parts/U6/nets", _U6 | {"nRESET": "LINK_DE"}), None),
    ("every_net_is_driven", c("parts/U5/nets", _U5 | {"R": "LINK_TX"}), None),
    ("every_net_is_driven", c("parts/R12", None), None),
    ("pins_are_numbered_once", c("types/resistor/pins", ["1 A passive", "1 B passive"]), "types.resistor"),
    ("outside_lines_are_clamped", c("parts/D3", None), "parts.J1"),
    ("outside_lines_are_clamped", c("parts/D5", None), "parts.J6"),
    ("watchdog_bites", c("parts/U6/nets", _U6 | {"WDI": "3V3"}), "parts.U6"),
    ("watchdog_bites", c("parts/U6/nets", _U6 | {"nRESET": "BOOT"}), "parts.U6"),
    ("watchdog_bites", c("watchdog/kick_ms", 600), "watchdog.kick_ms"),
    ("harness_fits_its_connectors", c("harness/W1/colors", ["WH", "BN"]), "harness.W1"),
]

# What is refused before any rule is asked.
MALFORMED = [
    (c("pins/LED_CALL/gpio", 35), "GPIO 35 is already LED_STATUS"),
    (c("pins/LED_CALL/gpio", 33), "brings no GPIO 33 out"),
    (c("pins/LED_CALL/gpio", 19), "IO19 is on USB_DN here"),
    (c("pins/LED_CALL/mode", "analog"), "mode 'analog'"),
    (c("pins/ADC_DATA/direction", None), "needs a direction"),
    (c("parts/R1/type", "resitor"), "type 'resitor' is unknown"),
    (c("parts/R1/nets", "VIN"), "1 nets for 2 pins"),
    (c("parts/U5/nets", _U5 | {"RE": "GND"}), "there is no pin RE"),
    (c("parts/U5/nets", {k: v for k, v in _U5.items() if k != "DE"}), "pin DE is connected to nothing"),
    (c("parts/X9", _R | {"nets": "VIN GND"}), "a resistor is called R and a number"),
    (c("types/resistor/pins", ["1 A pasive", "2 B passive"]), "write number, name and one of"),
    (c("keypad/diode_type", None), "three pressed keys look like four"),
    (c("matrix/rows", ["KEY_R1", "KEY_R9"]), "KEY_R9, which is no pin"),
]


def test_the_board_as_it_is_breaks_no_rule() -> None:
    assert [str(f) for f in rules.faults(netlist.netlist_of(sound()))] == []


@pytest.mark.parametrize(("name", "raw", "place"), BROKEN, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(BROKEN)])
def test_a_broken_board_is_told_where_and_what_to_do(name: str, raw: dict[str, object], place: str | None) -> None:
    found = list(getattr(rules, name)(netlist.netlist_of(raw)))
    assert found, f"{name} saw nothing"
    assert all(f.text and f.next for f in found)
    if place:
        assert place in {f.place for f in found}


def test_each_rule_is_broken_by_some_board() -> None:
    assert {r.__name__ for r in rules.RULES} == {name for name, _, _ in BROKEN}


@pytest.mark.parametrize(("raw", "text"), MALFORMED, ids=[text for _, text in MALFORMED])
def test_a_malformed_board_is_refused_with_its_place(raw: dict[str, object], text: str) -> None:
    with pytest.raises(contracts.ContractError, match=re.escape(text)) as refused:
        netlist.netlist_of(raw)
    assert "board.toml" in str(refused.value)


def test_a_fault_names_its_line() -> None:
    text = (ROOT / "hw/board.toml").read_text()
    lines = text.splitlines()
    for place, begins in (
        ("parts.R16", "R16 ="),
        ("pins.LINK_DE", "[pins.LINK_DE]"),
        ("nets.3V3", "3V3 ="),
        ("relay.rest_ms", "rest_ms ="),
        ("loops.hook", "[loops.hook]"),
    ):
        where = check._place("board.toml", text, rules.Fault(place, "", ""))
        assert lines[int(where.split(":")[1]) - 1].startswith(begins), place


@pytest.mark.parametrize(
    ("text", "number"), [("4k7", 4700), ("100n", 1e-7), ("330", 330), ("2u2", 2.2e-6), ("1M", 1e6), ("56p", 56e-12)]
)
def test_values_are_read(text: str, number: float) -> None:
    assert netlist.parse_value(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "k", "4,7k", "ten"])
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no value"):
        netlist.parse_value(text)
