"""Numbers, money, times and keys as words, in English and Spanish."""

from datetime import datetime
from typing import Literal

from kinline.rules.reasons import MONTHS, TWELVE, day_phrase, part_of_day

Lang = Literal["en", "es"]
LANGUAGES: tuple[Lang, ...] = ("en", "es")

_EN_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_EN_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_ES_SMALL = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco "
    "veintiséis veintisiete veintiocho veintinueve"
).split()
_ES_TENS = "- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_ES_HUNDREDS = (
    "- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
).split()

_KEYS: dict[Lang, dict[str, str]] = {
    "en": {"*": "star", "#": "pound"},
    "es": {"*": "estrella", "#": "número"},
}


_EN_ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth"}


def number(value: int, lang: Lang) -> str:
    """A cardinal, from zero to 999,999,999."""
    if not 0 <= value < 1_000_000_000:
        raise ValueError(f"{value} is outside what can be said")
    return _number_en(value) if lang == "en" else _number_es(value)


def _number_en(value: int) -> str:
    if value < 20:
        return _EN_SMALL[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return _EN_TENS[tens] + (f"-{_EN_SMALL[rest]}" if rest else "")
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            head, rest = divmod(value, size)
            return f"{_number_en(head)} {name}" + (f" {_number_en(rest)}" if rest else "")
    raise AssertionError


def _number_es(value: int) -> str:
    if value < 30:
        return _ES_SMALL[value]
    if value < 100:
        tens, rest = divmod(value, 10)
        return _ES_TENS[tens] + (f" y {_ES_SMALL[rest]}" if rest else "")
    if value == 100:
        return "cien"
    if value < 1000:
        hundreds, rest = divmod(value, 100)
        return _ES_HUNDREDS[hundreds] + (f" {_number_es(rest)}" if rest else "")
    if value < 1_000_000:
        thousands, rest = divmod(value, 1000)
        head = "mil" if thousands == 1 else f"{_before_noun(_number_es(thousands))} mil"
        return head + (f" {_number_es(rest)}" if rest else "")
    millions, rest = divmod(value, 1_000_000)
    head = "un millón" if millions == 1 else f"{_before_noun(_number_es(millions))} millones"
    return head + (f" {_number_es(rest)}" if rest else "")


def _before_noun(words: str) -> str:
    """Uno loses its ending before a masculine noun: veintiún centavos, treinta y un minutos."""
    if words.endswith("veintiuno"):
        return words.removesuffix("veintiuno") + "veintiún"
    return words.removesuffix("o") if words.endswith("uno") else words


def counted(value: int, lang: Lang, one: str, many: str) -> str:
    """A number of things: "one minute", "veintiún centavos"."""
    words = number(value, lang)
    # "Un millón de minutos", but "un millón doscientos mil minutos".
    of = " de" if lang == "es" and value >= 1_000_000 and value % 1_000_000 == 0 else ""
    return f"{_before_noun(words) if lang == 'es' else words}{of} {one if value == 1 else many}"


def money(micros: int, lang: Lang) -> str:
    """An amount, rounded down to the cent."""
    dollars, cents = divmod(max(0, micros) // _MICROS_A_CENT, 100)
    whole = counted(dollars, lang, *(("dollar", "dollars") if lang == "en" else ("dólar", "dólares")))
    small = counted(cents, lang, *_CENTS[lang])
    if dollars and cents:
        return f"{whole} {'and' if lang == 'en' else 'con'} {small}"
    return whole if dollars or not cents else small


def cost(micros: int, lang: Lang) -> str:
    """What is asked for, rounded up to the cent: nobody is quoted less than the charge."""
    return money(-(-micros // _MICROS_A_CENT) * _MICROS_A_CENT, lang)


_MICROS_A_CENT = 10_000
_CENTS: dict[Lang, tuple[str, str]] = {"en": ("cent", "cents"), "es": ("centavo", "centavos")}


def price(micros_per_minute: int, lang: Lang) -> str:
    """The sentence that quotes a minute's price exactly, or says that the call is free."""
    if micros_per_minute == 0:
        return "This call is free." if lang == "en" else "Esta llamada es gratuita."
    cents, rest = divmod(micros_per_minute, _MICROS_A_CENT)
    if rest:
        point = " point " if lang == "en" else " punto "
        decimals = " ".join(number(int(digit), lang) for digit in f"{rest:04d}".rstrip("0"))
        amount = f"{number(cents, lang)}{point}{decimals} {_CENTS[lang][1]}"
    else:
        amount = money(micros_per_minute, lang)
    return f"The price is {amount} a minute." if lang == "en" else f"El precio es de {amount} por minuto."


def duration(seconds: int, lang: Lang) -> str:
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    names = {
        "en": (("hour", "hours"), ("minute", "minutes"), ("second", "seconds")),
        "es": (("hora", "horas"), ("minuto", "minutos"), ("segundo", "segundos")),
    }[lang]
    said = [counted(n, lang, *name) for n, name in zip((hours, minutes, rest), names, strict=True) if n]
    if lang == "es" and hours:
        said[0] = _feminine(said[0])
    return (" and " if lang == "en" else " y ").join(said) or counted(0, lang, *names[2])


def _feminine(words: str) -> str:
    """Hours are feminine: veintiuna horas, treinta y una horas, doscientas horas."""
    for masculine, feminine in (("veintiún ", "veintiuna "), ("un ", "una "), ("ientos ", "ientas ")):
        words = words.replace(masculine, feminine)
    return words


def moment(at: datetime, now: datetime, lang: Lang) -> str:
    """A moment as seen from now: "tomorrow at six A M". Both in the facility's zone."""
    return f"{day(at, now, lang)} {clock(at, lang)}"


def day(at: datetime, now: datetime, lang: Lang) -> str:
    """A day as seen from now: "tomorrow", "on Tuesday", "on March third"; "el primero de abril"."""
    if (at.date() - now.date()).days < 7:
        return day_phrase(at, now, lang)
    month = MONTHS[lang][at.month - 1]
    if lang == "en":
        return f"on {month} {ordinal(at.day)}"
    return f"el {'primero' if at.day == 1 else number(at.day, lang)} de {month}"


def ordinal(value: int) -> str:
    """In English, from first to ninety-ninth: dates are said so."""
    tens, ones = divmod(value, 10)
    if value < 20 or not ones:
        words = _EN_ORDINALS.get(value) or _number_en(value)
        return words if value in _EN_ORDINALS else f"{words.removesuffix('y')}ieth" if words.endswith("y") else f"{words}th"
    return f"{_EN_TENS[tens]}-{ordinal(ones)}"


def clock(at: datetime, lang: Lang) -> str:
    hour = at.hour % 12 or 12
    if at.minute == 0 and hour == 12:
        return TWELVE[lang][at.hour // 12]
    if lang == "en":
        minutes = "" if at.minute == 0 else f" oh {number(at.minute, lang)}" if at.minute < 10 else f" {number(at.minute, lang)}"
        return f"at {number(hour, lang)}{minutes} {'A M' if at.hour < 12 else 'P M'}"
    article = "a la una" if hour == 1 else f"a las {number(hour, lang)}"
    minutes = f" y {number(at.minute, lang)}" if at.minute else ""
    return f"{article}{minutes} {part_of_day(at)}"


def digits(text: str, lang: Lang) -> str:
    """A telephone or inmate number, digit by digit."""
    return " ".join(number(int(sign), lang) for sign in text if sign.isascii() and sign.isdigit())


def key(sign: str, lang: Lang) -> str:
    """A key of the keypad."""
    return _KEYS[lang].get(sign) or number(int(sign), lang)
