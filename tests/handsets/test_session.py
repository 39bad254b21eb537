"""One session, frame by frame: what opens it, what ends it, what must not."""

from collections.abc import Callable
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline.handsets.keys import derive
from tests.handsets.ends import DEVICE, DEVICE_KEY, SNAPSHOT, hello
from tests.handsets.pipe import MS

FIRST = b"\x01\x00"
NOW = 1_000 * MS


def numbered(number: int, message: wire.Message) -> bytes:
    return number.to_bytes(2, "little") + message.encode()


def closed_session() -> ses.Session:
    return ses.Session({DEVICE: DEVICE_KEY}.get, token_bytes)


def open_session() -> ses.Session:
    session = closed_session()
    session.frame(wire.Hello.ID, hello().encode(), NOW)
    opened = session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    assert any(isinstance(action, ses.Opened) for action in opened)
    return session


def sent(actions: list[ses.Action]) -> list[int]:
    return [action.kind for action in actions if isinstance(action, ses.Transmit)]


def refused(actions: list[ses.Action]) -> list[str]:
    return [action.counter for action in actions if isinstance(action, ses.Refused)]


def delivered(actions: list[ses.Action]) -> list[wire.Message]:
    return [action.message for action in actions if isinstance(action, ses.Delivered)]


def test_a_hello_is_welcomed_under_keys_that_both_can_derive() -> None:
    install, transmit = closed_session().frame(wire.Hello.ID, hello(nonce=b"n" * 16).encode(), NOW)
    assert isinstance(install, ses.InstallKeys) and isinstance(transmit, ses.Transmit)
    welcome = wire.Welcome.decode(transmit.payload)
    assert (install.keys, welcome.proof) == derive(DEVICE_KEY, b"n" * 16, welcome.nonce, welcome.epoch)


def test_the_snapshot_opens_and_is_told_once() -> None:
    session = closed_session()
    session.frame(wire.Hello.ID, hello().encode(), NOW)
    assert not session.open
    actions = session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    ack = ses.Transmit(wire.Ack.ID, wire.Ack(1).encode())
    assert actions == [ses.Opened(DEVICE, "test", 7, SNAPSHOT), ack]
    assert session.open
    assert session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1) == [ack]


def test_a_repeated_hello_gets_the_same_welcome() -> None:
    """The keys that the handset was first given stay good however slow the line is."""
    session = closed_session()
    _, welcome = session.frame(wire.Hello.ID, hello().encode(), NOW)
    assert session.frame(wire.Hello.ID, hello().encode(), NOW + 500 * MS) == [welcome]


def test_another_nonce_gets_other_keys() -> None:
    session = closed_session()
    first, _ = session.frame(wire.Hello.ID, hello().encode(), NOW)
    second, _ = session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)
    assert isinstance(first, ses.InstallKeys) and isinstance(second, ses.InstallKeys)
    assert (first.keys.epoch, second.keys.epoch) == (1, 2)


@pytest.mark.parametrize("text", [hello(major=2).encode(), b"\x02", b"\x00" * 200], ids=["like ours", "short", "long"])
def test_another_major_is_refused_whatever_its_layout(text: bytes) -> None:
    transmit, refusal = closed_session().frame(wire.Hello.ID, text, NOW)
    assert isinstance(transmit, ses.Transmit) and isinstance(refusal, ses.Refused)
    said = wire.Refuse.decode(transmit.payload)
    assert (said.reason, said.major, said.hint) == (
        wire.REFUSE_MAJOR,
        1,
        "flash firmware that speaks link 1.1",
    )
    assert refusal.counter == "link_wrong_major"


def test_another_minor_is_spoken_down() -> None:
    text = bytearray(hello().encode())
    text[1] = 9
    _, transmit = closed_session().frame(wire.Hello.ID, bytes(text), NOW)
    assert isinstance(transmit, ses.Transmit)
    assert wire.Welcome.decode(transmit.payload).minor == wire.MINOR


