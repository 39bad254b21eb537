"""How well a line carried talk, as the E-model of ITU-T G.107 (06/2015) has it: a rating R, and the MOS that follows from it.

Symbols and section numbers are the recommendation's. Loudness, noise and side tone are its defaults, which it recommends
where nothing is known of the telephones; what a call brings is its delay, its loss, and its coding.
"""

from math import exp, log2, log10, sqrt

SLR, RLR, STMR, DS, DR = 8.0, 2.0, 15.0, 3.0, 3.0  # table 3
TELR, WEPL, QDU = 65.0, 110.0, 1.0
NC, NFOR, PS, PR = -70.0, -64.0, 35.0, 35.0
LSTR, OLR = STMR + DR, SLR + RLR

# G.113 (11/2007) appendix I: G.711 with a concealment of lost packets has Bpl 25.1 at random loss (4.3 without), and Ie 0.
IE, BPL = 0.0, 25.1
WORST, BEST = 1.0, 4.5


def _power_sum(*levels: float) -> float:
    return 10 * log10(sum(10 ** (level / 10) for level in levels))


def _noise() -> float:
    """No, §7.1: all noise, referred to the 0 dBr point."""
    at_send = PS - SLR - DS - 100 + 0.004 * (PS - OLR - DS - 14) ** 2
    effective = PR + 10 * log10(1 + 10 ** ((10 - LSTR) / 10))
    at_receive = RLR - 121 + effective + 0.008 * (effective - 35) ** 2
    return _power_sum(NC, at_send, at_receive, NFOR + RLR)


NO = _noise()
RO = 15 - 1.5 * (SLR + NO)  # §7.1


def _simultaneous(one_way_ms: float) -> float:
    """Is, §7.2: what goes with the talk itself: too loud, side tone, quantizing."""
    x = OLR + 0.2 * (64 + NO - RLR)
    loud: float = 20 * ((1 + (x / 8) ** 8) ** (1 / 8) - x / 8)
    side = -10 * log10(10 ** (-STMR / 10) + exp(-one_way_ms / 4) * 10 ** (-TELR / 10))
    tone: float = (
        12 * (1 + ((side - 13) / 6) ** 8) ** (1 / 8)
        - 28 * (1 + ((side + 1) / 19.4) ** 35) ** (1 / 35)
        - 13 * (1 + ((side - 3) / 33) ** 13) ** (1 / 13)
        + 29
    )
    q = 37 - 15 * log10(QDU)
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    quantizing = 15 * log10(1 + 10 ** ((RO - 100) / 15 + 46 / 8.4 - g / 9) + 10 ** (46 / 30 - g / 40))
    return loud + tone + quantizing


def _delayed(one_way_ms: float) -> float:
    """Id, §7.3: talker's echo, listener's echo, and too long a delay. The echo takes the way of the talk, twice."""
    t, round_trip = one_way_ms, 2 * one_way_ms
    terv = TELR - 40 * log10((1 + t / 10) / (1 + t / 150)) + 6 * exp(-0.3 * t**2)
    roe, re = -1.5 * (NO - RLR), 80 + 2.5 * (terv - 14)
    talker = ((roe - re) / 2 + sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - exp(-t))
    rle: float = 10.5 * (WEPL + 7) * (round_trip + 1) ** -0.25
    listener = (RO - rle) / 2 + sqrt((RO - rle) ** 2 / 4 + 169)
    if t <= 100:
        return talker + listener
    x = log2(t / 100)  # mT 100 ms, sT 1: table 1, the default class of sensitivity to delay
    too_long: float = 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
    return talker + listener + too_long


def rating(one_way_ms: float = 0.0, loss_percent: float = 0.0, *, ie: float = IE, bpl: float = BPL, burst: float = 1.0) -> float:
    """R, 0 to about 93. `one_way_ms` is from mouth to ear; `loss_percent` what was not played, lost or too late; `burst` the
    burst ratio, 1 for random loss. ValueError for what no line can have.
    """
    if not (one_way_ms >= 0 and 0 <= loss_percent <= 100 and burst >= 1 and bpl > 0):
        raise ValueError(f"no line has {one_way_ms} ms, {loss_percent} % loss, Bpl {bpl} and burst ratio {burst}")
    effective = ie + (95 - ie) * loss_percent / (loss_percent / burst + bpl)  # §7.4
    return RO - _simultaneous(one_way_ms) - _delayed(one_way_ms) - effective


def mos(r: float) -> float:
    """The mean opinion score that a rating stands for, 1 to 4.5 (annex B)."""
    if r <= 0:
        return WORST
    if r >= 100:
        return BEST
    return max(WORST, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)  # it dips under 1 below R of 6.5


def grade(r: float) -> str:
    """G.109's word for it: "best", "high", "medium", "low", "poor", or "not_recommended"."""
    for least, word in ((90, "best"), (80, "high"), (70, "medium"), (60, "low"), (50, "poor")):
        if r >= least:
            return word
    return "not_recommended"
