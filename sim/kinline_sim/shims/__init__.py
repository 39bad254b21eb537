"""What stands in for the ESP32 port's modules on the MicroPython side."""
