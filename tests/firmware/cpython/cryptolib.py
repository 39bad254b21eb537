"""MicroPython's cryptolib for CPython: AES in ECB (1) and CBC (2), in place if asked."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class aes:
    def __init__(self, key: bytes, mode: int, iv: bytes | None = None) -> None:
        if mode not in (1, 2):
            raise ValueError("mode")
        chaining = modes.ECB() if mode == 1 else modes.CBC(bytes(iv or b""))
        cipher: Cipher[modes.ECB | modes.CBC] = Cipher(algorithms.AES(bytes(key)), chaining)
        self._encryptor, self._decryptor = cipher.encryptor(), cipher.decryptor()  # a chain goes on from call to call

    def encrypt(self, data: bytes, out: bytearray | memoryview | None = None) -> object:
        return self._give(self._encryptor.update(bytes(data)), out)

    def decrypt(self, data: bytes, out: bytearray | memoryview | None = None) -> object:
        return self._give(self._decryptor.update(bytes(data)), out)

    @staticmethod
    def _give(result: bytes, out: bytearray | memoryview | None) -> object:
        if out is None:
            return result
        out[: len(result)] = result
        return out