@given(st.text(max_size=32).filter(lambda name: len(name.encode()) <= 32 and name != DEVICE))
def test_an_unknown_device_is_refused(name: str) -> None:
    transmit, refusal = closed_session().frame(wire.Hello.ID, hello(name).encode(), NOW)
    assert isinstance(transmit, ses.Transmit) and isinstance(refusal, ses.Refused)
    assert wire.Refuse.decode(transmit.payload).reason == wire.REFUSE_UNKNOWN_DEVICE
    assert refusal.counter == "link_unknown_device"
    assert repr(name) in refusal.detail


def test_a_handset_at_the_port_of_another_is_refused_though_its_key_is_known() -> None:
    """A telephone stolen from another wall opens nothing here."""
    session = ses.Session({DEVICE: DEVICE_KEY, "wall-2": b"k" * 16}.get, token_bytes, station=DEVICE)
    transmit, refusal = session.frame(wire.Hello.ID, hello("wall-2").encode(), NOW)
    assert isinstance(transmit, ses.Transmit) and transmit.kind == wire.Refuse.ID
    assert isinstance(refusal, ses.Refused) and refusal.counter == "link_wrong_station"
    assert "'wall-2' is at the port of wall-1" in refusal.detail
    assert sent(session.frame(wire.Hello.ID, hello().encode(), NOW)) == [wire.Welcome.ID]


def test_a_handset_that_takes_no_welcome_is_told_of_once_in_ten_seconds() -> None:
    """Its key is another: nothing else would ever be said about it."""
    session = closed_session()
    said: list[ses.Action] = []
    for number in range(41):
        said += session.frame(wire.Hello.ID, hello().encode(), NOW + number * wire.HELLO_MS * MS)
    assert refused(said) == ["link_unproved"] * 2
    assert sent(said) == [wire.Welcome.ID] * 41


def test_a_forged_hello_does_not_end_a_session() -> None:
    session = open_session()
    for n in range(600):  # more than there are epochs
        later = NOW + n * wire.HELLO_SLOW_MS * MS
        actions = session.frame(wire.Hello.ID, hello(nonce=n.to_bytes(16, "little")).encode(), later)
        keys = next(action.keys for action in actions if isinstance(action, ses.InstallKeys))
        assert keys.epoch not in (0, 1)
    hook = wire.Hook(0, 9)
    assert delivered(session.frame(wire.Hook.ID, numbered(2, hook), NOW, epoch=1)) == [hook]
    assert session.open


def test_a_flood_of_hellos_is_answered_a_few_times_and_then_slowly() -> None:
    session = closed_session()
    said = [session.frame(wire.Hello.ID, hello(nonce=n.to_bytes(16, "little")).encode(), NOW) for n in range(40)]
    assert [refused(actions) for actions in said] == [[]] * wire.HELLOS + [["link_hello_limited"]] * (40 - wire.HELLOS)
    assert all(not sent(actions) for actions in said[wire.HELLOS :])
    later = NOW + (wire.HELLO_SLOW_MS + 1) * MS
    assert [sent(session.frame(wire.Hello.ID, hello(nonce=bytes((9, n)) * 8).encode(), later)) for n in range(2)] == [
        [wire.Welcome.ID],
        [],
    ]


def test_a_flood_for_unknown_devices_is_limited_too() -> None:
    session = closed_session()
    said = [refused(session.frame(wire.Hello.ID, hello(f"x{n}").encode(), NOW)) for n in range(wire.HELLOS + 1)]
    assert said == [["link_unknown_device"]] * wire.HELLOS + [["link_hello_limited"]]


def test_a_handset_that_repeats_its_hello_is_never_limited() -> None:
    session = closed_session()
    for n in range(100):
        assert wire.Welcome.ID in sent(session.frame(wire.Hello.ID, hello().encode(), NOW + n * 500 * MS))


def rekeyed(session: ses.Session, now_ns: int) -> tuple[ses.InstallKeys, wire.Rekey]:
    install, transmit = session.rekey(now_ns)
    assert isinstance(install, ses.InstallKeys) and isinstance(transmit, ses.Transmit)
    return install, wire.Rekey.decode(transmit.payload[2:])


