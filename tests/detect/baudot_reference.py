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

    Behind a blank in figures, a figures shift shows a sender that goes back to letters with each blank, a letters shift one
    that does not; of a sender that has shown neither, a blank behind a digit keeps the figures and any other ends them.
    """
    table, text, line_end, word_end, unshifts = LETTERS, "", None, "", None
    for before, code in zip(b"\xff" + codes, codes, strict=False):
        if before == _SPACE and table is FIGURES:
            if code in (_FIGURES_SHIFT, _LETTERS_SHIFT):
                unshifts = code == _FIGURES_SHIFT
            elif unshifts or (unshifts is None and not word_end.isdigit()):
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
            word_end = table.get(code, "") if code != _SPACE else word_end
    return text


def sent(text: str) -> str:
    """What a Baudot machine can make of a text."""
    upper = "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text).replace("\r", "\n")
    return "".join(c if c in ALPHABET or c == "\n" else "?" for c in upper)
