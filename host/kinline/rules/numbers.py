"""What a telephone number is, before anyone asks whether this inmate may call it."""

from functools import lru_cache
from typing import Literal

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

NumberKind = Literal["ordinary", "toll_free", "premium", "international", "invalid"]

# E.164 allows 15 digits; with the international prefix 011 a dialled string has at most 18.
_LONGEST_DIALLED = 18

# A 976 exchange is a pay-per-call service in any US area code; the numbering metadata lists only area code 900.
_PAY_PER_CALL_EXCHANGE = "976"

_ORDINARY_TYPES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)


def to_e164(dialled: str, region: str = "US") -> str | None:
    """The E.164 form of digits as dialled in `region` (with or without trunk or international prefix), or None."""
    if not dialled.isascii() or len(dialled) > _LONGEST_DIALLED or not dialled.lstrip("+").isdigit():
        return None
    parsed = _parse(dialled, region)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


@lru_cache(maxsize=8192)
def number_kind(number: str, home_regions: tuple[str, ...] = ("US",)) -> NumberKind:
    """Class of an E.164 number. Personal, shared-cost and other re-routed numbers count as premium."""
    if not number.startswith("+") or len(number) > _LONGEST_DIALLED or not number[1:].isascii():
        return "invalid"
    parsed = _parse(number, None)
    if (
        parsed is None
        or not phonenumbers.is_valid_number(parsed)
        or phonenumbers.format_number(parsed, PhoneNumberFormat.E164) != number
    ):
        return "invalid"
    kind = phonenumbers.number_type(parsed)
    if kind == PhoneNumberType.TOLL_FREE:
        return "toll_free"
    if kind not in _ORDINARY_TYPES:
        return "premium"
    if phonenumbers.region_code_for_number(parsed) not in home_regions:
        return "international"
    if parsed.country_code == 1 and number[5:8] == _PAY_PER_CALL_EXCHANGE:
        return "premium"
    return "ordinary"


def _parse(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
