"""The key matrix on its pins."""

from machine import Pin

from handset._board import COLUMNS, ROWS


class Matrix:
    """Rests with every row low, so that an idle scan is one look at the columns."""

    def __init__(self):
        self._rows = tuple(Pin(gpio, Pin.OPEN_DRAIN, value=0) for gpio in ROWS)
        self._columns = tuple(Pin(gpio, Pin.IN, Pin.PULL_UP) for gpio in COLUMNS)

    def read(self):
        """A mask with one bit a closed key, row by row."""
        for column in self._columns:
            if not column.value():
                return self._scan()
        return 0

    def _scan(self):
        mask = 0
        bit = 1
        for row in self._rows:
            row.value(1)
        for row in self._rows:
            row.value(0)
            for column in self._columns:
                if not column.value():
                    mask |= bit
                bit <<= 1
            row.value(1)
        for row in self._rows:
            row.value(0)
        return mask
