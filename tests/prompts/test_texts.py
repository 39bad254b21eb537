"""Every prompt in both languages, and the words of numbers, money and times."""

import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.prompts import LANGUAGES, Lang, PromptError, catalogue, sentence, spoken_text
from kinline.prompts import speakers as say
from kinline.rules.reasons import REASONS

NOW = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
VALUES: dict[str, Any] = {
    "name": "Ann Example", "facility": "North Facility", "rate": 210_000, "seconds": 60, "balance": 3_150_000,
    "next_at": NOW + timedelta(minutes=30), "now": NOW, "accept": "1", "refuse": "2", "quote": "3", "block": "9",
    "kept": "kept_recorded_monitored", "provider": "Kin Telephone", "length": 900, "cost": 3_150_000, "lines": "0",
    "label": "the ombudsman", "code": "77", "text": "Call home.",
    "collect": "1", "debit": "2", "prepaid": "3", "left": 600, "account": "4",
}  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("prompt_id", sorted(catalogue()))
def test_every_prompt_can_be_said(prompt_id: str, lang: Lang) -> None:
    text = spoken_text(sentence(prompt_id, lang, **VALUES))
    assert text and not set(text) & set("{}_$0123456789" if prompt_id != "choose_language" else "{}_$")


@pytest.mark.parametrize("prompt_id", sorted(catalogue()))
def test_both_languages_say_the_same_values(prompt_id: str) -> None:
    fields = [
        sorted(field for _, field, _, _ in string.Formatter().parse(catalogue()[prompt_id].texts[lang]) if field)
        for lang in LANGUAGES
    ]
    assert fields[0] == fields[1]


def test_every_refusal_has_its_prompt() -> None:
    assert {f"denied_{rule}" for rule in REASONS} <= set(catalogue())


def test_a_refusal_goes_on_with_the_next_time() -> None:
    text = spoken_text(sentence("denied_hours", "en", next_at=VALUES["next_at"], now=NOW))
    assert text == "Calls are not allowed at this hour. You may call again today at six A M."
    assert spoken_text(sentence("denied_hours", "en")) == "Calls are not allowed at this hour."


def test_the_called_partys_menu() -> None:
    assert spoken_text(sentence("menu", "en", **VALUES)) == (
        "This is Kin Telephone. This is a call from Ann Example, at North Facility. This call is recorded and monitored. "
        "The price is twenty-one cents a minute. To accept, press one. To refuse, hang up or press two. "
        "To hear what the call can cost, press three. To open an account for calls from here, press four. "
        "To block calls from this facility, press nine."
    )


@pytest.mark.parametrize(("key", "signs"), [("refuse", "two dos"), ("quote", "three tres"), ("block", "nine nueve")])
def test_a_key_that_is_not_offered_is_not_spoken(key: str, signs: str) -> None:
    for lang, sign in zip(LANGUAGES, signs.split(), strict=True):
        without = spoken_text(sentence("menu", lang, **(VALUES | {key: None})))
        assert sign in spoken_text(sentence("menu", lang, **VALUES)) and sign not in without
        assert "  " not in without and " ." not in without


def test_who_is_not_to_be_named_is_not() -> None:
    unsaid = dict.fromkeys(("name", "provider", "block", "account", "quote"))
    nameless = VALUES | unsaid | {"rate": 0, "kept": "kept_private"}
    assert spoken_text(sentence("menu", "en", **nameless)) == (
        "This is a call from North Facility. This call is neither recorded nor monitored. This call is free. "
        "To accept, press one. To refuse, hang up or press two."
    )
    assert spoken_text(sentence("menu", "es", **nameless)).startswith("Esta es una llamada desde North Facility. ")


def test_the_quote_names_the_cost_of_the_longest_call() -> None:
    assert spoken_text(sentence("rate_quote", "en", **VALUES)).startswith(
        "The price is twenty-one cents a minute. The longest call, fifteen minutes, costs three dollars and fifteen cents. "
    )
    assert "longest" not in spoken_text(sentence("rate_quote", "en", rate=0, accept="1"))


@pytest.mark.parametrize(("micros", "said"), [(0, "zero dollars"), (1, "one cent"), (10_000, "one cent"), (10_001, "two cents")])
def test_nobody_is_quoted_less_than_the_charge(micros: int, said: str) -> None:
    assert say.cost(micros, "en") == said


def test_the_opening_menu_offers_the_lines_only_where_there_are_any() -> None:
    assert "confidential" not in spoken_text(sentence("choose_language", "en"))
    both = spoken_text(sentence("choose_language", "en", lines="0"))
    assert "line, press zero." in both and "línea gratuita y confidencial, oprima cero." in both
    assert spoken_text(sentence("enter_pin", "en", lines=None)).endswith("then press pound.")


def test_a_profiles_own_keys_are_said() -> None:
    text = spoken_text(sentence("rate_quote", "es", rate=0, accept="5", refuse="#"))
    assert text.startswith("Esta llamada es gratuita.")
    assert "oprima cinco" in text and "oprima número" in text


@pytest.mark.parametrize(
    ("prompt_id", "lang", "values", "said"),
    [
        ("nonsense", "en", {}, "no prompt 'nonsense'"),
        ("balance", "fr", {"balance": 1}, "language 'fr'"),
        ("balance", "en", {}, "needs a value for 'balance'"),
        ("balance", "en", {"balance": "much"}, "cannot say balance"),
        ("next_allowed", "en", {"next_at": 5, "now": NOW}, "cannot say next_at"),
    ],
)
def test_what_cannot_be_said_is_named(prompt_id: str, lang: Any, values: dict[str, Any], said: str) -> None:
    with pytest.raises(PromptError, match=said):
        sentence(prompt_id, lang, **values)


