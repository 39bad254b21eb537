"""Payments from the canteen or a kiosk: a file of lines, each with a key that makes it count once.

CSV with the columns key, inmate, amount, time, or one JSON object a line with the same names. The amount is dollars
("10.00"), the time has its zone. A file is good as a whole or not taken at all; every bad line is told at once.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from kinline.accounts.ledger import LONGEST_REFERENCE, payment_micros
from kinline.accounts.money import MoneyError, dollars, micros_from_dollars

FileFormat = Literal["csv", "jsonl"]

COLUMNS = ("key", "inmate", "amount", "time")
# A file is taken in one transaction, for which calls wait: so many lines take 1.4 s of processor time.
MOST_LINES = 2_000
LARGEST_FILE_BYTES = 1024 * 1024
LONGEST_INMATE = 20

# A kiosk's clock may be wrong by its zone, but no payment comes from after tomorrow.
FURTHEST_AHEAD = timedelta(days=1)

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True, slots=True)
class KioskPayment:
    """One good line. `line` is its number in the file, from 1."""

    line: int
    key: str
    inmate: str
    amount_micros: int
    paid_at: datetime

    def same_as(self, other: "KioskPayment") -> bool:
        mine = (self.key, self.inmate, self.amount_micros, self.paid_at)
        return mine == (other.key, other.inmate, other.amount_micros, other.paid_at)

    def __str__(self) -> str:
        return f"{dollars(self.amount_micros)} for {self.inmate} at {self.paid_at.isoformat()}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line, and what to write instead. Line 0 is the file as a whole."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class KioskFileError(MoneyError):
    """A file of which nothing was taken; the text has one line for each fault."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("nothing was imported\n" + "\n".join(str(fault) for fault in faults))
        self.faults = faults


def read_payments(data: bytes, form: FileFormat, now: datetime) -> list[KioskPayment]:
    """The payments of a file, each key once. Raises KioskFileError with every fault."""
    text = _text(data)
    rows = _csv_rows(text) if form == "csv" else _json_rows(text)
    payments: dict[str, KioskPayment] = {}
    faults: list[Fault] = []
    try:
        for line, row in rows:
            if line > MOST_LINES + 1:
                raise _refused(f"the file has more than {MOST_LINES} lines; split it")
            try:
                payment = _payment(line, row, now)
                before = payments.setdefault(payment.key, payment)
                if not before.same_as(payment):
                    raise MoneyError(
                        f"key {payment.key!r} is {payment} here and {before} on line {before.line}; give each its own key"
                    )
            except MoneyError as error:
                faults.append(Fault(line, str(error)))
    except KioskFileError as error:
        faults.extend(error.faults)
    if not payments and not faults:
        faults.append(Fault(0, "the file has no payment; check that it is the right one"))
    if faults:
        raise KioskFileError(faults)
    return list(payments.values())


def _text(data: bytes) -> str:
    if len(data) > LARGEST_FILE_BYTES:
        raise _refused(f"the file has more than {LARGEST_FILE_BYTES // 1024} KB; split it")
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            raise _refused(f"the file is {name}; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise KioskFileError([Fault(line, "not UTF-8 text; save the file as UTF-8")]) from error
    if "\0" in text:
        raise KioskFileError([Fault(text.count("\n", 0, text.index("\0")) + 1, "a NUL character; save the file as plain text")])
    return text


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = csv.reader((f"{line}\n" for line in lines), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            found = ",".join(header)[:80]
            raise _refused(f"the first line names the columns {','.join(COLUMNS)}, separated by commas; this one has {found!r}")
        for row in reader:
            if len(row) == len(header):
                yield reader.line_num, dict(zip(header, row, strict=True))
            elif row:
                yield reader.line_num, f"{len(row)} cells instead of {len(header)}; check commas and quotes"
    except csv.Error as error:
        raise KioskFileError([Fault(reader.line_num, f"not readable as CSV: {error}; check the quotes")]) from error


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            # Numbers are kept as they are written: reading them as floats would round money.
            row = json.loads(content, parse_float=str, parse_int=str, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            yield line, f"not a JSON object: {error}"
            continue
        if not isinstance(row, dict):
            yield line, "not a JSON object"
        elif set(row) != set(COLUMNS):
            yield line, f"the names are {', '.join(COLUMNS)}; this object has {', '.join(sorted(row))!r:.80}"
        else:
            yield line, row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _payment(line: int, row: Mapping[str, Any] | str, now: datetime) -> KioskPayment:
    if isinstance(row, str):
        raise MoneyError(row)
    key = _word(row, "key", LONGEST_REFERENCE)
    inmate = _word(row, "inmate", LONGEST_INMATE)
    try:
        amount = payment_micros(micros_from_dollars(_cell(row, "amount")))
    except MoneyError as error:
        raise MoneyError(f"amount: {error}") from error
    return KioskPayment(line, key, inmate, amount, _moment(_cell(row, "time"), now))


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise MoneyError(f"{name}: write text or a number, not {json.dumps(value)[:40]}")
    return value.strip()


def _word(row: Mapping[str, Any], name: str, longest: int) -> str:
    value = _cell(row, name)
    if not 1 <= len(value) <= longest or not value.isprintable():
        raise MoneyError(f"{name}: {value[:40]!r} must have 1 to {longest} printable characters")
    return value


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise MoneyError(f"time: {text[:40]!r} is not a time; write for example 2026-03-02T17:00:00-05:00") from error
    if moment.tzinfo is None:
        raise MoneyError(f"time: {text!r} has no zone; add its offset, for example {text}-05:00")
    if moment > now + FURTHEST_AHEAD:
        raise MoneyError(f"time: {text!r} is in the future; check the kiosk's clock")
    return moment


def _refused(reason: str) -> KioskFileError:
    return KioskFileError([Fault(0, reason)])
