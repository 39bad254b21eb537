"""Rules of the firmware's logic, searched by Hypothesis."""

import struct
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.firmware import conftest  # noqa: F401 - puts the firmware on the path

# isort: split
from bench import Line
from handset import _link as wire
from handset import talk_timer, ticks
from handset.entry import Entry
from handset.frame import FrameReader
from handset.keypad import Keypad
from handset.reliable import Receiver, Sender
from handset.replay import ReplayWindow

KEYS = ("123+", "456-", "789T", "*0#S")
TICKS = st.integers(0, wire.TICKS_PERIOD - 1)


@given(st.lists(st.integers(0, 80), max_size=200))
def test_replay_window_accepts_each_sequence_once_and_none_too_old(sequences: list[int]) -> None:
    window, seen, newest = ReplayWindow(), set[int](), 0
    for sequence in sequences:
        expected = sequence > 0 and sequence not in seen and sequence >= newest - wire.REPLAY_WINDOW
        assert window.fresh(sequence) == expected
        if expected:
            window.mark(sequence)
            seen.add(sequence)
            newest = max(newest, sequence)


@given(st.lists(st.integers(0, 0xFFFF), max_size=60))
def test_no_key_comes_from_a_scan_with_two(masks: list[int]) -> None:
    keypad = Keypad(KEYS)
    for index, mask in enumerate(masks):
        key = keypad.scan(mask)
        if key:
            assert mask == 1 << "".join(KEYS).index(key)
            assert masks[index - 1] == mask


@given(st.sampled_from("".join(KEYS)), st.integers(0, 9), st.integers(0, 9))
def test_a_press_that_bounces_is_one_key(key: str, closing: int, opening: int) -> None:
    """Bounce is shorter than two scans: no two scans agree until the contact has settled."""
    keypad, bit = Keypad(KEYS), 1 << "".join(KEYS).index(key)
    masks = [bit * (index % 2) for index in range(closing)] + [bit] * 5
    masks += [bit * (index % 2) for index in range(opening)] + [0] * 5
    assert [found for found in map(keypad.scan, masks) if found] == [key]


@given(TICKS, st.integers(-ticks.LONGEST_MS, ticks.LONGEST_MS))
def test_time_differences_survive_the_wrap(start: int, span: int) -> None:
    assert ticks.diff(ticks.add(start, span), start) == span


@given(
    TICKS,
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 2), st.integers(-1000, 90000), st.integers(0, 90000)),
        min_size=1,
        max_size=30,
    ),
)
def test_no_repeat_ever_extends_a_talk(now: int, events: list[tuple[int, int, int, int]]) -> None:
    grant = talk_timer.Grant()
    ends: dict[int, int] = {}
    elapsed = 0
    for wait, call, ahead, limit in events:
        elapsed += wait
        at = ticks.add(now, elapsed)
        if grant.expired(at):
            grant.stop(at)
        running = grant.call if grant.kind == talk_timer.TALK else None
        if running is None or running == call + 1:
            left = max(0, min(ahead, limit))
            grant.talk(at, call + 1, ticks.add(at, ahead), limit)
            if call + 1 != running and grant.kind == talk_timer.TALK and grant.call == call + 1:
                ends[call + 1] = elapsed + left
        if grant.kind == talk_timer.TALK:
            assert elapsed + grant.left(at) <= ends[grant.call]


@given(st.text("".join(KEYS), max_size=60), st.integers(0, 6), st.integers(1, 40), st.sampled_from([0, ord("#")]))
def test_an_entry_is_what_was_dialled_and_leaves_nothing_behind(keys: str, least: int, most: int, closing: int) -> None:
    bodies: list[bytes] = []
    entry = Entry(lambda body: bodies.append(bytes(body)))
    entry.start(0, 5, wire.COLLECT_SECRET, least, most, closing, 0, 0)
    expected = ""
    for key in keys:
        if not entry.collecting:
            break
        entry.key(ord(key), 0)
        if key == "*":
            expected = ""
        elif key.isdigit():
            expected += key
    if bodies:
        (body,) = bodies
        assert struct.unpack_from("<HBB", body) == (5, wire.ENTRY_COMPLETE, len(expected))
        assert body[4:] == expected.encode() and min(least, 32, most) <= len(expected) <= min(most, 32)
    else:
        entry.cancel()
    assert not any(entry._digits)


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_the_reader_takes_any_bytes_in_any_pieces(data: bytes, piece: int) -> None:
    reader = FrameReader()
    at = 0
    while at < len(data):
        space = reader.space()
        assert len(space) > 0
        part = data[at : at + min(piece, len(space))]
        space[: len(part)] = part
        reader.received(len(part))
        at += len(part)
        while reader.next():
            reader.reject()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 1 << 32), st.floats(0, 0.45), st.integers(1, 30))
def test_reliable_control_under_loss(seed: int, loss: float, count: int) -> None:
    """Everything arrives once and in order, or the sender gives up: never a hole, never a double."""
    random = Random(seed)
    flying: list[bytes] = []
    sender = Sender(lambda kind, text: flying.append(bytes(text)))
    receiver = Receiver()
    delivered: list[int] = []
    sent, now = 0, 0
    while len(delivered) < count:
        now += 10
        if sent < count and sender.send(wire.KEY, bytes((sent,)), now):
            sent += 1
        if not sender.poll(now):
            break
        pieces = flying.copy()
        flying.clear()
        for text in pieces:
            if random.random() < loss:
                continue
            if receiver.take(text[0] | text[1] << 8):
                delivered.append(text[2])
            if random.random() >= loss:
                sender.acknowledged(receiver.last, now)
    assert delivered == list(range(len(delivered)))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 32), st.integers(1, 1400))
def test_a_link_hears_its_host_through_noise_and_garbled_frames(seed: int, piece: int) -> None:
    random = Random(seed)
    line = Line().up()
    expected = []
    for index in range(12):
        noise = random.randbytes(random.randrange(60))
        good = line.host.sealed(wire.PING, bytes((index, 0)))
        bad = bytearray(line.host.sealed(wire.PING, b"\xff\xff"))
        bad[random.randrange(len(bad))] ^= 1 << random.randrange(8)
        line.feed(noise + bytes(bad) + good, index, piece)
        expected.append(index)
    # What a garbled length has swallowed comes out once enough bytes have followed.
    line.feed(bytes(800), 12, piece)
    line.host.acks = []
    line.flush()
    pongs = [text[0] | text[1] << 8 for kind, text in line.host.acks if kind == wire.PONG]
    assert pongs == expected
