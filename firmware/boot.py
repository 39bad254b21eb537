# Runs before main.py: every output in its safe state before anything else may fail, then the choice of the application.
import machine
import safe_state
from machine import Pin

for gpio, level in safe_state.OUTPUTS:
    Pin(gpio, Pin.OUT, value=level)
for gpio, level in safe_state.OPEN_DRAINS:
    Pin(gpio, Pin.OPEN_DRAIN, value=level)

import slots

slots.start(machine)