def test_an_open_session_is_given_fresh_keys_and_goes_on() -> None:
    session, hook = open_session(), wire.Hook(1, 2)
    install, said = rekeyed(session, NOW)
    assert install.keys == derive(DEVICE_KEY, bytes(16), said.nonce, said.epoch)[0]
    assert said.epoch not in (0, 1)
    assert delivered(session.frame(wire.Hook.ID, numbered(2, hook), NOW, epoch=1)) == [hook], "before the handset has switched"
    assert delivered(session.frame(wire.Hook.ID, numbered(3, hook), NOW, epoch=said.epoch)) == [hook]
    assert refused(session.frame(wire.Hook.ID, numbered(4, hook), NOW, epoch=1)) == ["link_unexpected"]
    assert session.open


def test_one_change_of_keys_at_a_time() -> None:
    """A second one would displace in the engine the keys that the handset is about to use."""
    session = open_session()
    _, said = rekeyed(session, NOW)
    assert session.rekey(NOW) == []
    session.frame(wire.Ack.ID, wire.Ack(1).encode(), NOW, epoch=said.epoch)
    assert len(session.rekey(NOW)) == 2


def test_keys_change_each_hour_and_not_before() -> None:
    session = open_session()
    at = []
    for minute in range(130):
        now = NOW + minute * 60_000 * MS
        session.heard_ns = now
        for action in session.tick(now):
            if isinstance(action, ses.InstallKeys):
                at.append(minute)
                session.frame(wire.Ack.ID, wire.Ack(len(at)).encode(), now, epoch=action.keys.epoch)
    assert at == [60, 120]


def test_forged_hellos_put_no_change_of_keys_off() -> None:
    """However many: whoever proves none within the silence of a link was no handset that had left its session."""
    session = open_session()
    changed = []
    for ms in range(0, wire.REKEY_MS + 10_000, 500):
        now = session.heard_ns = NOW + ms * MS
        if ms % wire.HELLO_SLOW_MS == 0:
            session.frame(wire.Hello.ID, hello(nonce=ms.to_bytes(16, "little")).encode(), now)
        changed += [ms for action in session.tick(now) if isinstance(action, ses.InstallKeys)]
    assert len(changed) == 1 and changed[0] - wire.REKEY_MS <= wire.HELLO_SLOW_MS


def test_an_older_handset_keeps_its_keys() -> None:
    session = closed_session()
    text = bytearray(hello().encode())
    text[1] = 0
    session.frame(wire.Hello.ID, bytes(text), NOW)
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    assert session.open and session.rekey(NOW) == []


def test_a_hello_does_not_displace_keys_that_are_being_changed() -> None:
    session = open_session()
    _, said = rekeyed(session, NOW)
    assert refused(session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)) == ["link_hello_limited"]
    session.frame(wire.Ack.ID, wire.Ack(1).encode(), NOW, epoch=said.epoch)
    assert sent(session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)) == [wire.Welcome.ID]


def test_a_revoked_device_is_cut_off_and_stays_out() -> None:
    known = {DEVICE: DEVICE_KEY}
    session = ses.Session(known.get, token_bytes)
    session.frame(wire.Hello.ID, hello().encode(), NOW)
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    assert not session.disowned
    known[DEVICE] = b"another board's!"
    assert session.disowned
    known.clear()
    assert session.disowned
    assert session.revoke() == [ses.Closed("its key was revoked", NOW)]
    assert refused(session.frame(wire.Hook.ID, numbered(2, wire.Hook(1, 2)), NOW, epoch=1)) == ["link_unexpected"]
    assert refused(session.frame(wire.Hello.ID, hello().encode(), NOW)) == ["link_unknown_device"]


def test_an_old_snapshot_does_not_prove_a_forged_hello() -> None:
    """Its acknowledgement was lost, so it comes again, right after somebody's hello."""
    session = open_session()
    session.frame(wire.Hello.ID, hello(nonce=b"\xff" * 16).encode(), NOW)
    again = session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    assert again == [ses.Transmit(wire.Ack.ID, wire.Ack(1).encode())]


def test_a_proved_hello_ends_the_old_session_and_opens_the_new() -> None:
    session = open_session()
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)
    kinds = [type(a) for a in session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=2)]
    assert kinds == [ses.Closed, ses.Opened, ses.Transmit]


