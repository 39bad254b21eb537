"""Keys, seals and proofs of one link session: HMAC-SHA256 and AES-128-CBC from what stock MicroPython has."""

import struct
from hashlib import sha256

import cryptolib

from handset import _link as wire

_ECB = 1
_CBC = 2
_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Hmac:
    """HMAC-SHA256 under one key, its pads computed once."""

    def __init__(self, key):
        key = key + bytes(_BLOCK - len(key))
        self._inner = bytes(_INNER[byte] for byte in key)
        self._outer = bytes(_OUTER[byte] for byte in key)

    def digest(self, message):
        inner = sha256(self._inner)
        inner.update(message)
        outer = sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()


def same(left, right):
    """Compare two short secrets without stopping at their first difference."""
    return len(left) == len(right) and (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")) == 0


def proof(device_key, handset_nonce, host_nonce, epoch):
    """What a host that holds the device key answers to a hello."""
    message = wire.LABEL_PROOF + handset_nonce + host_nonce + bytes((epoch,))
    return Hmac(device_key).digest(message)[: wire.PROOF_BYTES]


class Seal:
    """One direction of a session: what seals its frames, or opens them."""

    def __init__(self, device_key, cipher_label, tag_label, nonces):
        derive = Hmac(device_key)
        both = derive.digest(cipher_label + nonces)
        self._cipher_key = both[:16]
        self._opener = None
        self._iv = cryptolib.aes(both[16:], _ECB)
        self._tag = Hmac(derive.digest(tag_label + nonces))
        self._iv_input = bytearray(16)
        self._iv_output = bytearray(16)
        self._scrap = bytearray(16)

    def encrypt(self, kind, sequence, text, body):
        """Fill the body of one frame; text is as long as it, and may be the same buffer."""
        self._derive_iv(kind, sequence)
        cryptolib.aes(self._cipher_key, _CBC, self._iv_output).encrypt(text, body)

    def decrypt(self, kind, sequence, body, text):
        """Fill text, as long as the body of one frame, from it."""
        self._derive_iv(kind, sequence)
        if self._opener is None:
            self._opener = cryptolib.aes(self._cipher_key, _CBC, self._iv_output)
        # A block is opened with the one before it: to the same object, for every frame, its vector passes as that one.
        self._opener.decrypt(self._iv_output, self._scrap)
        self._opener.decrypt(body, text)

    def _derive_iv(self, kind, sequence):
        struct.pack_into("<IB", self._iv_input, 0, sequence, kind)
        self._iv.encrypt(self._iv_input, self._iv_output)

    def tag(self, header_and_body):
        """The closing bytes of a sealed frame."""
        return self._tag.digest(header_and_body)[: wire.TAG_BYTES]


def handset_seal(device_key, nonces):
    return Seal(device_key, wire.LABEL_D2H_CIPHER, wire.LABEL_D2H_TAG, nonces)


def host_seal(device_key, nonces):
    return Seal(device_key, wire.LABEL_H2D_CIPHER, wire.LABEL_H2D_TAG, nonces)
