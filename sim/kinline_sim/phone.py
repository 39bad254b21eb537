"""A telephone of the simulated network in one call, and the record that it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from kinline_engine.sip import Answered, Changed, Ended, Incoming, LocalMedia, Media, Protection, SipEndpoint, SipError
from kinline_sim import speech
from kinline_sim.g711 import Pcm
from kinline_sim.parties import CallOver
from kinline_sim.rtp import RATE, WIDE_RATE, RtpEnd, Take

T = TypeVar("T")

# Speech is above this in 20 ms; line noise and comfort noise stay below (RMS, full scale 32768).
VOICE_RMS = 300.0
VOICE_S = 0.4
# Longer than the pauses between the phrases of a menu, shorter than its wait for a key.
PAUSE_S = 0.6
NOTHING = Take(0, np.zeros(0, np.int16))
TAKES = ("heard", "sent", "heard_wide", "sent_wide", "ended")


@dataclass(slots=True)
class CallRecord:
    """What the called party's telephone knows of one call. Times are monotonic ns; takes are filled when it is over."""

    id: int
    number: str
    from_uri: str
    display: str
    identity: str
    party: str
    arrived_ns: int
    answered_ns: int | None = None
    ended_ns: int | None = None
    ended: Ended | None = None
    failure: str | None = None  # a script that broke
    timeline: list[tuple[int, str]] = field(default_factory=list)
    digits_sent: list[tuple[int, str]] = field(default_factory=list)
    digits_received: list[tuple[int, str]] = field(default_factory=list)
    codec: int | None = None  # static payload type of what was last agreed
    srtp: str | None = None  # the suite that was
    heard: Take = NOTHING  # 8 kHz
    sent: Take = NOTHING
    heard_wide: Take | None = None  # 16 kHz, when it was spoken
    sent_wide: Take | None = None

    def note(self, what: str) -> None:
        """Add to the timeline, now."""
        self.timeline.append((time.monotonic_ns(), what))

    def save(self, folder: Path) -> Path:
        """Write heard.wav, sent.wav and call.json into a folder of the call's own; returns that folder."""
        place = folder / f"{self.id & 0xFFFF:05d}-{self.number.lstrip('+')}"
        place.mkdir(parents=True, exist_ok=True)
        for name, take in (("heard", self.heard_wide or self.heard), ("sent", self.sent_wide or self.sent)):
            speech.write_wav(place / f"{name}.wav", take.pcm, take.rate)
        facts = {name: getattr(self, name) for name in self.__slots__ if name not in TAKES}
        facts["heard_start_ns"] = self.heard.start_ns
        facts["sent_start_ns"] = self.sent.start_ns
        facts["ended_by"] = self.ended.by.name.lower() if self.ended else None
        (place / "call.json").write_text(json.dumps(facts, indent=2) + "\n")
        return place


