"""What a handset's report of its loops means to staff: kinds of alarm, in words."""

from kinline.handsets import _link as wire

_WIRES = {wire.WIRES_SHORT: "shorted", wire.WIRES_CUT: "cut"}


def alarms(loops: wire.Loops) -> dict[str, str]:
    """Kind of alarm to what is wrong; empty when all is well."""
    found: dict[str, str] = {}
    if loops.hook in _WIRES:
        found["hook"] = f"the hook's wires are {_WIRES[loops.hook]}"
    if loops.cord != wire.WIRES_CLOSED:
        found["cord"] = f"the handset's cord is {_WIRES.get(loops.cord, 'damaged')}"
    if loops.case in _WIRES:
        found["case"] = f"the case switches' wires are {_WIRES[loops.case]}"
    elif loops.case != wire.WIRES_CLOSED:
        found["case"] = "the case is open or off the wall"
    if loops.magnet == wire.MAGNET_FOREIGN:
        found["magnet"] = "a foreign magnet is at the cradle"
    if loops.supply != wire.SUPPLY_GOOD:
        low = loops.supply == wire.SUPPLY_LOW
        found["supply"] = f"the supply is too {'low' if low else 'high'}: {loops.supply_mv / 1000:.0f} V"
    return found
