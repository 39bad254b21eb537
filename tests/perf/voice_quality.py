"""How well a voice comes through: PESQ on a clean line and on a bad one beside baresip, and an hour of clocks that differ."""

import asyncio
import socket
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np

from kinline_engine.audio import JitterBuffer, Pcm
from kinline_engine.engine import Codec
from kinline_engine.sip import Answered, Ended, LocalMedia
from kinline_sim import speech
from kinline_sim.rtp import Packet
from tests.engine.parties import FRAME8
from tests.peers.baresip import Baresip
from tests.perf.bad_network import PACKET_NS, UNITS, Arrival, heard, pattern, payloads, played
from tests.perf.report import Figure
from tests.perf.voice_path import RATE, SPEECH_S, opinion, opinions, words
from tests.sip.caller import Caller

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SEEDS = (1, 2, 3)
BAD_SEEDS = (1, 2, 3, 4, 5, 6)  # one loss differs much from another: a burst in a word, or in a pause
LOSS, JITTER_MS = 0.03, 30.0
HOUR_PULLS = 180_000
MINUTE = Path("build/perf/jitter.png")


def measure() -> list[Figure]:
    minute_picture(MINUTE)
    return [_clean(), asyncio.run(_bad()), _drift()]


# ---- clean ----


def _clean() -> Figure:
    """Far end to handset and back through the engine, beside the codec alone."""
    gaps, notes = [], []
    for codec in (Codec.PCMU, Codec.PCMA):
        for seed in SEEDS:
            heard_of = opinions(codec, seed)
            gaps.append(heard_of.below_ceiling)
            both = f"{heard_of.to_the_handset:.3f} at the handset and {heard_of.to_the_far_end:.3f} at the far end"
            notes.append(f"{codec.name} {both} of {heard_of.codec_alone:.3f}")
    how = f"worst of {len(gaps)}: {SPEECH_S:.0f} s of recorded speech, P.862 narrow band, microphone not cleaned"
    return Figure("pesq_below_ceiling", round(max(gaps), 3), "; ".join((how, *notes)))


# ---- bad ----


async def _bad() -> Figure:
    ours, theirs = [], []
    for seed in BAD_SEEDS:
        spoken = words(seed)
        packets = payloads(Codec.PCMU, spoken)
        arrivals = pattern(len(packets), LOSS, JITTER_MS, seed)
        pcm, _ = heard(Codec.PCMU, packets, arrivals)
        ours.append(opinion(spoken, pcm))
        theirs.append(opinion(spoken, await _baresip(packets, arrivals)))
    mine, other = float(np.mean(ours)), float(np.mean(theirs))
    each = ", ".join(f"{a:.2f} and {b:.2f}" for a, b in zip(ours, theirs, strict=True))
    note = (
        f"PESQ of the engine's jitter buffer less baresip's, mean of {len(ours)} takes of {SPEECH_S:.0f} s with {LOSS:.0%} loss "
        f"and {JITTER_MS:.0f} ms of jitter, the same packets at the same moments: {mine:.3f} and {other:.3f} ({each})"
    )
    return Figure("pesq_over_baresip", round(mine - other, 3), note)


async def _baresip(packets: list[bytes], arrivals: list[Arrival]) -> Pcm:
    """What baresip writes down of the same packets, sent in real time."""
    with (
        tempfile.TemporaryDirectory(prefix="kinline-perf-") as folder,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtp,
    ):
        silence = Path(folder) / "silence.wav"
        speech.write_wav(silence, np.zeros(30 * RATE, np.int16))  # at its end it would hang up
        rtp.bind(("127.0.0.1", 0))
        with Baresip(Path(folder) / "baresip", silence, address="127.0.0.1") as party:
            async with Caller() as caller:
                caller.invite(party.uri, media=LocalMedia("127.0.0.1", rtp.getsockname()[1], (int(Codec.PCMU),)))
                media = (await caller.until(Answered)).media
                assert media is not None
                await asyncio.to_thread(_send, rtp, (media.ip, media.port), packets, arrivals)
                caller.endpoint.hangup(1)
                await caller.until(Ended)
            await asyncio.to_thread(party.wait_for_event, "CALL_CLOSED")
            pcm, rate = speech.read_wav(party.heard())
    return speech.resample(pcm, rate, RATE)


