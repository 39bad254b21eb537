"""Protected media: heard as it was said under the right keys, and not at all otherwise."""

import errno
import itertools
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from kinline_engine.bus import Source
from kinline_engine.engine import CallEvent, FarEnd, Side
from kinline_engine.errors import EngineError
from kinline_engine.srtp import Crypto, Srtp, Suite
from tests.engine.parties import FRAME8, Far, Pcm, Stage, found_again, speech, ulaw_decode, ulaw_encode
from tests.engine.test_bridged import Bridge, as_coded

# An end that brings more than 64 packets in 5 ms is taken for a flood: no test here has so many at once.
PACE_S = 0.0002
NEAR = speech(3, 8000, seed=1)
FAR = speech(3, 8000, seed=2)


def fresh(suite: Suite) -> Crypto:
    return Crypto(suite, secrets.token_bytes(suite.key_bytes), secrets.token_bytes(suite.key_bytes))


class ProtectedFar(Far):
    """A far end that protects what it sends; `crypto` is the engine's view of the keys."""

    def __init__(self, engine_port: int, suite: Suite) -> None:
        super().__init__(engine_port)
        self.rekey(fresh(suite))

    def rekey(self, crypto: Crypto) -> None:
        self.crypto = crypto
        self.protect = Srtp(crypto.suite, crypto.receive_key)
        self.unprotect = Srtp(crypto.suite, crypto.send_key)

    @property
    def end(self) -> FarEnd:
        return replace(super().end, crypto=self.crypto)

    def next(self, pcm: Pcm) -> bytes:
        """The next packet, protected."""
        packet = self.protect.protect(self.packet(ulaw_encode(pcm)))
        self.advance(len(pcm))
        return packet

    def say(self, pcm: Pcm) -> None:
        self.send(self.next(pcm))

    def hear(self) -> Pcm:
        return ulaw_decode(self.unprotect.unprotect(self.receive())[12:])


class ProtectedBridge(Bridge):
    """A call whose near end is protected, and another on the same engine that must not notice what comes to it."""

    def __init__(self, suite: Suite) -> None:
        super().__init__()
        self.call.gate(True)
        self.end = ProtectedFar(self.engine.rtp_port, suite)
        self.partner = Far(self.engine.rtp_port)
        self.protected = self.engine.create_bridged_call()
        self.protected.set_near(self.end.end)
        self.protected.set_far(self.partner.end)
        self.protected.gate(True)

    def close(self) -> None:
        self.end.close()
        self.partner.close()
        super().close()

    def pass_on(self, pcm: Pcm) -> None:
        """It says these, and they are heard exactly."""
        for at in range(0, len(pcm), FRAME8):
            said = pcm[at : at + FRAME8]
            self.end.say(said)
            assert np.array_equal(self.partner.hear(), as_coded(said))
            time.sleep(PACE_S)

    def refuse(self, *packets: bytes) -> None:
        """None of these is heard, and the other call goes on as ever."""
        for i, packet in enumerate(packets):
            self.end.send(packet)
            time.sleep(PACE_S)
            if i % 50 == 0:
                heard_near, heard_far = self.talk(NEAR[:FRAME8], FAR[:FRAME8])
                assert np.array_equal(heard_far, as_coded(NEAR[:FRAME8])) and np.array_equal(heard_near, as_coded(FAR[:FRAME8]))
        before = self.protected.counters.far.sent
        assert not self.waits(self.partner)
        assert self.protected.counters.far.sent == before

    @staticmethod
    def waits(far: Far) -> bool:
        far.socket.setblocking(False)
        try:
            far.socket.recv(2048)
        except BlockingIOError:
            return False
        finally:
            far.socket.settimeout(10)
        return True

    @property
    def counters(self) -> tuple[int, int]:
        near = self.protected.counters.near
        return near.unauthentic, near.replayed

    def told(self) -> list[int]:
        _ = self.engine.counters
        events = self.bus.poll()
        return [e.code for e in events if (e.source, e.kind, e.id) == (Source.CALL, CallEvent.RTP_BAD, self.protected.id)]


@pytest.fixture(params=list(Suite), ids=lambda suite: suite.name)
def bridge(request: pytest.FixtureRequest) -> Iterator[ProtectedBridge]:
    bridge = ProtectedBridge(request.param)
    yield bridge
    bridge.close()


def test_both_ways_exactly_and_not_in_clear_on_the_wire(bridge: ProtectedBridge) -> None:
    bridge.pass_on(NEAR)
    for at in range(0, len(FAR), FRAME8):
        bridge.partner.say(FAR[at : at + FRAME8])
        wire = bridge.end.receive()
        assert ulaw_encode(FAR[at : at + FRAME8])[:40] not in wire
        heard = ulaw_decode(bridge.end.unprotect.unprotect(wire)[12:])
        assert np.array_equal(heard, as_coded(FAR[at : at + FRAME8]))
    assert bridge.counters == (0, 0) and bridge.told() == []


