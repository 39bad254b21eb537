"""One whole call of a site, talk both ways: the firmware's heap at its peak, and how late each side hears the other.

Moments are seconds of the monotonic clock. At the handset a sample counts when it passes microphone or ear: a DMA block
is handed over at its end, and played from then on. At the switch it counts when its RTP packet comes or goes.
"""

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from demo.site import PEOPLE, Site
from kinline_sim.board import Board
from kinline_sim.codec import BLOCK_S, Samples
from kinline_sim.listening import to_8k
from kinline_sim.parties import Accept, Phone
from kinline_sim.phone import SimPhone
from kinline_sim.rtp import Received
from kinline_sim.speech import resample, speech
from tests.perf.delay import windows
from tests.perf.machine import busy
from tests.perf.report import Figure, percentile

TALK_S = 10.0
LINK_BITS_S = 921_600
FRAME_WIRE_BYTES = 660
SERIALISATION_MS = FRAME_WIRE_BYTES * 10 / LINK_BITS_S * 1000  # 8N1: ten bits a byte; a pty takes no time
FRAME_MS = 20.0
BLOCK_WAIT_MS = 6.0  # frames end 12, 8, 4 and 0 ms before a DMA block of 16 ms does, in turn
CLEANING_MS = 20.0  # the block in which the engine cleans a microphone; off here, since it turns phases, which are compared
NEAR_RATE, FAR_RATE = 16_000, 8000


@dataclass(frozen=True, kw_only=True)
class Listening(Accept):
    """Accepts at once, and keeps its telephone for the arrival of each packet, which the switch's record leaves out."""

    phones: list[SimPhone] = field(default_factory=list)

    async def take(self, phone: Phone) -> None:
        assert isinstance(phone, SimPhone)
        self.phones.append(phone)
        await super().take(phone)


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder:
        return asyncio.run(_call(Path(folder)))


async def _call(folder: Path) -> list[Figure]:
    person = PEOPLE[0]
    party = Listening(ring_s=0.1, delay_s=1.0, speech_s=TALK_S + 2)
    site = Site(folder, {person.contact: party}, seed=7)
    async with site:
        board, since = site.board, len(site.daemon.lines)
        await site.dial_home(board, person)
        await site.phase(board, "talk", since)
        await asyncio.sleep(1.0)  # the grant reaches the handset, the relay closes, the jitter buffer settles
        words = speech(TALK_S, 11, "caller", NEAR_RATE)
        spoken_from, samples_then = await asyncio.to_thread(_speak, board, words)
        await asyncio.sleep(TALK_S + 0.5)
        heard = board.heard()
        loads = busy()
        await board.hang_up()
        health = await site.daemon.logged(lambda line: line["event"] == "health" and line["handset"] == board.device, since=since)
        far = await site.far_end_of(person.contact)
    arrivals = party.phones[0]._rtp.received
    there = _to_switch_ms(words, spoken_from, arrivals)
    # Sample `samples_then` of the ear began to play at the end of the block in which the words began.
    ear_from = spoken_from + BLOCK_S - samples_then / NEAR_RATE
    back = _to_ear_ms(far.sent.pcm, far.sent.start_ns / 1e9, heard, ear_from)
    heap = Figure(
        "firmware_heap_peak_bytes",
        health["heap_peak"],
        f"{health['heap_free']:,} bytes free of 160 KiB after the call; from HEALTH after {TALK_S + 2:.0f} s of talk in a whole "
        f"call on the 32-bit VM, sampled four times a second before collection; {health['underruns']} underruns, "
        f"{health['overruns']} overruns of the codec; {loads}",
    )
    return [heap, _delay(there, back, loads)]


def _speak(board: Board, words: Samples) -> tuple[float, int]:
    """Speak from the next DMA block on; when its first sample passed the microphone, and how long the ear's record was."""
    board.world.codec.forget()  # what was heard before the talk only makes looking slow
    _next_block(board)
    before = len(board.heard())
    board.speak(words)
    return _next_block(board) - BLOCK_S, before


def _next_block(board: Board) -> float:
    """Waits for the end of a DMA block; the last moment at which it had not come, so that no delay is flattered."""
    before, looked = len(board.heard()), time.monotonic()
    while True:
        last, looked = looked, time.monotonic()
        if len(board.heard()) != before:
            return last
        time.sleep(0.0002)


def _to_switch_ms(words: Samples, spoken_from: float, received: list[Received]) -> list[float]:
    heard = np.concatenate([resample(packet.pcm, packet.rate, FAR_RATE) for packet in received])
    starts = np.cumsum([0, *(len(packet.pcm) * FAR_RATE // packet.rate for packet in received)])
    first = next(at for at, packet in zip(starts, received, strict=False) if packet.mono_ns / 1e9 >= spoken_from)
    delays = []
    for said, found in windows(to_8k(words), heard, FAR_RATE, int(first) - int(starts[1])):
        packet = int(np.searchsorted(starts, found, "right")) - 1
        moment = received[packet].mono_ns / 1e9 + (found - starts[packet]) / FAR_RATE
        delays.append(float(moment - spoken_from - said / FAR_RATE) * 1000)
    return delays


def _to_ear_ms(sent: Samples, sent_from: float, heard: Samples, ear_from: float) -> list[float]:
    pairs = windows(sent, to_8k(heard), FAR_RATE, round((sent_from - ear_from) * FAR_RATE))
    return [(ear_from + found / FAR_RATE - sent_from - said / FAR_RATE) * 1000 for said, found in pairs]


def _delay(there: list[float], back: list[float], loads: str) -> Figure:
    if not there or not back:
        raise ValueError(f"found again {len(there)} stretches at the switch and {len(back)} at the handset")
    measured = percentile(there, 0.5)
    note = (
        f"median of {len(there)} stretches of speech, {min(there):.0f} to {max(there):.0f} ms: {measured:.1f} ms measured "
        f"from the microphone to the RTP packet at the switch, of which frame {FRAME_MS:.0f}, wait for its second DMA block's "
        f"end {BLOCK_WAIT_MS:.0f} (both within the {2000 * BLOCK_S:.0f} ms of two blocks), the rest (VM, pty, engine, RTP, "
        f"scheduling) {measured - FRAME_MS - BLOCK_WAIT_MS:.1f}; plus {SERIALISATION_MS:.1f} ms computed for "
        f"{FRAME_WIRE_BYTES} bytes at 921600 8N1, which the pty does not take, and {CLEANING_MS:.0f} ms computed "
        f"for the cleaning of the microphone, which was off; the listener's own jitter buffer not counted; "
        f"other way, switch to ear, {percentile(back, 0.5) + SERIALISATION_MS:.0f} ms with the engine's jitter buffer and the "
        f"same {SERIALISATION_MS:.1f} ms, {len(back)} stretches; {loads}"
    )
    return Figure("mouth_to_ear_ms", round(measured + SERIALISATION_MS + CLEANING_MS, 1), note)
