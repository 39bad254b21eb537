"""Layout of the page of registers that the world and one VM share. Read by CPython and by MicroPython.

What the firmware writes and what the world writes lie apart: a VM that cannot map the page copies one stretch out
and the other in. Only while the VM is down does the world write on the firmware's side: a reset.
"""

BYTES = 4096
# Counters wrap where a 32-bit MicroPython's integers still need no memory: what the shims throw away, the firmware's
# heap would have to collect.
COUNTER = 0x3FFFFFFF

FIRMWARE = 0x000  # the firmware writes from here
FIRMWARE_BYTES = 0x180
LEVEL = 0x000  # u8 a GPIO: what the firmware drives
EDGES = 0x040  # u32 a GPIO: level changes since power-on
ADC_READS = 0x108  # u32: conversions, the firmware's steadiest sign of life
WATCHDOG_MS = 0x10C  # u32: 0 until the watchdog is started
WATCHDOG_FEEDS = 0x110  # u32
ADC_TAKEN = 0x114  # u32: bytes read by the firmware
DAC_WRITTEN = 0x118  # u32: bytes written by the firmware
DAC_START = 0x11C  # u32: DAC_WRITTEN when the transmitter was started: the codec drops what an earlier one left
ADC_OPEN = 0x120  # u8: the I2S receiver runs
DAC_OPEN = 0x121  # u8: the I2S transmitter runs
RTC_LENGTH = 0x124  # u8: RTC memory survives every reset but a power cut
RTC_MEMORY = 0x125
RTC_BYTES = 64

WORLD = 0x200  # the world writes from here
WORLD_BYTES = 0x100
MATRIX = 0x200  # u8 a row, four rows in one word: columns that this row pulls low, ghosts included
CABLE = 0x204  # u8: 1 while the link cable is whole
CAUSE = 0x205  # u8: machine.reset_cause()
ADC_CAPTURED = 0x208  # u32: bytes given to the I2S receiver
DAC_PLAYED = 0x20C  # u32: of the bytes written, those that the codec has played or dropped
SENSE = 0x210  # u16 a GPIO: millivolts at an ADC pin
