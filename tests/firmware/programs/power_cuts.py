"""Run by a MicroPython VM: one whole update on a flash in memory, then the power cut at each of its writes in turn.

Arguments: partition image, bundle, the identity's file as it must stay, stride of the cuts after which the update is run to
its end again. Prints one line of counts, or the first cut that went wrong. Each write is cut off before it and in its middle.
"""

import sys

import vfs
from nor_flash import BLOCK, Flash, erase, mount, program, update


def apply(base, write, part=None):
    """One write, whole or cut off in its middle."""
    number, offset, data = write
    block = memoryview(base)[number * BLOCK : (number + 1) * BLOCK]
    if data is None:
        erase(block, part or BLOCK)
    else:
        program(block, offset, data[: part or len(data)])


def tell(*words):
    print(*words)
    sys.exit(1)


def fetch(bundle, digest):
    from handset import _link as wire

    ended = update(bundle, digest)
    if ended[0] != wire.UPDATE_READY:
        tell("the update ended with", ended)


def lifecycle(bundle, digest, marks, record):
    """The update, the restart on trial, and the proof: every write that there is in one."""
    import slots

    fetch(bundle, digest)
    marks["ready"] = len(record)
    slots.State("a", "b", slots.TRIES).save()
    marks["applied"] = len(record)
    slots.running = slots.choose(slots.load(), 0)
    marks["tried"] = len(record)
    slots.prove()
    marks["proved"] = len(record)


def judge(base, cut, identity, builds):
    """What a handset starts with this flash: its slot, whole, with its identity."""
    import slots

    mount(Flash(base))
    try:
        started = slots.choose(slots.load(), 0)
        if not slots.whole(started):
            tell("cut", cut, "starts slot", started, "which is not whole")
        if slots.build(started) not in builds:
            tell("cut", cut, "starts", slots.build(started))
        with open("/flash/device.json", "rb") as file:
            if file.read() != identity:
                tell("cut", cut, "has lost its identity")
    finally:
        vfs.umount("/flash")
    return started


def main(image, bundle_file, identity_file, stride):
    from hashlib import sha256

    import slots

    with open(image, "rb") as file:
        first = bytearray(file.read())
    with open(bundle_file, "rb") as file:
        bundle = file.read()
    with open(identity_file, "rb") as file:
        identity = file.read()
    digest = sha256(bundle).digest()
    slots.root = "/flash/"
    base, record, marks = bytearray(first), [], {}
    mount(Flash(base, record))
    lifecycle(bundle, digest, marks, record)
    builds = [slots.build("a"), slots.build("b")]
    vfs.umount("/flash")
    base = first
    starts = {"a": 0, "b": 0}
    resumed = 0
    for cut in range(len(record) + 1):
        if cut < len(record):
            number, _offset, data = record[cut]
            at = number * BLOCK
            kept = bytes(base[at : at + BLOCK])
            apply(base, record[cut], (BLOCK if data is None else len(data)) // 2)
            starts[judge(base, cut, identity, builds)] += 1
            base[at : at + BLOCK] = kept
        started = judge(base, cut, identity, builds)
        starts[started] += 1
        if cut < marks["ready"] and started != "a" or cut == marks["proved"] and started != "b":
            tell("cut", cut, "starts slot", started)
        if cut % stride == 0 and cut < marks["applied"]:
            slots.running = "a"
            mount(Flash(base))
            fetch(bundle, digest)
            if not slots.whole("b"):
                tell("cut", cut, "does not end in a whole slot when the update is repeated")
            vfs.umount("/flash")
            resumed += 1
        if cut < len(record):
            apply(base, record[cut])
    print("writes", len(record), "cuts", sum(starts.values()), "old", starts["a"], "new", starts["b"], "resumed", resumed)


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
