"""How well a voice comes through: PESQ on a clean line and on a bad one beside baresip, and an hour of clocks that differ."""

import asyncio
import importlib
import socket
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from kinline_engine.audio import Coder, JitterBuffer, Pcm
from kinline_engine.engine import Codec
from kinline_engine.sip import Answered, Ended, LocalMedia
from kinline_sim import speech
from kinline_sim.listening import to_8k
from kinline_sim.rtp import Packet
from tests.engine.parties import FRAME8, FRAME16, Stage
from tests.peers.baresip import Baresip
from tests.perf.bad_network import PACKET_NS, UNITS, Arrival, heard, pattern, payloads, played
from tests.perf.report import Figure
from tests.sip.caller import Caller

matplotlib.use("Agg")
from matplotlib import pyplot as plt

RATE = 8000
SPEECH_S = 8.0
SEEDS = (1, 2, 3)
LOSS, JITTER_MS = 0.03, 30.0
HOUR_PULLS = 180_000
MINUTE = Path("build/perf/jitter.png")


def measure() -> list[Figure]:
    minute_picture(MINUTE)
    try:
        pesq: Any = importlib.import_module("pesq").pesq
    except ImportError:
        why = "the package pesq (ITU-T P.862) is not installed: .venv/bin/pip install pesq==0.0.4"
        return [Figure("pesq_below_ceiling", None, why), Figure("pesq_over_baresip", None, why), _drift()]
    return [_clean(pesq), asyncio.run(_bad(pesq)), _drift()]


def _words(seed: int) -> Pcm:
    """Speech between pauses, so that no delay moves a word over the end."""
    pause = np.zeros(RATE // 2, np.int16)
    return np.concatenate([pause, speech.speech(SPEECH_S, seed), pause])


def _aligned(spoken: Pcm, arrived: Pcm) -> Pcm:
    """What arrived, moved to where it was spoken; PESQ aligns the rest by itself."""
    size = 1 << (len(spoken) + len(arrived)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(arrived, size) * np.conj(np.fft.rfft(spoken, size)), size)
    return np.asarray(np.roll(arrived, -int(np.argmax(cross[: len(arrived)]))), np.int16)


# ---- clean ----


def _clean(pesq: Any) -> Figure:
    """Far end to handset and back through the engine, beside the codec alone."""
    gaps, notes = [], []
    for codec in (Codec.PCMU, Codec.PCMA):
        for seed in SEEDS:
            words = _words(seed)
            coder = Coder()
            ceiling = pesq(RATE, words, coder.decode(codec, coder.encode(codec, words)), "nb")
            ear, there = _through_the_engine(words, codec)
            for way, arrived in (("to the handset", ear), ("to the far end", there)):
                score = pesq(RATE, words, _aligned(words, arrived), "nb")
                gaps.append(ceiling - score)
                notes.append(f"{codec.name} {way} {score:.3f} of {ceiling:.3f}")
    how = f"worst of {len(gaps)}: {SPEECH_S:.0f} s of recorded speech, P.862 narrow band, microphone not cleaned"
    note = "; ".join((how, *notes))
    return Figure("pesq_below_ceiling", round(max(gaps), 3), note)


def _through_the_engine(words: Pcm, codec: Codec) -> tuple[Pcm, Pcm]:
    wide, coder, there = speech.resample(words, RATE, 2 * RATE), Coder(), []
    with Stage() as stage:
        end = stage.far.end
        stage.call.set_far(type(end)(end.ip, end.port, codec, int(codec)))
        stage.call.gate(True)
        ear = []
        for at in range(len(words) // FRAME8):
            stage.far.send(stage.far.packet(coder.encode(codec, words[at * FRAME8 : (at + 1) * FRAME8]), int(codec)))
            stage.far.advance()
            _ = stage.engine.counters
            ear.append(stage.handset.exchange(wide[at * FRAME16 : (at + 1) * FRAME16]))
            there.append(coder.decode(codec, stage.far.receive()[12:]))
    return np.asarray(np.round(to_8k(np.concatenate(ear))).clip(-32768, 32767), np.int16), np.concatenate(there)


# ---- bad ----


async def _bad(pesq: Any) -> Figure:
    ours, theirs = [], []
    for seed in SEEDS:
        words = _words(seed)
        packets = payloads(Codec.PCMU, words)
        arrivals = pattern(len(packets), LOSS, JITTER_MS, seed)
        pcm, _ = heard(Codec.PCMU, packets, arrivals)
        ours.append(pesq(RATE, words, _aligned(words, pcm), "nb"))
        theirs.append(pesq(RATE, words, _aligned(words, await _baresip(packets, arrivals)), "nb"))
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
        buffer, sent, made_up = JitterBuffer(), 0, 0
        for pull in range(HOUR_PULLS):
            now_ns = pull * PACKET_NS + PACKET_NS // 2
            while sent * PACKET_NS * (1 + ppm * 1e-6) <= now_ns:
                buffer.put(Codec.PCMU, sent * UNITS, round(sent * PACKET_NS * (1 + ppm * 1e-6)), packet)
                sent += 1
            made_up += not buffer.get(now_ns, FRAME8)[1]
        c = buffer.counters
        glitches += max(0, made_up - 1) + c.late + c.skipped_ms  # the first pull comes before its packet is due
        notes.append(f"{ppm:+d} ppm: {c.shortened} times shorter and {c.lengthened} longer, {c.delay_ms} ms held at the end")
    note = "; ".join(("an hour each, compressed, of a far end's clock against the handset's", *notes))
    return Figure("clock_drift_glitches", glitches, note)


# ---- picture ----


def minute_picture(path: Path) -> None:
    """A bad minute: what each packet's network did, how long the buffer held what it played, what was made up."""
    words = speech.speech(60.0, 5)
    packets = payloads(Codec.PCMU, words)
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
