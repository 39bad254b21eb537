"""Checks Ed25519 signatures (RFC 8032, section 5.1) where MicroPython has neither the curve nor SHA-512.

Slow, and rightly so only once an update: rest() is awaited between the steps, so that the telephone goes on meanwhile.
Nothing here is secret, so nothing needs to take the same time for every input.
"""

_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493
_MASK = (1 << 64) - 1


_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3  # -121665 / 121666
_D2 = 2 * _D
_ROOT = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0  # the square root of -1
_BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658  # 4 / 5


async def _power(base, exponent, rest):
    """base ** exponent mod P; not every build has pow() of three."""
    result = 1
    while exponent:
        if exponent & 1:
            result = result * base % _P
        base = base * base % _P
        exponent >>= 1
        await rest()
    return result


# Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.


def _add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % _P
    b = (p[1] + p[0]) * (q[1] + q[0]) % _P
    c = p[3] * q[3] % _P * _D2 % _P
    d = 2 * p[2] * q[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(p):
    a = p[0] * p[0] % _P
    b = p[1] * p[1] % _P
    h = a + b
    e = h - (p[0] + p[1]) * (p[0] + p[1]) % _P
    g = a - b
    f = 2 * p[2] * p[2] % _P + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


async def _point(y, odd, rest):
    """The point of this y whose x is odd or even; None if there is none."""
    if y >= _P:
        return None
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    cube = v * v % _P * v % _P
    x = u * cube % _P * await _power(u * cube % _P * cube % _P * v % _P, (_P - 5) // 8, rest) % _P
    if (v * x * x - u) % _P:
        x = x * _ROOT % _P
    if (v * x * x - u) % _P or odd and not x:
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


async def verify(public, message, signature, rest):
    """Whether the 64 bytes of signature over the message are those of the holder of the 32 bytes of public key."""
    if len(public) != 32 or len(signature) != 64:
        return False
    y = int.from_bytes(public, "little")
    key = await _point(y & (1 << 255) - 1, y >> 255, rest)
    s = int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    k = int.from_bytes(await sha512(bytes(signature[:32]) + bytes(public) + bytes(message), rest), "little") % _L
    base = await _point(_BASE_Y, 0, rest)
    against = (_P - key[0], key[1], 1, _P - key[3])
    both = _add(base, against)
    # s * base + k * against, bit by bit: it must come out at the point that opens the signature.
    result = (0, 1, 1, 0)
    for bit in range(252, -1, -1):
        result = _double(result)
        of_s, of_k = s >> bit & 1, k >> bit & 1
        if of_s or of_k:
            result = _add(result, both if of_s and of_k else base if of_s else against)
        await rest()
    inverse = await _power(result[2], _P - 2, rest)
    x, y = result[0] * inverse % _P, result[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little") == bytes(signature[:32])


def _fraction(prime, degree):
    """The first 64 bits behind the point of the prime's root: SHA-512's constants."""
    power = prime << 64 * degree
    root = int(prime ** (1 / degree) * (1 << 64))  # as good as a float is; Newton does the rest
    while True:
        step = (root * (degree - 1) + power // root ** (degree - 1)) // degree
        if abs(step - root) <= 1:
            root = max(step, root)
            while root**degree > power:
                root -= 1
            return root & _MASK
        root = step


def _primes(count):
    found = [2]
    candidate = 3
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _turn(x, count):
    return x >> count | x << 64 - count & _MASK


async def sha512(data, rest):
    """FIPS 180-4, section 6.4."""
    primes = _primes(80)
    constants = []
    for prime in primes:
        constants.append(_fraction(prime, 3))
        await rest()
    state = [_fraction(prime, 2) for prime in primes[:8]]
    padding = b"\x80" + bytes(-(len(data) + 17) % 128) + (8 * len(data)).to_bytes(16, "big")
    data = bytes(data) + padding
    for start in range(0, len(data), 128):
        words = [int.from_bytes(data[at : at + 8], "big") for at in range(start, start + 128, 8)]
        a, b, c, d, e, f, g, h = state
        for index in range(80):
            word = words[0]
            mix = h + (_turn(e, 14) ^ _turn(e, 18) ^ _turn(e, 41)) + (e & f ^ (e ^ _MASK) & g) + constants[index] + word
            top = (_turn(a, 28) ^ _turn(a, 34) ^ _turn(a, 39)) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = mix + top & _MASK, a, b, c, d + mix & _MASK, e, f, g
            near, far = words[1], words[14]
            word += words[9] + (_turn(near, 1) ^ _turn(near, 8) ^ near >> 7) + (_turn(far, 19) ^ _turn(far, 61) ^ far >> 6)
            words = words[1:] + [word & _MASK]
            await rest()
        state = [old + new & _MASK for old, new in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join([word.to_bytes(8, "big") for word in state])
