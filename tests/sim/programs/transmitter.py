# A main.py that starts a transmitter again at once: it owes nothing to what the one before it left unplayed.

import time

from handset import _board as board
from machine import I2S, Pin

FRAME = bytes(640)


def transmitter():
    return I2S(
        board.I2S_DAC,
        sck=Pin(board.DAC_BCLK),
        ws=Pin(board.DAC_WS),
        sd=Pin(board.DAC_DATA),
        mode=I2S.TX,
        bits=16,
        format=I2S.MONO,
        rate=board.AUDIO_RATE_HZ,
        ibuf=board.AUDIO_IBUF_BYTES,
    )


for life in range(4):
    dac = transmitter()
    for _ in range(3):
        dac.write(FRAME)
    dac.deinit()
    dac = transmitter()
    dac.write(FRAME)
    time.sleep_ms(100)  # until all of it was played
    print("life", life, "took", dac.write(FRAME))
    dac.deinit()