@pytest.mark.parametrize("kind", [wire.Snapshot, wire.Ack], ids=["by its snapshot", "by what follows a lost one"])
def test_a_session_that_gives_way_was_last_heard_before_the_handset_restarted(kind: type[wire.Message]) -> None:
    """Talk is charged up to there: nobody talked while it was dead."""
    session = open_session()
    session.frame(wire.Hook.ID, numbered(2, wire.Hook(1, 2)), NOW + 700 * MS, epoch=1)
    later = NOW + 2900 * MS
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), later)
    text = FIRST + SNAPSHOT.encode() if kind is wire.Snapshot else wire.Ack(1).encode()
    closed, *_ = session.frame(kind.ID, text, later, epoch=2)
    assert closed == ses.Closed("the handset started a new session", NOW + 700 * MS)


def test_a_new_session_starts_afresh() -> None:
    """Numbers, clock and pings of the one before mean nothing to a handset that may have restarted."""
    session, hook = open_session(), wire.Hook(1, 2)
    session.frame(wire.Hook.ID, numbered(2, hook), NOW, epoch=1)
    session.send(wire.Show(1), NOW)
    for ms in range(0, 1500, 500):
        session.tick(NOW + ms * MS)
    for number in (1, 2):
        session.frame(wire.Pong.ID, wire.Pong(number, 5).encode(), NOW + 1500 * MS, epoch=1)
    assert session.clock.ready
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW + 1500 * MS)
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW + 1500 * MS, epoch=2)
    session.frame(wire.Pong.ID, wire.Pong(3, 5).encode(), NOW + 1500 * MS, epoch=2)
    assert session.clock.round_trip_ns == 0, "an answer to the old session's ping was taken for the new"
    assert session.send(wire.Show(2), NOW) == [ses.Transmit(wire.Show.ID, numbered(1, wire.Show(2)))]
    assert delivered(session.frame(wire.Hook.ID, numbered(2, hook), NOW, epoch=2)) == [hook]


def test_a_message_of_the_new_session_does_not_enter_the_old_numbering() -> None:
    """The new snapshot was lost; the message behind it has the number that the old session expects next."""
    session = open_session()
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)
    actions = session.frame(wire.Hook.ID, numbered(2, wire.Hook(0, 9)), NOW, epoch=2)
    assert (delivered(actions), sent(actions)) == ([], [])
    assert not session.open
    opened = session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=2)
    assert sum(isinstance(action, ses.Opened) for action in opened) == 1


def test_a_late_frame_of_the_old_session_is_not_taken_for_the_new() -> None:
    session = open_session()
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW)
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=2)
    actions = session.frame(wire.Hook.ID, numbered(2, wire.Hook(0, 9)), NOW, epoch=1)
    assert (delivered(actions), sent(actions), refused(actions)) == ([], [], ["link_unexpected"])


@pytest.mark.parametrize("make", [closed_session, open_session])
@given(kind=st.integers(0, 255), text=st.binary(max_size=wire.AUDIO_BYTES), epoch=st.none() | st.integers(0, 255))
def test_no_frame_does_harm(make: Callable[[], ses.Session], kind: int, text: bytes, epoch: int | None) -> None:
    session = make()
    was_open = session.open
    session.frame(kind, text, NOW, epoch)
    assert session.open == was_open


@given(body=st.binary(max_size=40))
def test_a_malformed_message_is_acknowledged_counted_and_the_next_delivered(body: bytes) -> None:
    session, hook = open_session(), wire.Hook(1, 2)
    actions = session.frame(wire.TalkEnded.ID, b"\x02\x00" + body, NOW)
    assert sent(actions) == [wire.Ack.ID]
    assert refused(actions) == ([] if len(body) == 13 else ["link_malformed"])
    assert delivered(session.frame(wire.Hook.ID, numbered(3, hook), NOW)) == [hook]


@pytest.mark.parametrize("kind", [wire.Listen.ID, wire.Talk.ID, 0x3F, 0xFF])
def test_a_message_that_no_handset_sends_is_acknowledged_and_counted(kind: int) -> None:
    """Unacknowledged it would come again and again, and end the session in the end."""
    actions = open_session().frame(kind, b"\x02\x00" + bytes(12), NOW)
    assert (sent(actions), refused(actions), delivered(actions)) == ([wire.Ack.ID], ["link_unexpected"], [])


