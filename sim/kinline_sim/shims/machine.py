"""The ESP32 port's machine module over the shared register page: only what a real board would allow."""

import io
import time

import _board as board
import port
import registers as at

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_RESET_EXIT = 75
_FILENO = 10

# What every scan of the keypad looks at; names of this module are found twice as fast as another's.
_LEVEL = at.LEVEL
_MATRIX_WORD = at.MATRIX >> 2

page = None
_words = None  # the same page as 32-bit words: reading one allocates nothing on the firmware's heap
_fds = ()


def connect(page_fd, uart_fd, adc_fd, dac_fd):
    """Called once by the bootstrap, before any firmware runs."""
    global page, _words, _fds
    page, _words = port.connect(page_fd, uart_fd, adc_fd)
    _fds = (uart_fd, adc_fd, dac_fd)


def _get(offset):
    return _words[offset >> 2]


def _add(offset, count):
    _words[offset >> 2] = _words[offset >> 2] + count & at.COUNTER


def _require(gpio, mode):
    name, wired, _safe = board.PIN_MODES[gpio]
    if wired != mode:
        raise ValueError("GPIO %d (%s) is wired as %s, not as %s" % (gpio, name, wired, mode))


class Pin:
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2

    def __init__(self, gpio, mode=None, pull=None, *, value=None):
        if gpio not in board.PIN_MODES:
            raise ValueError("GPIO %d is not connected on this board; see hw/board.toml" % gpio)
        self._gpio = gpio
        self._column = board.COLUMNS.index(gpio) if gpio in board.COLUMNS else -1
        if mode is not None:
            self.init(mode, pull, value=value)

    def init(self, mode, pull=None, *, value=None):
        if mode == Pin.IN:
            _require(self._gpio, "in_pullup")
            if pull != Pin.PULL_UP:
                raise ValueError("GPIO %d needs its pull-up" % self._gpio)
        elif mode == Pin.OUT:
            _require(self._gpio, "out")
        elif mode == Pin.OPEN_DRAIN:
            _require(self._gpio, "open_drain")
        else:
            raise ValueError("GPIO %d: unknown mode %r" % (self._gpio, mode))
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            if self._column < 0:
                return page[_LEVEL + self._gpio]
            return self._pulled() if _words[_MATRIX_WORD] else 1
        gpio = self._gpio
        level = 1 if level else 0
        if page[_LEVEL + gpio] != level:
            page[_LEVEL + gpio] = level
            _add(at.EDGES + 4 * gpio, 1)
        return None

    def _pulled(self):
        """A column while any contact is closed."""
        bit = 1 << self._column
        row = 0
        for driver in board.ROWS:
            if not page[at.LEVEL + driver] and page[at.MATRIX + row] & bit:
                return 0
            row += 1
        return 1

    def __call__(self, level=None):
        return self.value(level)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class ADC:
    ATTN_0DB = 0
    ATTN_11DB = 3

    def __init__(self, id, *, atten=ATTN_0DB):
        _require(id._gpio, "adc")
        self._offset = at.SENSE + 2 * id._gpio
        self._full_mv = 3100 if atten == ADC.ATTN_11DB else 950

    def read_uv(self):
        _add(at.ADC_READS, 1)
        millivolts = page[self._offset] | page[self._offset + 1] << 8
        # The converter saturates below the supply; a cut loop reads full scale.
        return min(millivolts, self._full_mv) * 1000


class UART(io.IOBase):
    """The serial line on an inherited descriptor: a cut cable eats bytes, and so does a far end that never reads."""

    def __init__(self, unit, baudrate, *, tx, rx, rxbuf=256, txbuf=256):
        if unit != board.UART_ID:
            raise ValueError("UART(%d) is not wired; the link is UART(%d)" % (unit, board.UART_ID))
        _require(tx._gpio, "uart")
        _require(rx._gpio, "uart")
        self._fd = _fds[0]

    def ioctl(self, request, argument):
        return self._fd if request == _FILENO else 0

    def readinto(self, buffer, count=None):
        taken = port.read(self._fd, buffer)
        if taken <= 0 or not page[at.CABLE]:
            return None
        return taken

    def write(self, buffer):
        if page[at.CABLE]:
            port.write(self._fd, buffer)
        return len(buffer)


