"""GENERATED from hw/board.toml by hw/generate.py (make gen). Do not edit."""

NAME = "kinline-wall"
REVISION = "A"
MODULE = "ESP32-S3-WROOM-1U-N8"
FLASH_BYTES = 8388608
FILESYSTEM_OFFSET = 2097152
FILESYSTEM_BYTES = 6291456
HOOK_SENSE = 1
CORD_SENSE = 2
CASE_SENSE = 4
MAG_SENSE = 5
RX_SENSE = 6
VIN_MON = 7
WDOG_KICK = 8
DAC_BCLK = 10
DAC_WS = 11
DAC_DATA = 12
ADC_BCLK = 13
ADC_WS = 14
ADC_DATA = 37
KEY_C4 = 15
AUDIO_KEEPALIVE = 16
LINK_TX = 17
LINK_RX = 18
LINK_DE = 21
LED_STATUS = 35
LED_CALL = 36
KEY_R1 = 38
KEY_R2 = 39
KEY_R3 = 40
KEY_R4 = 41
KEY_C1 = 42
KEY_C2 = 47
KEY_C3 = 48
ROWS = (38, 39, 40, 41)
COLUMNS = (42, 47, 48, 15)
KEYS = ("123+", "456-", "789T", "*0#S")
PIN_MODES = {
    1: ("HOOK_SENSE", "adc", None),
    2: ("CORD_SENSE", "adc", None),
    4: ("CASE_SENSE", "adc", None),
    5: ("MAG_SENSE", "adc", None),
    6: ("RX_SENSE", "adc", None),
    7: ("VIN_MON", "adc", None),
    8: ("WDOG_KICK", "out", None),
    10: ("DAC_BCLK", "i2s", None),
    11: ("DAC_WS", "i2s", None),
    12: ("DAC_DATA", "i2s", None),
    13: ("ADC_BCLK", "i2s", None),
    14: ("ADC_WS", "i2s", None),
    37: ("ADC_DATA", "i2s", None),
    15: ("KEY_C4", "in_pullup", None),
    16: ("AUDIO_KEEPALIVE", "out", 0),
    17: ("LINK_TX", "uart", None),
    18: ("LINK_RX", "uart", None),
    21: ("LINK_DE", "out", 0),
    35: ("LED_STATUS", "out", 0),
    36: ("LED_CALL", "out", 0),
    38: ("KEY_R1", "open_drain", 1),
    39: ("KEY_R2", "open_drain", 1),
    40: ("KEY_R3", "open_drain", 1),
    41: ("KEY_R4", "open_drain", 1),
    42: ("KEY_C1", "in_pullup", None),
    47: ("KEY_C2", "in_pullup", None),
    48: ("KEY_C3", "in_pullup", None),
}
KEY_SCAN_MS = 5
HOOK_DEBOUNCE_MS = 30
HOOK_FLASH_MS = 0
LOOP_PULL_UP_OHM = 4700
LOOP_SERIES_OHM = 2200
LOOP_CONTACT_OHM = 10000
LOOP_SUPPLY_MV = 3300
LOOP_SHORT_BELOW_MV = 500
LOOP_CLOSED_BELOW_MV = 1700
LOOP_OPEN_BELOW_MV = 2900
MAGNET_LIFTED_MV = 1650
MAGNET_RESTING_MV = 1950
MAGNET_TOLERANCE_MV = 200
SUPPLY_LEAST_MV = 20000
SUPPLY_MOST_MV = 52000
SUPPLY_DIVIDER = 19000  # thousandths: the supply for a volt at VIN_MON
RECEIVER_MUTE_BELOW_MV = 60
RECEIVER_TONE_ABOVE_MV = 400
RECEIVER_FORGET_MS = 47
RELAY_TOGGLE_MS = 10
RELAY_PUMP_TAU_MS = 40
RELAY_OPERATE_FRACTION = 0.75
RELAY_RELEASE_FRACTION = 0.1
RELAY_REST_MS = 120
AUDIO_RATE_HZ = 16000
AUDIO_FRAME_SAMPLES = 320
AUDIO_DMA_FRAMES = 256
AUDIO_DMA_BLOCKS = 2
AUDIO_IBUF_BYTES = 2560
UART_ID = 1
UART_BAUD = 921600
UART_RXBUF_BYTES = 4096
I2S_DAC = 0
I2S_ADC = 1
WATCHDOG_TIMEOUT_MS = 3000
WATCHDOG_KICK_MS = 250