class SimPhone:
    """What `parties.Phone` describes, on a real SIP leg and real RTP."""

    def __init__(
        self,
        endpoint: SipEndpoint,
        incoming: Incoming,
        record: CallRecord,
        seed: int,
        codecs: Sequence[int],
        protection: Protection = Protection.NONE,
    ) -> None:
        self._endpoint = endpoint
        self._rtp = RtpEnd(endpoint.config.bind_ip, seed)
        here = (endpoint.config.bind_ip, self._rtp.port)
        self._local = LocalMedia(*here, codecs, comfort_noise=True, rtcp_mux=True, protection=protection)
        self._far = incoming.media
        self._answered = asyncio.Event()
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._seed = seed
        self.record = record

    @property
    def seed(self) -> int:
        """For whatever the party chooses at random."""
        return self._seed

    # ---- events, from the switch ----

    def was_answered(self, event: Answered) -> None:
        """The caller acknowledged our answer."""
        self.record.answered_ns = event.mono_ns
        self.record.note("answered")
        self._aim(event.media)
        self._answered.set()

    def was_changed(self, event: Changed) -> None:
        """The caller moved or held its audio."""
        self.record.note("held" if event.media.held else "media changed")
        self._aim(event.media)
        self._changed.set()

    def has_ended(self, event: Ended) -> None:
        """The call is over."""
        self.record.ended = event
        self.record.ended_ns = event.mono_ns
        self.record.note(f"ended by {event.by.name.lower()}")
        self._ended.set()

    def _aim(self, media: Media | None) -> None:
        self._far = media or self._far
        if self._far:
            self.record.codec = self._far.codec
            self.record.srtp = self._far.crypto.suite.name if self._far.crypto else None
            self._rtp.aim(self._far)

    # ---- life ----

    async def start(self) -> None:
        """Open the audio."""
        await self._rtp.start()

    async def finish(self) -> None:
        """Hang up what is still up, close the audio, complete the record."""
        if not self._ended.is_set():
            # A switch that is closing takes no command, but reports the end of every call.
            with contextlib.suppress(SipError):
                self.hang_up()
            await self._ended.wait()
        await self._rtp.close()
        self.record.heard = self._rtp.heard
        self.record.sent = self._rtp.sent
        if self._rtp.wide:
            self.record.heard_wide = self._rtp.heard_at(WIDE_RATE)
            self.record.sent_wide = self._rtp.sent_at(WIDE_RATE)
        self.record.digits_received = self._rtp.digits_received

    # ---- what a party does ----

    def ring(self) -> None:
        """180 Ringing."""
        self.record.note("rings")
        self._endpoint.respond(self.record.id, 180, "Ringing")

    def early_media(self) -> None:
        """183 with session description; `say` then reaches the caller before the answer."""
        self.record.note("early media")
        self._endpoint.respond(self.record.id, 183, "Session Progress", self._local)
        self._aim(None)

    async def answer(self) -> None:
        """200; returns once the caller acknowledged."""
        self._endpoint.respond(self.record.id, 200, "OK", self._local)
        await self._unless_over(self._answered.wait())

    def reject(self, status: int, phrase: str) -> None:
        """A final refusal."""
        self.record.note(f"rejects with {status}")
        self._endpoint.respond(self.record.id, status, phrase)

    def hang_up(self, cause: int = 16) -> None:
        """Put the receiver down."""
        self.record.note("hangs up")
        self._endpoint.hangup(self.record.id, cause)

    async def hold(self) -> None:
        """Take no audio from the caller; returns once that has been answered."""
        self.record.note("holds")
        await self._offer(dataclasses.replace(self._local, hold=True))

    async def resume(self) -> None:
        """Take it again."""
        self.record.note("resumes")
        await self._offer(self._local)

    async def _offer(self, media: LocalMedia) -> None:
        self._changed.clear()
        self._endpoint.offer(self.record.id, media)
        await self._unless_over(self._changed.wait())

    async def sleep(self, seconds: float) -> None:
        """Do nothing for a while."""
        await self._unless_over(asyncio.sleep(seconds))

    async def press(self, digit: str, in_band: bool = False) -> None:
        """Press a key and release it."""
        self.record.note(f"presses {digit}")
        self.record.digits_sent.append((time.monotonic_ns(), digit))
        await self._unless_over(self._rtp.press(digit, in_band=in_band))

    @property
    def wide(self) -> bool:
        """Whether the call carries 16 kHz."""
        return self._rtp.wide

    @property
    def heard(self) -> Pcm:
        """What came from the caller so far, at 8 kHz."""
        return self._rtp.heard.pcm

    async def say(self, pcm: Pcm, rate: int = RATE) -> None:
        """Speak samples to their end."""
        own = self._rtp.rate
        # In a thread: what holds up the packets is a fault of the network to whoever hears them.
        ready = await asyncio.to_thread(speech.resample, pcm, rate, own)
        self.record.note(f"speaks for {len(pcm) / rate:.1f} s")
        await self._unless_over(self._rtp.say(ready, own))

    async def over(self) -> None:
        """Until the call ends, from whichever side."""
        await self._ended.wait()

    async def hear_prompt(self, patience_s: float) -> bool:
        """Until something was said and a pause followed; False when nothing of the kind came in time."""
        return await self._unless_over(self._hear_prompt(patience_s))

    async def _hear_prompt(self, patience_s: float) -> bool:
        # Counted in samples, not in time, so that a slow machine hears the same prompt.
        voiced = silent = 0.0
        at = len(self._rtp.received)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while silent < PAUSE_S or voiced < VOICE_S:
                    end = await self._rtp.packets_from(at)
                    for packet in self._rtp.received[at:end]:
                        loud = float(np.sqrt(np.mean(packet.pcm.astype(np.float64) ** 2))) > VOICE_RMS
                        length = len(packet.pcm) / packet.rate
                        voiced += length if loud else 0
                        silent = 0 if loud else silent + length
                    at = end
                self.record.note("heard a prompt")
                return True
        return False

    async def _unless_over(self, doing: Awaitable[T]) -> T:
        """The result of `doing`, or CallOver as soon as the call ends."""
        task = asyncio.ensure_future(doing)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise CallOver
            return task.result()
        finally:
            task.cancel()
            ended.cancel()
