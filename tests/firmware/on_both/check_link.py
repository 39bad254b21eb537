from bench import Host, Line
from handset import _link as wire
from handset.frame import clear_frame
from handset.link import pack, unpack

PERIOD = 1 << 30


def check_hello_repeats_with_one_nonce_until_welcomed():
    line = Line()
    for now in range(0, 2000, 20):
        line.link.poll(now)
    line.flush()
    nonces = {unpack(wire.HELLO, text)[4] for kind, text in line.host.clear if kind == wire.HELLO}
    assert len(line.host.clear) == 4 and len(nonces) == 1


def check_welcome_opens_with_a_snapshot():
    line = Line()
    line.link.poll(0)
    line.flush()
    line.feed(line.host.welcome(unpack(wire.HELLO, line.host.clear[0][1])[4]), 5)
    line.flush()
    assert line.told == [("up",)] and line.host.got[0][:2] == (1, wire.SNAPSHOT)


def check_a_wrong_proof_opens_nothing():
    line = Line()
    line.link.poll(0)
    line.flush()
    impostor = Host(b"some other key..")
    line.feed(impostor.welcome(unpack(wire.HELLO, line.host.clear[0][1])[4]), 5)
    assert not line.link.up and line.link.rejected == 1


def check_a_refusal_slows_and_a_probe_wakes():
    line = Line()
    line.link.poll(0)
    line.feed(clear_frame(wire.REFUSE, 1, pack(wire.REFUSE, (wire.REFUSE_UNKNOWN_DEVICE, 1, 0, "enroll"))), 10)
    line.written = []
    for now in range(20, 4900, 20):
        line.link.poll(now)
    assert line.written == []
    line.feed(clear_frame(wire.PROBE, 2, b""), 4900)
    assert len(line.written) == 1


def check_a_probe_while_the_host_is_heard_is_counted_and_not_answered():
    line = Line().up()
    for now in range(100, 60000, 100):
        if now % wire.PING_MS == 0:
            line.feed(line.host.sealed(wire.PING, pack(wire.PING, (1,))), now)
            line.flush()
        line.feed(clear_frame(wire.PROBE, 2, b""), now)
        line.link.poll(now)
    assert line.written == [] and line.host.clear == []
    assert line.link.up and line.told == [] and line.link.rejected == 599


def check_a_flood_of_probes_gets_a_hello_each_quarter_second():
    line = Line()
    for now in range(1000):
        line.feed(clear_frame(wire.PROBE, 2, b""), now)
        line.link.poll(now)
    assert len(line.written) == 4


def check_a_session_survives_forged_answers():
    line = Line().up()
    impostor = Host(b"some other key..")
    impostor.nonce = bytes(16)
    line.feed(impostor.welcome(bytes(16)), 10)
    line.feed(clear_frame(wire.REFUSE, 1, pack(wire.REFUSE, (wire.REFUSE_UNKNOWN_DEVICE, 1, 0, "enroll"))), 20)
    assert line.link.up and line.told == [] and line.link.rejected == 2
    # Also where the host has been silent for long enough for a hello, whose welcome anybody may forge.
    now = 2 * wire.PING_MS + 1
    line.feed(clear_frame(wire.PROBE, 2, b""), now)
    line.flush()
    line.feed(impostor.welcome(unpack(wire.HELLO, line.host.clear[-1][1])[4]), now)
    assert line.link.up and line.told == []
    line.feed(line.host.control(wire.SHOW, 2), now)
    assert line.told == [(wire.SHOW, (2,))]


def check_a_restarted_host_takes_over():
    line = Line().up()
    line.feed(clear_frame(wire.PROBE, 2, b""), 2 * wire.PING_MS)
    assert line.written == []
    line.feed(clear_frame(wire.PROBE, 2, b""), 2 * wire.PING_MS + 1)
    line.flush()
    line.host.epoch = 8
    line.feed(line.host.welcome(unpack(wire.HELLO, line.host.clear[-1][1])[4]), 1010)
    assert line.told == [("down", "new session"), ("up",)]
    line.flush()
    assert line.host.got[0][:2] == (1, wire.SNAPSHOT)


def check_a_doubled_welcome_is_no_news():
    line = Line()
    line.link.poll(0)
    line.flush()
    welcome = line.host.welcome(unpack(wire.HELLO, line.host.clear[0][1])[4])
    line.feed(welcome, 5)
    line.feed(welcome, 6)
    assert line.told == [("up",)] and line.link.rejected == 0


def check_ping_is_answered_with_the_clock():
    line = Line().up()
    line.host.acks = []
    line.feed(line.host.sealed(wire.PING, pack(wire.PING, (77,))), 4321)
    line.flush()
    assert line.host.acks == [(wire.PONG, pack(wire.PONG, (77, 4321)))]


def check_silence_ends_the_session():
    line = Line().up()
    line.link.poll(wire.SILENCE_MS)
    assert line.link.up
    line.link.poll(wire.SILENCE_MS + 1)
    assert line.told == [("down", "silence")] and line.written


