# A main.py that uses cryptolib and says what came of it.
import binascii
import os

import cryptolib

KEY = bytes(range(16))
TEXT = bytes(range(64))


def tried(what):
    try:
        return what()
    except Exception as error:
        return type(error).__name__


for mode in (1, 2):
    for key in (KEY, KEY + KEY):
        iv = () if mode == 1 else (KEY,)
        whole = cryptolib.aes(key, mode, *iv).encrypt(TEXT)
        print(mode, len(key), binascii.hexlify(whole))
        piecewise = cryptolib.aes(key, mode, *iv)
        print(piecewise.encrypt(TEXT[:16]) + piecewise.encrypt(TEXT[16:]) == whole)
        piecewise = cryptolib.aes(key, mode, *iv)
        print(piecewise.decrypt(whole[:32]) + piecewise.decrypt(whole[32:]) == TEXT)
buffer = bytearray(b"#" + TEXT + b"#")
inside = memoryview(buffer)[1:65]
cryptolib.aes(KEY, 2, KEY).encrypt(inside, inside)
print(binascii.hexlify(buffer))
cryptolib.aes(KEY, 2, KEY).decrypt(inside, inside)
print(buffer == b"#" + TEXT + b"#")
print(
    tried(lambda: cryptolib.aes(KEY, 6, KEY)),
    tried(lambda: cryptolib.aes(KEY[1:], 1)),
    tried(lambda: cryptolib.aes(KEY, 2)),
    tried(lambda: cryptolib.aes(KEY, 1).encrypt(TEXT[1:])),
    tried(lambda: cryptolib.aes(KEY, 1).encrypt(TEXT, bytearray(16))),
)
both = cryptolib.aes(KEY, 1)
both.encrypt(TEXT)
print(tried(lambda: both.decrypt(TEXT)))
print(len(os.urandom(16)), os.urandom(16) != os.urandom(16))
