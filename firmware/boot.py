# Runs before main.py: every output in its safe state before anything else may fail.
from handset import _board as board
from machine import Pin

Pin(board.AUDIO_KEEPALIVE, Pin.OUT, value=0)
Pin(board.LINK_DE, Pin.OUT, value=0)
for row in board.ROWS:
    Pin(row, Pin.OPEN_DRAIN, value=1)