def check_silence_across_the_wrap():
    line = Line().up(PERIOD - 100)
    line.link.poll(wire.SILENCE_MS - 100)
    assert line.link.up
    line.link.poll(wire.SILENCE_MS - 99)
    assert not line.link.up


def check_control_is_delivered_once_and_in_order():
    line = Line().up()
    first = line.host.control(wire.SHOW, 1)
    second = line.host.control(wire.SHOW, 2)
    line.feed(second, 10)
    assert line.told == []
    line.feed(first, 20)
    line.host.number = 0
    line.feed(line.host.control(wire.SHOW, 1), 30)
    line.feed(line.host.control(wire.SHOW, 2), 40)
    assert line.told == [(wire.SHOW, (1,)), (wire.SHOW, (2,))]
    line.flush()
    assert line.host.acks[-1] == (wire.ACK, pack(wire.ACK, (2,)))


def check_repeats_double_and_end():
    line = Line().up()
    line.link.send(wire.KEY, 0, 53, 0)
    sent = []
    now = 0
    while line.link.up:
        now += 10
        if now % 2000 == 0:
            line.feed(line.host.sealed(wire.PING, pack(wire.PING, (1,))), now)
        line.flush()
        if line.host.got:
            sent.append(now)
            line.host.got = []
        line.link.poll(now)
    # The first is the message itself, seen at the first step.
    assert [b - a for a, b in zip([0] + sent[1:], sent[1:])] == [160, 300, 600, 1200, 2400, 4800]
    assert line.told[-1] == ("down", "no acknowledgement")


def check_the_window_bounds_what_flies():
    line = Line().up()
    for index in range(12):
        line.link.send(wire.KEY, 0, 48, index)
    line.flush()
    assert [number for number, _kind, _body in line.host.got] == list(range(2, 10))
    line.host.got = []
    line.feed(line.ack(4), 10)
    line.flush()
    assert [number for number, _kind, _body in line.host.got] == [10, 11, 12]


def check_a_full_queue_ends_the_session():
    line = Line().up()
    for index in range(40):
        line.link.send(wire.KEY, 0, 48, index)
    assert line.told == [("down", "control queue full")]


def check_numbers_wrap_without_zero():
    line = Line().up()
    line.link._sender._number = 0xFFFE
    line.link._receiver.last = line.host.number = 0xFFFE
    for _ in range(3):
        line.link.send(wire.KEY, 0, 48, 0)
    line.flush()
    assert [number for number, _kind, _body in line.host.got] == [0xFFFF, 1, 2]
    line.feed(line.host.control(wire.SHOW, 1), 0)
    line.host.number = 0
    line.feed(line.host.control(wire.SHOW, 2), 0)
    assert line.told == [(wire.SHOW, (1,)), (wire.SHOW, (2,))]


def check_a_secret_is_wiped_wherever_it_was():
    line = Line().up()
    body = bytearray(b"\x09\x00\x01\x044821")
    line.link.send_secret(wire.ENTRY, body, 0)
    queued = line.link._sender._queue[0][1]
    assert not any(body) and bytes(queued[-4:]) == b"4821"
    assert b"4821" not in b"".join(line.written)
    line.flush()
    assert line.host.got[-1] == (2, wire.ENTRY, b"\x09\x00\x01\x044821")
    line.feed(line.ack(2), 10)
    assert not any(queued)


def check_a_lost_session_wipes_its_queue():
    line = Line().up()
    line.link.send_secret(wire.ENTRY, bytearray(b"\x09\x00\x01\x044821"), 0)
    queued = line.link._sender._queue[0][1]
    line.link.poll(wire.SILENCE_MS + 1)
    assert not line.link.up and not any(queued)


def check_audio_both_ways():
    line = Line().up()
    pcm = bytes(range(256)) * 2 + bytes(128)
    line.feed(line.host.sealed(wire.AUDIO, pcm), 0)
    assert line.heard == [pcm]
    line.host.acks = []
    line.link.send_audio(pcm)
    line.flush()
    assert line.host.acks == [(wire.AUDIO, pcm)]


def check_malformed_control_is_refused_and_acknowledged():
    line = Line().up()
    line.host.number += 1
    line.feed(line.host.sealed(wire.SHOW, bytes((line.host.number, 0)) + b"too long"), 0)
    line.feed(line.host.control(wire.SHOW, 3), 0)
    assert line.told == [(wire.SHOW, (3,))] and line.link.rejected == 1
    line.feed(line.host.sealed(wire.PING, b"x"), 0)
    line.feed(line.host.sealed(wire.SHOW, b"x"), 0)
    assert line.link.rejected == 3


def check_packing_cuts_what_does_not_fit():
    body = pack(wire.HELLO, (1, 0, 2, 3, bytes(16), "d" * 99, "b"))
    assert unpack(wire.HELLO, body)[5:] == (b"d" * 32, b"b")
    assert unpack(wire.HELLO, body[:-1]) is None and unpack(wire.HELLO, body + b"x") is None
    assert unpack(0x7F, b"") is None
