"""Full-duplex sound over two one-way I2S ports that share a clock."""

from handset import _board as board
from handset import _link as wire

_SILENCE = bytes(wire.AUDIO_BYTES)
# Room for one more frame, so that a write never blocks; the two ports' DMA blocks end up to one block apart.
_MOST = board.AUDIO_IBUF_BYTES - wire.AUDIO_BYTES - 2 * board.AUDIO_DMA_FRAMES


class PlayLevel:
    """How much sound waits in the DAC's buffer, told from what the ADC captured meanwhile: both run on one clock,
    and stock machine.I2S reports neither level nor underrun."""

    def __init__(self):
        self._queued = 0
        self._started = False
        self.underruns = 0
        self.overruns = 0

    def start(self):
        self._queued = 0
        self._started = False

    def captured(self, count):
        """The codec has run for so many bytes."""
        self._queued -= count
        if self._queued < 0:
            self._queued = 0
            if self._started:
                self.underruns += 1
            self._started = False

    def offer(self, count):
        """Frames to write for a received one: 0 when full, 2 (a cushion of silence first) after running dry."""
        if self._queued > _MOST:
            self.overruns += 1
            return 0
        frames = 1 if self._started else 2
        self._started = True
        self._queued += frames * count
        return frames


class Audio:
    """The codec's driver: open while the handset is off hook."""

    def __init__(self):
        self.level = PlayLevel()
        # A read may bring more than a frame; reading exactly one would wake the task twice as often.
        self._captured = bytearray(2 * wire.AUDIO_BYTES)
        self._view = memoryview(self._captured)
        self._frame = self._view[: wire.AUDIO_BYTES]
        self._filled = 0
        self._dac = self._adc = None

    def open(self, i2s, pin, stream):
        """Start both directions; i2s, pin and stream are machine.I2S, machine.Pin and asyncio.StreamReader."""
        self.level.start()
        common = {"bits": 16, "format": i2s.MONO, "rate": board.AUDIO_RATE_HZ, "ibuf": board.AUDIO_IBUF_BYTES}
        self._dac = i2s(
            board.I2S_DAC, sck=pin(board.DAC_BCLK), ws=pin(board.DAC_WS), sd=pin(board.DAC_DATA), mode=i2s.TX, **common
        )
        self._adc = i2s(
            board.I2S_ADC, sck=pin(board.ADC_BCLK), ws=pin(board.ADC_WS), sd=pin(board.ADC_DATA), mode=i2s.RX, **common
        )
        self._reader = stream(self._adc)

    def close(self):
        """Stop both directions and forget the last sound."""
        if self._dac:
            self._dac.deinit()
            self._adc.deinit()
            self._dac = self._adc = self._reader = None
        self._filled = 0
        self._view[:] = _SILENCE + _SILENCE

    async def capture(self, session):
        """The next 20 ms of the microphone, or silence unless the session may speak once they are complete."""
        rest = self._filled - wire.AUDIO_BYTES
        if rest >= 0:
            # The frame returned last time has been sent.
            self._view[:rest] = self._view[wire.AUDIO_BYTES : self._filled]
            self._filled = rest
        while self._filled < wire.AUDIO_BYTES:
            self._filled += await self._reader.readinto(self._view[self._filled :]) or 0
        self.level.captured(wire.AUDIO_BYTES)
        return self._frame if session.may_speak else _SILENCE

    def play(self, pcm):
        """Give one received frame to the receiver."""
        if self._dac:
            frames = self.level.offer(wire.AUDIO_BYTES)
            if frames == 2:
                self._dac.write(_SILENCE)
            if frames:
                self._dac.write(pcm)
