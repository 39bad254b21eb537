"""Signatures of RFC 8032, section 7.1, and what is none; the SHA-512 of FIPS 180-4 under them."""

from binascii import unhexlify

from handset import ed25519

VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)


def finish(coroutine):
    """Run what never waits for anybody."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value


async def rest():
    pass


def verify(public, message, signature):
    return finish(ed25519.verify(public, message, signature, rest))


def check_signatures_of_the_standard():
    for public, message, signature in VECTORS:
        assert verify(unhexlify(public), unhexlify(message), unhexlify(signature))


def check_no_bit_may_differ():
    public, message, signature = (unhexlify(text) for text in VECTORS[1])
    for bit in (0, 100, 255, 256, 300, 507):
        other = bytearray(signature)
        other[bit >> 3] ^= 1 << (bit & 7)
        assert not verify(public, message, other)
    assert not verify(public, b"\x73", signature)
    assert not verify(unhexlify(VECTORS[0][0]), message, signature)


def check_a_signature_has_one_form():
    """The same s plus the order of the group would pass the equation."""
    public, message, signature = (unhexlify(text) for text in VECTORS[1])
    order = (1 << 252) + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    assert not verify(public, message, signature[:32] + s.to_bytes(32, "little"))


def check_what_is_no_key_or_no_signature():
    public, message, signature = (unhexlify(text) for text in VECTORS[1])
    assert not verify(public[:31], message, signature)
    assert not verify(public, message, signature[:63])
    assert not verify(b"\xff" * 32, message, signature)
    assert not verify((2).to_bytes(32, "little"), message, signature)


def check_sha512():
    cases = (
        (
            b"abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            b"",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
        ),
    )
    for data, wanted in cases:
        assert finish(ed25519.sha512(data, rest)) == unhexlify(wanted)
