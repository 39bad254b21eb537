"""Layout of the page of registers that the world and one VM share. Read by CPython and by MicroPython."""

BYTES = 4096

LEVEL = 0x000         # u8 a GPIO: what the firmware drives
SENSE = 0x080         # u16 a GPIO: millivolts at an ADC pin
EDGES = 0x100         # u32 a GPIO: level changes since power-on
MATRIX = 0x200        # u8 a row, four rows in one word: columns that this row pulls low, ghosts included
ADC_READS = 0x208     # u32: conversions, the firmware's steadiest sign of life
CABLE = 0x210         # u8: 1 while the link cable is whole
CAUSE = 0x211         # u8: machine.reset_cause()
WATCHDOG_MS = 0x220   # u32: 0 until the watchdog is started
WATCHDOG_FEEDS = 0x224  # u32
ADC_OPEN = 0x230      # u8: the I2S receiver runs
DAC_OPEN = 0x231      # u8: the I2S transmitter runs
ADC_CAPTURED = 0x240  # u32: bytes given to the I2S receiver
ADC_TAKEN = 0x244     # u32: bytes read by the firmware
DAC_WRITTEN = 0x248   # u32: bytes written by the firmware
DAC_PLAYED = 0x24C    # u32: bytes taken from its buffer by the codec
DAC_EPOCH = 0x250     # u32: counts transmitter starts, so that the codec drops what an earlier one left
RTC_LENGTH = 0x300    # u8: RTC memory survives every reset but a power cut
RTC_MEMORY = 0x301
RTC_BYTES = 64
