"""What every handset must do, simulated or real, told by its serial port alone."""

import re
import time
from random import Random
from secrets import randbits

import numpy as np
import pytest
from pytest_embedded import Dut

from kinline.handsets import _link as wire
from kinline_sim import speech
from kinline_sim.listening import correlate
from tests.device.bench import Bench
from tests.link_peer import SerialPeer, clear_frame

GRANT_MS = 900
LATEST_MS = 250  # safety property P3
LONG_MS = 60_000
HELLO = re.compile(re.escape(wire.SYNC + bytes((wire.Hello.ID,))), re.DOTALL)


@pytest.fixture
def call() -> int:
    """A number that the handset does not know: no call is talked twice."""
    return 1 + randbits(31)


def grant(host: SerialPeer, call: int, milliseconds: int) -> float:
    """Open a talk; the moment by time.monotonic() at which it has to be over."""
    host.messages.clear()
    host.ping()
    ticks = host.expect(wire.Pong).ticks
    read = time.monotonic()
    number = host.send(wire.Talk(call, (ticks + milliseconds) % wire.TICKS_PERIOD, milliseconds + 5000))
    assert host.until(lambda: host.acknowledged == number, 1)
    return read + milliseconds / 1000


def healthy(host: SerialPeer) -> wire.Health:
    """What the handset reports of itself, asked just now."""
    host.messages = [message for message in host.messages if not isinstance(message, wire.Health)]
    host.send(wire.Report())
    return host.expect(wire.Health)


def test_says_hello(dut: Dut) -> None:
    dut.write(clear_frame(wire.Probe.ID, b""))
    dut.expect(HELLO, timeout=2)


def test_says_who_it_is_and_how_it_is(host: SerialPeer) -> None:
    snapshot = host.expect(wire.Snapshot)
    assert host.hello
    assert (host.hello.major, host.hello.schema) == (wire.MAJOR, wire.SCHEMA), "firmware and host differ: flash the handset"
    assert host.hello.device and host.hello.build
    assert snapshot.phase in (wire.PHASE_LISTEN if snapshot.off_hook else wire.PHASE_ON_HOOK, wire.PHASE_OVER)
    assert snapshot.call == 0


def test_garbage_does_not_stop_it(host: SerialPeer) -> None:
    before = healthy(host).rejected
    noise = Random(5)
    for _ in range(40):
        host._write(noise.randbytes(noise.randrange(1, 300)))
        host._write(wire.SYNC + noise.randbytes(20))
        host.pump(0.01)
    assert healthy(host).rejected > before


def test_reboots_when_told(host: SerialPeer) -> None:
    host.expect(wire.Snapshot)
    assert host.hello
    boot = host.hello.boot
    host.send(wire.Reboot())
    assert host.expect(wire.Snapshot, 10).reset == wire.RESET_SOFT
    assert host.hello.boot != boot


@pytest.mark.needs_hand
def test_tells_the_hook(host: SerialPeer, bench: Bench) -> None:
    host.expect(wire.Snapshot)
    bench.lift()
    assert host.expect(wire.Hook, bench.patience_s).off_hook == 1
    bench.hang_up()
    assert host.expect(wire.Hook, bench.patience_s).off_hook == 0


@pytest.mark.needs_hand
def test_keys_arrive_in_order(lifted: SerialPeer, bench: Bench) -> None:
    keys = "1234567890*#"
    bench.press(keys)
    assert "".join(chr(lifted.expect(wire.Key, bench.patience_s).key) for _ in keys) == keys


@pytest.mark.needs_hand
def test_an_entry_is_collected_and_sent_once(lifted: SerialPeer, bench: Bench) -> None:
    lifted.send(wire.Collect(21, wire.COLLECT_SECRET, 4, 12, ord("#"), 60_000, 60_000))
    bench.press("482915#")
    entry = lifted.expect(wire.Entry, bench.patience_s)
    assert (entry.collect, entry.result, entry.digits) == (21, wire.ENTRY_COMPLETE, b"482915")
    lifted.pump(1.0)
    assert not [message for message in lifted.messages if isinstance(message, wire.Entry | wire.Key)]


@pytest.mark.needs_hand
def test_a_talk_ends_on_the_handsets_own_clock(lifted: SerialPeer, call: int) -> None:
    grant(lifted, call, GRANT_MS)
    ended = lifted.expect(wire.TalkEnded)
    assert (ended.call, ended.cause) == (call, wire.CAUSE_DEADLINE)
    assert abs(ended.talk - GRANT_MS) <= LATEST_MS


@pytest.mark.needs_hand
@pytest.mark.needs_relay
def test_the_relay_mutes_a_talk_that_nobody_ends(lifted: SerialPeer, bench: Bench, call: int) -> None:
    """The host falls silent: it neither ends the talk nor answers."""
    over = grant(lifted, call, GRANT_MS)
    time.sleep(max(0.0, over + LATEST_MS / 1000 + 0.1 - time.monotonic()))
    muted = bench.muted_since()
    assert muted is not None, "the relay is still closed"
    assert muted <= over + LATEST_MS / 1000


@pytest.mark.needs_hand
def test_hanging_up_ends_the_talk(host: SerialPeer, bench: Bench, call: int) -> None:
    host.expect(wire.Snapshot)
    bench.lift()
    host.expect(wire.Hook, bench.patience_s)
    grant(host, call, LONG_MS)
    bench.hang_up()
    assert host.expect(wire.TalkEnded, bench.patience_s).cause == wire.CAUSE_ON_HOOK
    assert host.expect(wire.Hook).off_hook == 0


@pytest.mark.needs_hand
@pytest.mark.needs_audio_loop
def test_a_talk_carries_the_voice_both_ways(lifted: SerialPeer, bench: Bench, call: int) -> None:
    """The host answers each frame with itself: what is said into the mouthpiece comes back in the receiver."""
    words = speech.speech(3.0, seed=7, speaker="caller", rate=16_000)
    grant(lifted, call, LONG_MS)
    bench.speak(words)
    lifted.pump(4.0)
    assert correlate(words, np.asarray(bench.heard()), 16_000).correlation > 0.9
