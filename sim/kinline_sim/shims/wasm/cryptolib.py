"""The cryptolib that stock MicroPython has on the ESP32 and this build lacks: AES in ECB and CBC, through OpenSSL."""

import node
import uctypes

_ECB = 1
_CBC = 2
_BLOCK = 16


class aes:  # noqa: N801 - MicroPython's name for it
    """encrypt and decrypt take a buffer and one to write to, which may be the same."""

    def __init__(self, key, mode, iv=None):
        if len(key) not in (16, 32):
            raise ValueError("key")
        if mode not in (_ECB, _CBC):
            raise ValueError("mode")  # CTR is left out of the ESP32's firmware too
        if mode == _CBC and (iv is None or len(iv) != _BLOCK):
            raise ValueError("IV")
        self._key = bytes(key)
        self._iv = bytearray(iv) if mode == _CBC else None
        self._direction = None

    def encrypt(self, source, target=None):
        return self._run(1, source, target)

    def decrypt(self, source, target=None):
        return self._run(0, source, target)

    def _run(self, direction, source, target):
        size = len(source)
        if size % _BLOCK:
            raise ValueError("blksize % 16")
        if self._direction not in (None, direction):
            raise ValueError("can't encrypt & decrypt")
        self._direction = direction
        result = bytearray(size) if target is None else target
        if len(result) < size:
            raise ValueError("output too small")
        iv = 0 if self._iv is None else uctypes.addressof(self._iv)
        # The vector is left as the next call of a chain needs it.
        node.aes(
            direction,
            uctypes.addressof(self._key),
            len(self._key),
            iv,
            uctypes.addressof(source),
            size,
            uctypes.addressof(result),
        )
        return bytes(result) if target is None else None
