"""Staff at a talk: how late they hear it, how late they are heard in it, and how fast they end it.

One site with the simulated handset, and a real-time switch. Moments are of the monotonic clock. A sample is heard where the piece
that carries it has come, as far into the piece as it stands: who plays it as it comes hears it then.
"""

import asyncio
import tempfile
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.site import Site
from kinline.live.client import Connection
from kinline.live.protocol import RATE, Acting
from kinline_sim.listening import to_8k
from kinline_sim.parties import Accept
from kinline_sim.phone import CallRecord
from kinline_sim.speech import speech
from tests.call.house import ALEX, accepted, house, on_hook, ring_home, until, voice
from tests.perf.delay import windows
from tests.perf.machine import busy
from tests.perf.report import Figure, percentile

LISTENED_S, SPOKEN_S, CUTS = 6.0, 4.0, 5
AUDIBLE = 200  # of 32768: the voice, and no noise of a codec
INVESTIGATOR = Acting(name="ivy", roles=["investigator"])
UNANNOUNCED = """\
[announcements]
warning_seconds = []
announce_barge = false
source = "measurement"
effective = 2026-01-02
"""
Pcm = NDArray[np.int16]


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> list[Figure]:
    party = replace(Accept(delay_s=0.1, ring_s=0.1), speech_s=60)
    cuts: list[tuple[float, float, float]] = []
    async with house(folder, {ALEX.contact: party}, seconds=300, said=UNANNOUNCED) as site:
        since = await _talking(site)
        heard, asked, arrivals = await asyncio.to_thread(_listen, site)
        staff, said_from = speech(SPOKEN_S, 5, "staff", RATE), [0.0]
        await asyncio.to_thread(_barge, site, staff, said_from)
        loads = busy()
        site.board.speak(voice(60, 9))
        far, *ends = await _cut(site, since)
        cuts.append((ends[0], ends[1], ends[2]))
        for _ in range(CUTS - 1):
            _, *ends = await _cut(site, await _talking(site))
            cuts.append((ends[0], ends[1], ends[2]))
    sent_from = far.sent.start_ns / 1e9
    late = _late_ms(far.sent.pcm, sent_from, to_8k(heard).astype(np.int16), arrivals)
    told = far.heard
    spoken = [
        float(1000 * (told.start_ns / 1e9 + found / 8000 - said_from[0] - said / 8000))
        for said, found in windows(to_8k(staff), told.pcm, 8000, round((said_from[0] - told.start_ns / 1e9) * 8000))
    ]
    if not late or not spoken:
        raise ValueError(f"found again {len(late)} stretches of what was heard and {len(spoken)} of what was said")
    passed, relay = [1000 * over for _, over, _ in cuts], [1000 * opened for _, _, opened in cuts]
    return [
        Figure(
            "monitor_listen_ms",
            round(percentile(late, 0.5), 1),
            f"median of {len(late)} stretches of the called party's speech, {min(late):.0f} to {max(late):.0f} ms: from its RTP "
            f"packet at the switch to the listener's program, the engine's jitter buffer and 20 ms blocks counted; first sound "
            f"{1000 * (arrivals[0][1] - asked):.0f} ms after the request, its row in the audit log written; {loads}",
        ),
        Figure(
            "monitor_barge_ms",
            round(percentile(spoken, 0.5), 1),
            f"median of {len(spoken)} stretches, {min(spoken):.0f} to {max(spoken):.0f} ms: from the speaking program to the RTP "
            f"packet at the switch, unannounced; {loads}",
        ),
        Figure(
            "monitor_cut_ms",
            round(max(passed), 1),
            f"longest of {CUTS} cuts from the request to the end of the last packet with the caller's voice at the switch: "
            f"{', '.join(f'{ms:.0f}' for ms in passed)} ms; the handset's relay open, its charge pump's fall counted, after "
            f"{', '.join(f'{ms:.0f}' for ms in relay)} ms; the command's answer, with its row in the audit log, after "
            f"{', '.join(f'{1000 * answered:.0f}' for answered, _, _ in cuts)} ms; {loads}",
        ),
    ]


async def _talking(site: Site) -> int:
    since = await ring_home(site, site.board)
    began = await accepted(site, site.board, since)
    await until(lambda: site.board.relay_closed and time.monotonic() > began + 1, "the jitter buffer has settled")
    return since


def _listen(site: Site) -> tuple[Pcm, float, list[tuple[int, float]]]:
    """What the called party says, when that was asked for, and when its samples came: number of the first of each piece,
    moment."""
    pieces: list[bytes] = []
    arrivals: list[tuple[int, float]] = []
    asked = time.monotonic()
    with Connection(site.data / "live.sock", "listen", "wall-1", acting=INVESTIGATOR) as connection:
        for piece in connection.sound():
            arrivals.append((sum(map(len, pieces)) // 4, time.monotonic()))
            pieces.append(piece)
            if arrivals[-1][0] > LISTENED_S * RATE:
                break
    return np.frombuffer(b"".join(pieces), "<i2").reshape(-1, 2)[:, 1], asked, arrivals


def _late_ms(sent: Pcm, sent_from: float, heard: Pcm, arrivals: list[tuple[int, float]]) -> list[float]:
    firsts = np.array([first // 2 for first, _ in arrivals])  # of 8 kHz
    began = arrivals[0][1]
    from_there = sent[max(0, round((began - 0.5 - sent_from) * 8000)) :]
    skipped = len(sent) - len(from_there)
    late = []
    for found, said in windows(heard, from_there, 8000, 0):
        piece = int(np.searchsorted(firsts, found, "right")) - 1
        moment = arrivals[piece][1] + (found - firsts[piece]) / 8000
        late.append(float(1000 * (moment - sent_from - (said + skipped) / 8000)))
    return late


def _barge(site: Site, staff: Pcm, said_from: list[float]) -> None:
    with Connection(site.data / "live.sock", "barge", "wall-1", acting=INVESTIGATOR) as connection:
        sound = connection.sound()
        next(sound)
        said_from[0] = time.monotonic()
        for at in range(0, len(staff), RATE // 50):  # 20 ms each 20 ms, as a microphone gives them
            time.sleep(max(0.0, said_from[0] + at / RATE - time.monotonic()))
            connection.say(staff[at : at + RATE // 50].astype("<i2").tobytes())
        ended = time.monotonic() + 0.5
        for _ in chain(sound):
            if time.monotonic() > ended:
                break


async def _cut(site: Site, since: int) -> tuple[CallRecord, float, float, float]:
    """The far end, and seconds until the answer, until the caller's voice ended there, and until the relay opened."""
    log = len(site.board.relay_log)
    asked = time.monotonic()
    with await asyncio.to_thread(
        lambda: Connection(site.data / "live.sock", "cut", "wall-1", acting=INVESTIGATOR, reason="measurement")
    ):
        answered = time.monotonic()
    await site.ended(site.board, since)
    await until(lambda: any(not closed for _, closed in site.board.relay_log[log:]), "the relay opens")
    opened = next(at for at, closed in site.board.relay_log[log:] if not closed)
    far = await site.far_end_of(ALEX.contact)
    await on_hook(site, site.board)
    last = far.heard.start_ns / 1e9 + (int(np.flatnonzero(np.abs(far.heard.pcm) > AUDIBLE)[-1]) + 1) / 8000
    return far, answered - asked, max(0.0, float(last) - asked), opened - asked
