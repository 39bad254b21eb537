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
    """One direction of a session: seals or opens frame bodies in place."""

    def __init__(self, device_key, cipher_label, tag_label, nonces):
        derive = Hmac(device_key)
        both = derive.digest(cipher_label + nonces)
        self._cipher_key = both[:16]
        self._iv = cryptolib.aes(both[16:], _ECB)
        self._tag = Hmac(derive.digest(tag_label + nonces))
        self._iv_input = bytearray(16)
        self._iv_output = bytearray(16)

    def cipher(self, kind, sequence):
        """The AES-CBC object for one frame."""
        struct.pack_into("<IB", self._iv_input, 0, sequence, kind)
        self._iv.encrypt(self._iv_input, self._iv_output)
        return cryptolib.aes(self._cipher_key, _CBC, self._iv_output)

    def tag(self, header_and_body):
        """The closing bytes of a sealed frame."""
        return self._tag.digest(header_and_body)[: wire.TAG_BYTES]


def handset_seal(device_key, nonces):
    return Seal(device_key, wire.LABEL_D2H_CIPHER, wire.LABEL_D2H_TAG, nonces)


def host_seal(device_key, nonces):
    return Seal(device_key, wire.LABEL_H2D_CIPHER, wire.LABEL_H2D_TAG, nonces)