def _send(rtp: socket.socket, to: tuple[str, int], packets: list[bytes], arrivals: list[Arrival]) -> None:
    start = time.monotonic_ns() + PACKET_NS
    for arrival in arrivals:
        time.sleep(max(0, start + arrival.at_ns - time.monotonic_ns()) / 1e9)
        rtp.sendto(Packet(0, arrival.index, arrival.index * UNITS, 7, packets[arrival.index]).pack(), to)
    time.sleep(0.3)


# ---- clocks ----


def _drift() -> Figure:
    packet, glitches, notes = payloads(Codec.PCMU, speech.speech(0.02, 1))[0], 0, []
    for ppm in (100, -100):
        buffer, sent, made_up, concealed = JitterBuffer(), 0, 0, 0
        for pull in range(HOUR_PULLS):
            now_ns = pull * PACKET_NS + PACKET_NS // 2
            while sent * PACKET_NS * (1 + ppm * 1e-6) <= now_ns:
                buffer.put(Codec.PCMU, sent * UNITS, round(sent * PACKET_NS * (1 + ppm * 1e-6)), packet)
                sent += 1
            buffer.get(now_ns, FRAME8)
            before, concealed = concealed, buffer.counters.concealed_samples
            made_up += concealed > before  # wholly or in part
        c = buffer.counters
        glitches += made_up - 1 + c.late + c.skipped_ms  # the first pull comes before its packet is due
        notes.append(f"{ppm:+d} ppm: {c.shortened} times shorter and {c.lengthened} longer, {c.delay_ms} ms held at the end")
    note = "; ".join(("an hour each, compressed, of a far end's clock against the handset's", *notes))
    return Figure("clock_drift_glitches", glitches, note)


# ---- picture ----


def minute_picture(path: Path) -> None:
    """A bad minute: what each packet's network did, how long the buffer held what it played, what was made up."""
    packets = payloads(Codec.PCMU, speech.speech(60.0, 5))
    rng_jitter = [5 + 25 * (15 <= i / 50 < 35) + 60 * (24 <= i / 50 < 26) for i in range(len(packets))]
    base = pattern(len(packets), 0.0, 1.0, 9)
    lossy = {a.index for a in pattern(len(packets), 0.05, 0.0, 4)}
    arrivals = sorted(
        (
            Arrival(a.index, a.index * PACKET_NS + round((a.at_ns - a.index * PACKET_NS) * rng_jitter[a.index]))
            for a in base
            if a.index in lossy or not 40 <= a.index / 50 < 50
        ),
        key=lambda arrival: arrival.at_ns,
    )
    moments = list(played(Codec.PCMU, packets, arrivals))
    figure, (top, bottom) = plt.subplots(
        2, 1, sharex=True, figsize=(13, 5.2), layout="constrained", gridspec_kw={"height_ratios": [3, 1]}
    )
    figure.suptitle("The jitter buffer over a bad minute", x=0.01, ha="left", color="#1f2933", fontsize=14)
    top.scatter(
        [a.index / 50 for a in arrivals], [(a.at_ns - a.index * PACKET_NS) / 1e6 for a in arrivals],
        s=2, color="#7b8794", label="a packet's delay beyond the network's least",
    )  # fmt: skip
    top.plot([m.at_s for m in moments], [m.counters.delay_ms for m in moments], color="#2f7ed8", label="held by the buffer")
    for before, after in pairwise(moments):
        if after.counters.concealed_samples > before.counters.concealed_samples:
            bottom.axvline(after.at_s, color="#c8642d", linewidth=1)
        if after.counters.shortened > before.counters.shortened:
            bottom.plot(after.at_s, 0.75, marker="v", color="#2f7ed8", markersize=4)
        if after.counters.lengthened > before.counters.lengthened:
            bottom.plot(after.at_s, 0.25, marker="^", color="#2f7ed8", markersize=4)
    top.set_ylabel("ms")
    top.legend(loc="upper right", frameon=False)
    bottom.set_yticks([])
    bottom.set_ylim(0, 1)
    meaning = "orange: sound made up for what was missing or late; ▲ speech made longer, ▼ shorter, unheard"
    bottom.set_title(meaning, loc="left", fontsize=9)
    bottom.set_xlabel("seconds: jitter from 15 to 35, a burst at 24, 5 % loss from 40 to 50")
    for axis in (top, bottom):
        axis.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
