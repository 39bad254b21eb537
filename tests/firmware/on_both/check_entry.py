from handset import _link as wire
from handset.entry import Entry

HASH = ord("#")


class Host:
    """Receives the entry as bytes and wipes it, as the link does."""

    def __init__(self):
        self.bodies = []

    def __call__(self, body):
        self.bodies.append(bytes(body))


def _entry(**changes):
    host = Host()
    entry = Entry(host)
    limits = {"least": 4, "most": 8, "closing": HASH, "first": 5000, "gap": 3000}
    limits.update(changes)
    entry.start(0, 9, wire.COLLECT_SECRET, limits["least"], limits["most"], limits["closing"], limits["first"], limits["gap"])
    return entry, host


def _dial(entry, keys, now=0):
    for key in keys:
        if entry.collecting:
            entry.key(ord(key), now)


def _body(result, digits):
    return bytes((9, 0, result, len(digits))) + digits


def check_closing_key():
    entry, host = _entry()
    _dial(entry, "4821#")
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")] and not entry.collecting


def check_closing_key_too_early_does_nothing():
    entry, host = _entry()
    _dial(entry, "482#1#")
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")]


def check_star_clears():
    entry, host = _entry()
    _dial(entry, "99*4821#")
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")]


def check_most_completes():
    for closing in (0, HASH):
        entry, host = _entry(closing=closing, least=4, most=4)
        _dial(entry, "48215#")
        assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")], closing


def check_volume_keys_are_no_digits():
    entry, host = _entry()
    _dial(entry, "4+8-2T1S#")
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")]


def check_nothing_dialled_times_out():
    entry, host = _entry()
    entry.poll(4999)
    assert entry.collecting
    entry.poll(5000)
    assert host.bodies == [_body(wire.ENTRY_TIMEOUT, b"")]


def check_a_pause_after_too_few_times_out():
    entry, host = _entry()
    _dial(entry, "48", 1000)
    entry.poll(3999)
    assert entry.collecting
    entry.poll(4000)
    assert host.bodies == [_body(wire.ENTRY_TIMEOUT, b"48")]


def check_a_pause_after_enough_completes():
    entry, host = _entry()
    _dial(entry, "48215", 1000)
    entry.poll(4000)
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"48215")]


def check_a_repeated_collect_keeps_the_digits():
    entry, host = _entry()
    _dial(entry, "48")
    entry.start(10, 9, wire.COLLECT_SECRET, 4, 8, HASH, 5000, 3000)
    _dial(entry, "21#")
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"4821")]


def check_cancel_of_another_collect_is_ignored():
    entry, host = _entry()
    entry.cancel(8)
    assert entry.collecting
    entry.cancel(9)
    assert not entry.collecting and host.bodies == []


def check_digits_are_wiped():
    for end in ("#", "cancel", "*", "timeout"):
        entry, _host = _entry()
        _dial(entry, "4821")
        if end == "cancel":
            entry.cancel()
        elif end == "timeout":
            entry.poll(3000)
        else:
            _dial(entry, end)
        assert not any(entry._digits), end


def check_a_collect_larger_than_the_buffer():
    entry, host = _entry(most=255, closing=0)
    _dial(entry, "1" * 40)
    assert host.bodies == [_body(wire.ENTRY_COMPLETE, b"1" * 32)]