@pytest.mark.parametrize("kind", [wire.Ack.ID, wire.Pong.ID, wire.Hook.ID, wire.AUDIO, wire.Ping.ID])
def test_a_closed_session_answers_no_sealed_frame(kind: int) -> None:
    session = open_session()
    for n in range(20):
        session.send(wire.Show(n % 4), NOW)
    session.close("gone")
    actions = session.frame(kind, b"\x08\x00" + bytes(5), NOW, epoch=1)
    assert (sent(actions), refused(actions)) == ([], ["link_unexpected"])


def test_silence_closes_and_says_so_once() -> None:
    session = open_session()
    closed = []
    for ms in range(50, 4000, 50):
        closed += [(ms, a.reason) for a in session.tick(NOW + ms * MS) if isinstance(a, ses.Closed)]
    assert closed == [(2550, "nothing heard for 2500 ms")]


def test_silence_does_not_drop_a_hello_that_is_being_proved() -> None:
    """A handset that resets is back with its hello just when the old session runs into silence."""
    session = open_session()
    session.frame(wire.Hello.ID, hello(nonce=b"\x01" * 16).encode(), NOW + 2400 * MS)
    assert any(isinstance(a, ses.Closed) for a in session.tick(NOW + 2600 * MS))
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW + 2650 * MS, epoch=2)
    assert session.open


def test_a_port_that_vanished_forgets_the_hello_too() -> None:
    session = closed_session()
    session.frame(wire.Hello.ID, hello().encode(), NOW)
    assert session.close("the port is gone") == []
    session.frame(wire.Snapshot.ID, FIRST + SNAPSHOT.encode(), NOW, epoch=1)
    assert not session.open


def probes(session: ses.Session, from_ms: int, to_ms: int) -> list[int]:
    return [ms for ms in range(from_ms, to_ms, 50) if wire.Probe.ID in sent(session.tick(NOW + ms * MS))]


def test_probes_keep_their_pace() -> None:
    assert probes(closed_session(), 0, 2000) == [0, 500, 1000, 1500]


def test_a_hello_stops_the_probes_for_two_of_its_periods_and_no_longer() -> None:
    session = closed_session()
    session.frame(wire.Hello.ID, hello().encode(), NOW)
    assert probes(session, 0, 2500) == [1000, 1500, 2000]


def test_an_open_session_does_not_probe() -> None:
    assert probes(open_session(), 0, 2500) == []


def test_pings_keep_their_pace_and_only_their_answers_count() -> None:
    session = open_session()
    pings = []
    for ms in range(0, 2000, 50):
        for action in session.tick(NOW + ms * MS):
            assert isinstance(action, ses.Transmit)
            pings.append((ms, wire.Ping.decode(action.payload).number))
    assert pings == [(0, 1), (500, 2), (1000, 3), (1500, 4)]
    for number in (9, 4, 4):
        session.frame(wire.Pong.ID, wire.Pong(number, 77).encode(), NOW + 1600 * MS)
    assert not session.clock.ready, "made up and repeated answers were taken for measurements"
    session.frame(wire.Pong.ID, wire.Pong(3, 77).encode(), NOW + 1600 * MS)
    assert session.clock.ready


def test_an_answer_that_took_too_long_measures_nothing() -> None:
    session = open_session()
    for ms in range(0, 5000, 500):
        session.tick(NOW + ms * MS)
        session.frame(wire.Ack.ID, wire.Ack(0).encode(), NOW + ms * MS)
    session.frame(wire.Pong.ID, wire.Pong(1, 77).encode(), NOW + 5000 * MS)
    assert session.clock.round_trip_ns == 0


def test_a_message_to_a_closed_session_is_counted() -> None:
    assert refused(closed_session().send(wire.Show(1), NOW)) == ["link_unsent"]


def test_a_handset_that_acknowledges_nothing_is_given_up() -> None:
    session = open_session()
    session.send(wire.Show(1), NOW)
    for ms in range(0, 30_000, 50):
        session.frame(wire.Pong.ID, wire.Pong(0, 0).encode(), NOW + ms * MS)
        closed = [a for a in session.tick(NOW + ms * MS) if isinstance(a, ses.Closed)]
        if closed:
            assert "no acknowledgement" in closed[0].reason
            return
    raise AssertionError("never given up")