@pytest.mark.parametrize(
    ("value", "en", "es"),
    [
        (0, "zero", "cero"),
        (16, "sixteen", "dieciséis"),
        (21, "twenty-one", "veintiuno"),
        (31, "thirty-one", "treinta y uno"),
        (100, "one hundred", "cien"),
        (101, "one hundred one", "ciento uno"),
        (555, "five hundred fifty-five", "quinientos cincuenta y cinco"),
        (1000, "one thousand", "mil"),
        (21_000, "twenty-one thousand", "veintiún mil"),
        (1_000_001, "one million one", "un millón uno"),
    ],
)
def test_numbers(value: int, en: str, es: str) -> None:
    assert (say.number(value, "en"), say.number(value, "es")) == (en, es)


@pytest.mark.parametrize(
    ("micros", "en", "es"),
    [
        (0, "zero dollars", "cero dólares"),
        (10_000, "one cent", "un centavo"),
        (3_150_000, "three dollars and fifteen cents", "tres dólares con quince centavos"),
        (1_000_000, "one dollar", "un dólar"),
        (21_310_000, "twenty-one dollars and thirty-one cents", "veintiún dólares con treinta y un centavos"),
        (1_999_999, "one dollar and ninety-nine cents", "un dólar con noventa y nueve centavos"),
        (-5, "zero dollars", "cero dólares"),
        (1_500_000, "one dollar and fifty cents", "un dólar con cincuenta centavos"),
        (31_010_000, "thirty-one dollars and one cent", "treinta y un dólares con un centavo"),
        (101_000_000, "one hundred one dollars", "ciento un dólares"),
        (1_000_000_000_000, "one million dollars", "un millón de dólares"),
    ],
)
def test_money_rounds_down_to_the_cent(micros: int, en: str, es: str) -> None:
    assert (say.money(micros, "en"), say.money(micros, "es")) == (en, es)


@pytest.mark.parametrize(
    ("rate", "en"),
    [
        (0, "This call is free."),
        (10_000, "The price is one cent a minute."),
        (25_100, "The price is two point five one cents a minute."),
        (500, "The price is zero point zero five cents a minute."),
        (1_250_000, "The price is one dollar and twenty-five cents a minute."),
    ],
)
def test_a_price_is_exact(rate: int, en: str) -> None:
    assert say.price(rate, "en") == en


@pytest.mark.parametrize(
    ("seconds", "en", "es"),
    [
        (0, "zero seconds", "cero segundos"),
        (60, "one minute", "un minuto"),
        (90, "one minute and thirty seconds", "un minuto y treinta segundos"),
        (3600, "one hour", "una hora"),
        (75_660, "twenty-one hours and one minute", "veintiuna horas y un minuto"),
        (111_600, "thirty-one hours", "treinta y una horas"),
        (723_600, "two hundred one hours", "doscientas una horas"),
        (1260, "twenty-one minutes", "veintiún minutos"),
    ],
)
def test_durations(seconds: int, en: str, es: str) -> None:
    assert (say.duration(seconds, "en"), say.duration(seconds, "es")) == (en, es)


@pytest.mark.parametrize(
    ("hour", "minute", "en", "es"),
    [
        (0, 0, "at midnight", "a medianoche"),
        (0, 30, "at twelve thirty A M", "a las doce y treinta de la madrugada"),
        (1, 5, "at one oh five A M", "a la una y cinco de la madrugada"),
        (6, 0, "at six A M", "a las seis de la mañana"),
        (12, 0, "at noon", "al mediodía"),
        (12, 1, "at twelve oh one P M", "a las doce y uno de la tarde"),
        (13, 15, "at one fifteen P M", "a la una y quince de la tarde"),
        (21, 5, "at nine oh five P M", "a las nueve y cinco de la noche"),
        (20, 30, "at eight thirty P M", "a las ocho y treinta de la noche"),
    ],
)
def test_clock_times(hour: int, minute: int, en: str, es: str) -> None:
    at = NOW.replace(hour=hour, minute=minute)
    assert (say.clock(at, "en"), say.clock(at, "es")) == (en, es)


@pytest.mark.parametrize(
    ("days", "en", "es"),
    [
        (0, "today", "hoy"),
        (1, "tomorrow", "mañana"),
        (2, "on Wednesday", "el miércoles"),
        (6, "on Sunday", "el domingo"),
        (7, "on March ninth", "el nueve de marzo"),
        (29, "on March thirty-first", "el treinta y uno de marzo"),
        (30, "on April first", "el primero de abril"),
        (49, "on April twentieth", "el veinte de abril"),
    ],
)
def test_days(days: int, en: str, es: str) -> None:
    at = NOW + timedelta(days=days)
    assert say.moment(at, NOW, "en").startswith(en) and say.moment(at, NOW, "es").startswith(es)


@given(st.integers(1, 99))
def test_every_ordinal_is_its_number_with_an_ending(value: int) -> None:
    words = say.ordinal(value)
    assert words.endswith(("first", "second", "third", "th")) and words != say.number(value, "en")


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)), st.integers(0, 400), st.sampled_from(LANGUAGES))
def test_every_moment_is_said_without_a_digit(now: datetime, days: int, lang: Lang) -> None:
    words = say.moment(now + timedelta(days=days), now, lang)
    assert words == " ".join(words.split()) and not any(sign.isdigit() for sign in words)


@given(st.integers(0, 999_999_999), st.sampled_from(LANGUAGES))
def test_every_number_has_its_own_words(value: int, lang: Lang) -> None:
    words = say.number(value, lang)
    assert words == " ".join(words.split()) and not any(sign.isdigit() for sign in words)
    assert words != say.number(value + 1, lang) if value < 999_999_999 else True
