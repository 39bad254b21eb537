"""Checks of the firmware's logic that run on CPython and on MicroPython: plain functions named check_..., no pytest."""
