"""What a minute costs: the table behind the spoken price, the price shown here, and the bill."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from kinline.accounts import debit_account, dollars, micros_from_dollars, prepaid_account
from kinline.accounts.quote import Quote, quote, quote_text
from kinline.accounts.rates import LARGEST_RATE_MICROS, RateError, RateLine
from kinline.operations.desk import Desk
from kinline.operations.fields import Argument, AtFacility, InmateNumber, Matching, Option, TelephoneNumber
from kinline.operations.legal import above_caps, with_caps
from kinline.operations.operation import Answer, Order, Question, operation
from kinline.rules.model import Billing, Language, NumberClass
from kinline.rules.pricing import priced, rate_table
from kinline.rules.profile import Profile


def _text_of_a_day(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise ValueError(f"{value[:20]!r} is not a day; write for example 2026-04-01") from error
    return value


def _price(micros: int) -> int:
    if not 0 <= micros <= LARGEST_RATE_MICROS:
        raise RateError(f"a minute costs from 0 to {LARGEST_RATE_MICROS} micro-dollars, not {micros}; check the decimal point")
    return micros


Day = Annotated[
    date,
    Field(strict=False),
    BeforeValidator(_text_of_a_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Price = Annotated[
    int,
    AfterValidator(_price),
    Option(read=micros_from_dollars),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_RATE_MICROS}),
]
Class = Annotated[
    NumberClass | None,
    Field(alias="class", description="Only these numbers; without it, all that have no price of their own."),
]
Source = Annotated[
    str, Matching(r"[ -~]*[!-~][ -~]*", "a source; name the contract, order or statute in up to 300 characters", 300)
]


class RateAnswer(Answer):
    """A price of a minute. It holds from `since` (none: always) until the day before `until` (none: for good)."""

    micros_per_minute: int
    number_class: Annotated[str | None, Field(alias="class")]
    since: date | None
    until: date | None
    source: str
    set_by: str


def _answer(line: RateLine, set_by: str) -> RateAnswer:
    return RateAnswer(
        micros_per_minute=line.micros_per_minute,
        number_class=line.number_class,
        since=line.since,
        until=line.until,
        source=line.source,
        set_by=set_by,
    )


class RateSet(Order):
    micros_per_minute: Annotated[
        Price,
        Argument("PRICE"),
        Field(description="Micro-dollars a minute; on the command line dollars, for example 0.06."),
    ]
    since: Annotated[Day, Option("--from"), Field(alias="from", description="The first day, today or later.")]
    source: Annotated[Source, Field(description="Who sets it: the contract, order or statute.")]
    until: Annotated[Day | None, Field(description="The first day without it; without one, until another follows.")] = None
    number_class: Class = None
    facility: AtFacility = None


class RateWasSet(RateAnswer):
    """`above_caps`: each price of the facility that is above a legal cap from then on, in words."""

    above_caps: list[str]


def _told(done: RateWasSet) -> str:
    until = f" until {done.until}" if done.until else ""
    price = f"A minute costs {dollars(done.micros_per_minute)} for {done.number_class or 'all'} numbers from {done.since}{until}."
    return with_caps(price, done.above_caps)


@operation(
    "rate.set",
    roles={"supervisor"},
    example={"micros_per_minute": 60_000, "from": "2026-04-01", "source": "Contract 12, amendment 3"},
    tell=_told,
)
def set_rate(desk: Desk, request: RateSet) -> RateWasSet:
    """Set the price of a minute from a day on."""
    line = RateLine(request.micros_per_minute, request.source, request.number_class, request.since, request.until)
    home = desk.home(request.facility)
    desk.store.set_rate(home, line, desk.now, desk.by)
    profile = priced(desk.profile_of(home), desk.store.rates(home), request.since)
    above = above_caps(profile, request.since, request.until)
    return RateWasSet(**dict(_answer(line, home)), above_caps=above)


class RateEnd(Order):
    until: Annotated[Day, Argument("DAY"), Field(description="The first day without it, today or later.")]
    number_class: Class = None
    facility: AtFacility = None


@operation("rate.end", roles={"supervisor"}, example={"until": "2026-05-01"})
def end_rate(desk: Desk, request: RateEnd) -> RateAnswer:
    """Let a facility's own price end; from that day on the profile's holds."""
    home = desk.home(request.facility)
    return _answer(desk.store.end_rate(home, request.number_class, request.until, desk.now, desk.by), home)


class RateList(Question):
    facility: AtFacility = None


@operation("rate.list", roles={"counselor", "legal", "investigator", "technician"}, example={})
def list_rates(desk: Desk, request: RateList) -> list[RateAnswer]:
    """List the prices: the facility's own, then those of its profile, which hold where it has none."""
    home = desk.home(request.facility)
    profile = desk.profile_of(home)
    table = rate_table(profile.rate, desk.store.rates(home))
    own = [_answer(line, home) for line in table.facility]
    return own + [_answer(line, f"profile {profile.name}") for line in table.profile]


class RateQuote(Question):
    number: Annotated[TelephoneNumber, Argument("NUMBER"), Field(description="The number to be called.")]
    inmate: Annotated[InmateNumber | None, Field(description="Who calls; the list may say what kind of number it is.")] = None
    billing: Annotated[Billing, Field(description="Who pays.")] = "prepaid"
    language: Annotated[Language, Field(description="The language of the text.")] = "en"
    facility: AtFacility = None


class QuoteAnswer(Answer):
    quote: Quote
    source: str
    text: str


@operation(
    "rate.quote",
    roles={"counselor", "legal", "investigator", "technician"},
    example={"number": "+12025550123", "inmate": "1001"},
    tell="{text}",
)
def quote_call(desk: Desk, request: RateQuote) -> QuoteAnswer:
    """Say what a call to a number would cost today, and what the balance buys."""
    home = desk.home(request.facility)
    profile = _priced_today(desk, home)
    inmate = desk.store.inmate(home, request.inmate) if request.inmate else None
    contacts = desk.store.contacts(home, request.inmate) if request.inmate else []
    named = profile.named(request.number)
    listed: Sequence[NumberClass] = [one.number_class for one in contacts if one.number == request.number]
    number_class = named.number_class if named else listed[0] if listed else "social"
    balance = None
    # Nobody's prepaid balance is told to staff who name no inmate that calls it.
    if request.billing == "prepaid" and listed:
        balance = desk.store.balance_micros(prepaid_account(request.number))
    elif request.billing == "debit" and inmate is not None:
        balance = desk.store.balance_micros(debit_account(inmate.id))
    local = request.number.startswith(desk.store.facility(home).local_prefixes)
    rate = 0 if request.billing == "free" else profile.rate_for(number_class, local)
    made = quote(rate, profile.call_length.seconds, balance)
    return QuoteAnswer(quote=made, source=profile.rate.source, text=quote_text(made, request.language))


def _priced_today(desk: Desk, home: str) -> Profile:
    return priced(desk.profile_of(home), desk.store.rates(home), desk.today_at(home))
