"""The codec behind the two I2S ports: DMA blocks in real time, microphone and receiver behind the relay."""

import fcntl
import os
import threading
import wave
from collections import deque
from math import ceil, exp
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kinline_sim import _board as board
from kinline_sim.page import Page
from kinline_sim.shims import registers as at

BLOCK_BYTES = board.AUDIO_DMA_FRAMES * 2
BLOCK_S = board.AUDIO_DMA_FRAMES / board.AUDIO_RATE_HZ
_SILENCE = bytes(BLOCK_BYTES)
_TWICE_SILENCE = 2 * _SILENCE
_KEPT = exp(-2 * BLOCK_S * 1000 / board.RECEIVER_FORGET_MS)  # of the level behind the relay, two blocks later
_F_SETPIPE_SZ = 1031

Samples = NDArray[np.int16]


def load_speech(source: Samples | str | Path) -> Samples:
    """Samples at the codec's rate, or a mono WAV file of 16 bits at any rate."""
    if isinstance(source, np.ndarray):
        return source.astype(np.int16)
    with wave.open(str(source), "rb") as file:
        if file.getsampwidth() != 2 or file.getnchannels() != 1:
            raise ValueError(f"{source}: a mono WAV file of 16-bit samples is needed")
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    if rate == board.AUDIO_RATE_HZ or not len(samples):
        return samples
    count = len(samples) * board.AUDIO_RATE_HZ // rate
    return np.interp(np.arange(count) * rate / board.AUDIO_RATE_HZ, np.arange(len(samples)), samples).astype(np.int16)


class Codec:
    """Moves one block each way per step(); only the clockwork's thread steps it. Reset from any while the VM is down.

    Of what reaches the ear it remembers the last `remember_s` seconds (32 KB each), or everything.
    """

    def __init__(self, page: Page, remember_s: float | None = None) -> None:
        self._page = page
        self.adc_fd, self._adc_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._dac_out, self.dac_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for fd in (self._adc_in, self.dac_fd):
            fcntl.fcntl(fd, _F_SETPIPE_SZ, 16384)
        self._speech = b""
        self._spoken = 0
        self._heard: deque[bytes] = deque(maxlen=None if remember_s is None else ceil(remember_s / BLOCK_S))
        self._last = _SILENCE  # the newest block that reached the ear
        self._lock = threading.Lock()  # protects the next, what is in the DAC's pipe, and DAC_PLAYED
        self._playing = b""
        self._peak_mv = 0.0
        self._peak_due = False
        self.coupling = 0.0  # how much of what the ear gives reaches the microphone: a hand held around both
        self.overruns = 0
        self.underruns = 0

    def close(self) -> None:
        for fd in (self.adc_fd, self._adc_in, self._dac_out, self.dac_fd):
            os.close(fd)

    def speak(self, samples: Samples) -> None:
        """Replace what is being said at the microphone."""
        padding = -len(samples) % board.AUDIO_DMA_FRAMES
        self._spoken = 0
        self._speech = samples.tobytes() + bytes(2 * padding)

    @property
    def speaking(self) -> bool:
        return self._spoken < len(self._speech)

    def heard(self) -> Samples:
        """What reached the ear since power-on or the last forget(), as far as remembered, one sample each 1/16000 s."""
        return np.frombuffer(b"".join(self._heard.copy()), np.int16)

    def save_heard(self, target: Path) -> None:
        """Write what reached the ear, as far as remembered, as a mono WAV file."""
        with wave.open(str(target), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(board.AUDIO_RATE_HZ)
            file.writeframes(self.heard().tobytes())

    def forget(self) -> None:
        self._heard.clear()

    def step(self, relay_closed: bool) -> None:
        page = self._page
        spoken = self._speech[self._spoken : self._spoken + BLOCK_BYTES] or _SILENCE
        if self.coupling:
            both = np.frombuffer(spoken, np.int16) + self.coupling * np.frombuffer(self._last, np.int16)
            spoken = np.clip(both, -32768, 32767).astype(np.int16).tobytes()
        self._spoken += BLOCK_BYTES
        if page.u8(at.ADC_OPEN):
            captured = page.u32(at.ADC_CAPTURED)
            if (captured - page.u32(at.ADC_TAKEN)) & at.COUNTER > board.AUDIO_IBUF_BYTES:
                self.overruns += 1
            else:
                os.write(self._adc_in, spoken if relay_closed else _SILENCE)
                page.set_u32(at.ADC_CAPTURED, captured + BLOCK_BYTES & at.COUNTER)
        before = self._last
        played = self._play()
        self._last = played if relay_closed else _SILENCE
        self._heard.append(self._last)
        self._peak_due = not self._peak_due
        if self._peak_due:
            self._sense_peak(before + self._last)

    def ear_millivolts(self) -> int:
        """The level that the board measures behind the relay: peak to peak less two diodes, forgotten slowly."""
        return round(self._peak_mv)

    def _sense_peak(self, blocks: bytes) -> None:
        """Every other block, of two: it is half the price, and the level outlives them."""
        self._peak_mv *= _KEPT
        if blocks != _TWICE_SILENCE:
            samples = np.frombuffer(blocks, np.int16)
            # The methods max() and min() are these two in Python, at twice the time.
            swing = (int(np.maximum.reduce(samples)) - int(np.minimum.reduce(samples))) / 65536 * board.RECEIVER_FULL_MV
            self._peak_mv = max(self._peak_mv, swing - board.RECEIVER_DIODES_MV)

    def reset(self) -> None:
        """Forget what a VM that is down had written, were it stopped between a write and its count."""
        with self._lock:
            self._drain()
            self._playing = b""
            self._page.set_u32(at.DAC_PLAYED, self._page.u32(at.DAC_WRITTEN))

    def _play(self) -> bytes:
        with self._lock:
            self._playing += self._drain()
            if not self._page.u8(at.DAC_OPEN):
                self._take(len(self._playing))
                return _SILENCE
            # A transmitter that starts anew finds an empty buffer, also when no block fell between its two lives.
            stale = (self._page.u32(at.DAC_START) - self._page.u32(at.DAC_PLAYED)) & at.COUNTER
            if stale <= at.COUNTER >> 1:
                self._take(stale)
            block = self._take(BLOCK_BYTES)
        if len(block) < BLOCK_BYTES:
            self.underruns += bool(block)
            block += bytes(BLOCK_BYTES - len(block))
        return block

    def _take(self, count: int) -> bytes:
        taken, self._playing = self._playing[:count], self._playing[count:]
        self._page.set_u32(at.DAC_PLAYED, self._page.u32(at.DAC_PLAYED) + len(taken) & at.COUNTER)
        return taken

    def _drain(self) -> bytes:
        try:
            return os.read(self._dac_out, 16384)
        except BlockingIOError:
            return b""