def test_what_is_not_authentic_is_counted_told_once_and_not_heard(bridge: ProtectedBridge) -> None:
    bridge.pass_on(NEAR[: 10 * FRAME8])
    wrong = Srtp(bridge.end.crypto.suite, secrets.token_bytes(bridge.end.crypto.suite.key_bytes))
    in_clear = [bridge.end.packet(ulaw_encode(FAR[:FRAME8])) for _ in range(20)]
    wrong_key = [wrong.protect(packet) for packet in in_clear]
    whole = bridge.end.next(FAR[:FRAME8])
    cut = [whole[:length] for length in range(0, len(whole), 9)]
    altered = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(12, len(whole), 7)]
    packets = [*in_clear, *wrong_key, *cut, *altered]
    bridge.refuse(*packets)
    assert bridge.counters == (len(packets), 0)
    assert bridge.told() == [Side.NEAR]
    bridge.pass_on(NEAR[: 10 * FRAME8])


def test_what_was_heard_is_not_heard_again(bridge: ProtectedBridge) -> None:
    packets = [bridge.end.next(NEAR[:FRAME8]) for _ in range(50)]
    for packet in packets:
        bridge.end.send(packet)
        bridge.partner.hear()
    bridge.protected.set_near(bridge.end.end)  # a re-INVITE that changes nothing
    bridge.refuse(*packets)
    assert bridge.counters == (0, 50) and bridge.told() == [Side.NEAR]


def test_the_roll_over_of_the_sequence(bridge: ProtectedBridge) -> None:
    bridge.end.sequence = 65500
    bridge.pass_on(NEAR)
    assert bridge.counters == (0, 0)


def test_another_source_under_the_same_key(bridge: ProtectedBridge) -> None:
    first = bridge.end.next(NEAR[:FRAME8])
    bridge.end.send(first)
    bridge.partner.hear()
    bridge.end.ssrc += 1
    for _ in range(2):  # that many it takes until a second source is believed to be no second voice
        bridge.end.send(bridge.end.next(NEAR[:FRAME8]))
    bridge.pass_on(NEAR[: 50 * FRAME8])
    bridge.refuse(first)
    assert bridge.counters == (0, 1)


def test_keys_change_in_the_middle_of_a_call(bridge: ProtectedBridge) -> None:
    bridge.pass_on(NEAR[: 10 * FRAME8])
    late = [bridge.end.next(NEAR[:FRAME8]) for _ in range(3)]
    bridge.end.rekey(fresh(Suite.AES_CM_128_HMAC_SHA1_80))
    bridge.protected.set_near(bridge.end.end)
    for packet in late[:2]:  # under way as the keys changed
        bridge.end.send(packet)
        bridge.partner.hear()
    bridge.pass_on(NEAR[: 10 * FRAME8])
    bridge.refuse(late[2], late[0])
    assert sum(bridge.counters) == 2
    bridge.partner.say(FAR[:FRAME8])
    assert np.array_equal(bridge.end.hear(), as_coded(FAR[:FRAME8]))


class Rolling:
    """What the engine sends a protected end, deciphered under a context a key that is kept for all of the call: what comes
    twice under one index of one key is refused as replayed, whatever was agreed in between."""

    def __init__(self, bridge: ProtectedBridge) -> None:
        self.bridge = bridge
        self.contexts: dict[bytes, Srtp] = {}
        self.last: Srtp | None = None
        self.sources: list[int] = []

    def agree(self, crypto: Crypto | None, forgets: bool = False) -> None:
        """What stands from here on; who forgets begins to count roll-overs at 0 again with a new key."""
        end = self.bridge.end
        if crypto:
            if crypto.send_key not in self.contexts:
                self.contexts[crypto.send_key] = Srtp(crypto.suite, crypto.send_key, None if forgets else self.last)
            end.unprotect = self.last = self.contexts[crypto.send_key]
            if crypto.receive_key != end.crypto.receive_key:
                end.protect = Srtp(crypto.suite, crypto.receive_key, None if forgets else end.protect)
            end.crypto = crypto
        self.bridge.protected.set_near(end.end if crypto else replace(end.end, crypto=None))

    def hear(self, clear: bool = False) -> int:
        """One packet; its sequence."""
        end, partner = self.bridge.end, self.bridge.partner
        partner.say(FAR[:FRAME8])
        wire = end.receive()
        whole = wire if clear else end.unprotect.unprotect(wire)
        assert len(whole) == 12 + FRAME8
        sequence, source = int.from_bytes(whole[2:4], "big"), int.from_bytes(whole[8:12], "big")
        if source not in self.sources:
            self.sources.append(source)
        return sequence

    def roll_over(self) -> None:
        """The most that may be lost at once, again and again, until the engine's sequence has begun again at 0."""
        partner = self.bridge.partner
        before = self.hear()
        while True:
            partner.sequence = (partner.sequence + 98) & 0xFFFF
            partner.advance()
            now = self.hear()
            if now < before:
                return
            before = now