class I2S(io.IOBase):
    """One direction of the codec; the world moves its DMA blocks in real time."""

    RX = 1
    TX = 2
    MONO = 0
    STEREO = 1

    def __init__(self, unit, *, sck, ws, sd, mode, bits, format, rate, ibuf):
        wired = (
            (board.DAC_BCLK, board.DAC_WS, board.DAC_DATA) if mode == I2S.TX else (board.ADC_BCLK, board.ADC_WS, board.ADC_DATA)
        )
        if unit != (board.I2S_DAC if mode == I2S.TX else board.I2S_ADC):
            raise ValueError("I2S(%d) is wired the other way round" % unit)
        if (sck._gpio, ws._gpio, sd._gpio) != wired:
            raise ValueError("I2S(%d) wants sck, ws, sd on GPIO %d, %d, %d" % ((unit,) + wired))
        if (bits, format, rate) != (16, I2S.MONO, board.AUDIO_RATE_HZ):
            raise ValueError("the codec is clocked for 16 bits, mono, %d Hz" % board.AUDIO_RATE_HZ)
        self._mode = mode
        self._ibuf = ibuf
        self._fd = _fds[1 if mode == I2S.RX else 2]
        if mode == I2S.RX:
            scrap = bytearray(1024)
            while port.read(self._fd, scrap) > 0:
                pass
            _words[at.ADC_TAKEN >> 2] = _get(at.ADC_CAPTURED)
            page[at.ADC_OPEN] = 1
        else:
            # A new driver's buffer is empty, whatever the last one left unplayed.
            _words[at.DAC_START >> 2] = _get(at.DAC_WRITTEN)
            page[at.DAC_OPEN] = 1
        port.settle()

    def ioctl(self, request, argument):
        if request == _FILENO:
            return self._fd
        return 0

    def readinto(self, buffer):
        taken = port.read(self._fd, buffer)
        if taken <= 0:
            return None
        _add(at.ADC_TAKEN, taken)
        return taken

    def write(self, buffer):
        # A blocking write, as on the board: it returns once the driver's buffer has taken everything.
        while self._waiting() + len(buffer) > self._ibuf:
            time.sleep_ms(1)
        port.write(self._fd, buffer)
        _add(at.DAC_WRITTEN, len(buffer))
        return len(buffer)

    def _waiting(self):
        """Bytes of this driver's that were not played yet; the codec may still have to drop an earlier one's."""
        start = _get(at.DAC_START)
        played = _get(at.DAC_PLAYED) - start & at.COUNTER
        return (_get(at.DAC_WRITTEN) - start & at.COUNTER) - (played if played <= at.COUNTER >> 1 else 0)

    def deinit(self):
        page[at.ADC_OPEN if self._mode == I2S.RX else at.DAC_OPEN] = 0
        port.settle()


class WDT:
    def __init__(self, *, timeout):
        _words[at.WATCHDOG_MS >> 2] = timeout
        self.feed()

    def feed(self):
        _add(at.WATCHDOG_FEEDS, 1)


class RTC:
    def memory(self, data=None):
        if data is None:
            return bytes(page[at.RTC_MEMORY : at.RTC_MEMORY + page[at.RTC_LENGTH]])
        if len(data) > at.RTC_BYTES:
            raise ValueError("RTC memory here holds %d bytes" % at.RTC_BYTES)
        page[at.RTC_MEMORY : at.RTC_MEMORY + len(data)] = data
        page[at.RTC_LENGTH] = len(data)
        return None


def reset():
    port.exit(_RESET_EXIT)


def reset_cause():
    return page[at.CAUSE]
