"""Baudot as ITU-T V.18 annex A prints it, row by row; written from the standard and not from the C code."""

_ROWS = """
11000 A -    10011 B ?    01110 C :    10010 D $    10000 E 3    10110 F !    01011 G +    00101 H =    01100 I 8
11010 J '    11110 K (    01001 L )    00111 M .    00110 N ,    00011 O 9    01101 P 0    11101 Q 1    01010 R 4
10100 S      00001 T 5    11100 U 7    01111 V ;    11001 W 2    10111 X /    10101 Y 6    10001 Z "
"""
_LETTERS_SHIFT, _FIGURES_SHIFT = 0b11111, 0b11011
_CR, _LF, _SPACE, _BACKSPACE = 0b01000, 0b00010, 0b00100, 0b00000


def _tables() -> tuple[dict[int, str], dict[int, str]]:
    both = {_SPACE: " ", _BACKSPACE: "\b"}
    letters, figures = dict(both), dict(both)
    for row in _ROWS.strip().splitlines():
        for cell in row.split("    "):
            bits, letter, figure = (cell.strip() + " ").split(" ")[:3]
            code = sum(1 << place for place, bit in enumerate(bits) if bit == "1")  # the first bit sent is the lowest
            letters[code] = letter
            if figure:
                figures[code] = figure
    return letters, figures


LETTERS, FIGURES = _tables()
ALPHABET = "".join(sorted(set(LETTERS.values()) | set(FIGURES.values())))


def decode(codes: bytes) -> str:
    """Shifts choose the table; CR LF, LF CR, and a lone one of them are a line's end.

    A sender that repeats the figures shift behind a blank goes back to letters with each blank from then on.
    """
    table, text, line_end, unshifts = LETTERS, "", None, False
    for before, code in zip(b"\xff" + codes, codes, strict=False):
        if before == _SPACE:
            unshifts = unshifts or (code == _FIGURES_SHIFT and table is FIGURES)
            if unshifts and code not in (_LETTERS_SHIFT, _FIGURES_SHIFT):
                table = LETTERS
        if code == _LETTERS_SHIFT:
            table = LETTERS
        elif code == _FIGURES_SHIFT:
            table = FIGURES
        elif code in (_CR, _LF):
            if line_end is not None and line_end != code:
                line_end = None
                continue
            line_end = code
            text += "\n"
        else:
            line_end = None
            text += table.get(code, "")
    return text


def sent(text: str) -> str:
    """What a Baudot machine can make of a text."""
    upper = "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text).replace("\r", "\n")
    return "".join(c if c in ALPHABET or c == "\n" else "?" for c in upper)
