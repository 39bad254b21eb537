"""Which key went down: debounce, and refusal of chords, which ghost on a matrix without diodes."""

from handset._board import KEY_DEBOUNCE_SCANS


class Keypad:
    """Fed every scan with a mask, one bit a key, row by row."""

    def __init__(self, keys):
        self._keys = "".join(keys)
        self._last = 0
        self._equal = 0
        self._settled = 0
        self._refusing = False
        self.refused = 0

    def scan(self, mask):
        """The character of the key that this scan proves pressed, or None."""
        if mask != self._last:
            self._last = mask
            self._equal = 1
            return None
        if self._equal < KEY_DEBOUNCE_SCANS:
            self._equal += 1
        if self._equal < KEY_DEBOUNCE_SCANS or mask == self._settled:
            return None
        self._settled = mask
        if mask == 0:
            self._refusing = False
        elif mask & (mask - 1):
            # A second key makes every key doubtful until all are released.
            if not self._refusing:
                self.refused += 1
            self._refusing = True
        elif not self._refusing:
            index = 0
            while mask >> index != 1:
                index += 1
            # Sliding onto another key without a release is no press of it.
            self._refusing = True
            return self._keys[index]
        return None