@pytest.mark.parametrize("forgets", [False, True], ids=["counts on", "begins again"])
def test_keys_change_after_roll_overs(bridge: ProtectedBridge, forgets: bool) -> None:
    """RFC 3711 §3.3.1 has a new key go on at the roll-overs of the one before; many begin at 0. Either is heard, and hears."""
    rolling = Rolling(bridge)
    rolling.agree(bridge.end.crypto)
    bridge.end.sequence = 65530
    bridge.pass_on(NEAR[: 10 * FRAME8])
    rolling.roll_over()
    for _ in range(2):
        rolling.agree(fresh(bridge.end.crypto.suite), forgets)
    bridge.pass_on(NEAR[: 10 * FRAME8])
    for _ in range(10):
        rolling.hear()
    rolling.roll_over()
    bridge.pass_on(NEAR[: 10 * FRAME8])
    assert bridge.counters == (0, 0) and bridge.told() == []


def test_no_index_of_a_key_serves_twice(bridge: ProtectedBridge) -> None:
    """Two texts under one key stream would tell both. A key that stays, wherever the end goes, or that comes again, counts on."""
    rolling = Rolling(bridge)
    first, second = bridge.end.crypto, fresh(bridge.end.crypto.suite)
    for agreed in (first, first, None, first, second, first, replace(second, send_key=first.send_key), second, first):
        rolling.agree(agreed)
        for _ in range(3):
            rolling.hear(clear=agreed is None)
    assert len(rolling.sources) == 2  # another one beside what went in clear
    rolling.roll_over()
    for agreed in (first, second, first, first, second):
        rolling.agree(agreed)
        for _ in range(3):
            rolling.hear()
    socket, other = bridge.end.socket, Far(bridge.engine.rtp_port)
    bridge.end.socket, other.socket = other.socket, socket
    rolling.agree(second)
    rolling.hear()
    bridge.protected.clear_near()
    rolling.agree(second)
    rolling.hear()
    other.close()


def test_a_new_end_brings_no_old_key(bridge: ProtectedBridge) -> None:
    """Cleared and set anew, as for another called party: what the first one had says nothing any more."""
    bridge.pass_on(NEAR[: 10 * FRAME8])
    late = bridge.end.next(NEAR[:FRAME8])
    bridge.protected.clear_near()
    bridge.end.rekey(fresh(bridge.end.crypto.suite))
    bridge.protected.set_near(bridge.end.end)
    bridge.refuse(late)
    assert bridge.counters == (1, 0)


def test_a_handset_is_heard_and_hears_under_protection() -> None:
    with Stage(far_end=False) as stage:
        far = ProtectedFar(stage.engine.rtp_port, Suite.AEAD_AES_128_GCM)
        stage.call.set_far(far.end)
        stage.call.gate(True)
        near = speech(3, 16000, seed=1)
        to_near, to_far = [], []
        for i in range(150):
            far.say(FAR[i * FRAME8 : (i + 1) * FRAME8])
            to_near.append(stage.handset.exchange(near[i * 320 : (i + 1) * 320])[::2])
            to_far.append(far.hear())
        far.close()
    assert found_again(FAR[:16000], np.concatenate(to_near), 4000) > 0.9
    assert found_again(near[:32000:2], np.concatenate(to_far), 4000) > 0.9


def test_keys_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="28 bytes"):
        Crypto(Suite.AEAD_AES_128_GCM, bytes(30), bytes(28))
    with pytest.raises(ValueError, match="30 bytes"):
        Srtp(Suite.AES_CM_128_HMAC_SHA1_80, b"")


@pytest.mark.parametrize(("suite", "rtcp"), list(itertools.product(Suite, (False, True))))
def test_packets_alone(suite: Suite, rtcp: bool) -> None:
    key = secrets.token_bytes(suite.key_bytes)
    ours, theirs = Srtp(suite, key), Srtp(suite, key)
    packet = b"\x80\xc9\x00\x01" + bytes(60) if rtcp else b"\x80\x00\x00\x07" + bytes(60)
    sealed = ours.protect(packet, rtcp)
    assert theirs.unprotect(sealed, rtcp) == packet
    with pytest.raises(EngineError) as again:
        theirs.unprotect(sealed, rtcp)
    assert again.value.errno == errno.EALREADY
    with pytest.raises(EngineError) as short:
        theirs.unprotect(b"", rtcp)
    assert short.value.errno == errno.EMSGSIZE


@pytest.mark.parametrize("suite", list(Suite), ids=lambda suite: suite.name)
def test_what_comes_of_a_seventeenth_source_is_told_apart_from_what_was_received(suite: Suite) -> None:
    with Stage(far_end=False) as stage:
        far = ProtectedFar(stage.engine.rtp_port, suite)
        stage.call.set_far(far.end)
        for _ in range(17):
            far.ssrc += 1
            far.protect = Srtp(suite, far.crypto.receive_key)
            for _ in range(4):
                far.say(FAR[:FRAME8])
            _ = stage.engine.counters
        counted = stage.call.counters.far
        assert (counted.received, counted.unauthentic, counted.foreign) == (64, 4, 15 * 2)
        far.close()
