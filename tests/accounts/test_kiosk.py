"""A kiosk's file is good as a whole or not taken, and every bad line is told at once."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinline.accounts import LARGEST_PAYMENT_MICROS, dollars
from kinline.accounts.kiosk import LARGEST_FILE_BYTES, MOST_LINES, KioskFileError, read_payments

NOW = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
AT = "2026-03-02T11:00:00-05:00"
HEAD = "key,inmate,amount,time\n"
GOOD = f"K1,1001,10.00,{AT}\n"


def refused(data: bytes | str, form: str = "csv") -> list[str]:
    with pytest.raises(KioskFileError) as caught:
        read_payments(data if isinstance(data, bytes) else data.encode(), form, NOW)  # type: ignore[arg-type]
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + GOOD,
        "\ufeff" + HEAD + GOOD,
        (HEAD + GOOD).replace("\n", "\r\n"),
        (HEAD + GOOD).replace("\n", "\r"),
        "Time, Amount ,INMATE,key\n" + f"{AT},$10,1001,K1\n\n",
        f'key,inmate,amount,time\n"K1","1001","10.000000","{AT}"',
    ],
)
def test_csv_as_tills_write_it(data: str) -> None:
    (payment,) = read_payments(data.encode(), "csv", NOW)
    assert (payment.key, payment.inmate, payment.amount_micros) == ("K1", "1001", 10_000_000)
    assert payment.paid_at == datetime.fromisoformat(AT)


@pytest.mark.parametrize("amount", ['"10.00"', "10.00", "10", '"$10"'])
def test_json_lines_keep_every_digit(amount: str) -> None:
    (payment,) = read_payments(f'{{"key":"K1","inmate":1001,"amount":{amount},"time":"{AT}"}}\n'.encode(), "jsonl", NOW)
    assert (payment.inmate, payment.amount_micros) == ("1001", 10_000_000)


def test_a_number_is_never_a_float() -> None:
    line = f'{{"key":"K1","inmate":"1","amount":0.1000001,"time":"{AT}"}}'
    assert "not an amount of dollars" in refused(line, "jsonl")[0]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"K1,1001,-10,{AT}", "not an amount of dollars"),
        (f"K1,1001,0,{AT}", "above zero"),
        (f"K1,1001,0.0000001,{AT}", "not an amount of dollars"),
        (f'K1,1001,"1,000",{AT}', "not an amount of dollars"),
        (f"K1,1001,1e3,{AT}", "not an amount of dollars"),
        (f"K1,1001,NaN,{AT}", "not an amount of dollars"),
        (f"K1,1001,١٠,{AT}", "not an amount of dollars"),
        (f"K1,1001,{10**12},{AT}", "not an amount of dollars"),
        (f"K1,1001,10000.01,{AT}", "more than one payment may be"),
        (f",1001,10,{AT}", "key: ''"),
        (f"{'K' * 81},1001,10,{AT}", "1 to 80"),
        (f"K1,{'1' * 21},10,{AT}", "1 to 20"),
        (f"K\x07,1001,10,{AT}", "printable"),
        ("K1,1001,10,yesterday", "is not a time"),
        ("K1,1001,10,2026-03-02T11:00:00", "has no zone"),
        ("K1,1001,10,2026-03-04T11:00:00Z", "in the future"),
        ("K1,1001,10", "3 cells instead of 4"),
        (f"K1,1001,10,{AT},x", "5 cells instead of 4"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(row: str, said: str) -> None:
    (fault,) = refused(HEAD + f"K0,1001,1,{AT}\n" + row + "\n")
    assert fault.startswith("line 3: ") and said in fault


def test_every_bad_line_is_told_in_one_go() -> None:
    faults = refused(HEAD + f"K1,1001,-1,{AT}\n{GOOD}K3,1001,0,{AT}\n" + 'K4,"1001,10')
    assert [fault.split(":")[0] for fault in faults] == ["line 2", "line 4", "line 5"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((HEAD + GOOD).encode("utf-16"), "the file is UTF-16"),
        (HEAD.encode() + b"K1,Jos\xe9,10,x\n", "line 2: not UTF-8"),
        (HEAD.encode() + b"K1,10\x0001,10,x\n", "line 2: a NUL"),
        (HEAD.replace(",", ";").encode(), "separated by commas"),
        (b"key,inmate,amount\n", "the first line names the columns"),
        (b"key,inmate,amount,amount\n", "the first line names the columns"),
        (b"key,inmate,amount,time,fee\n", "the first line names the columns"),
        (b"", "the first line names the columns"),
        (HEAD.encode(), "has no payment"),
        (b"x" * (LARGEST_FILE_BYTES + 1), "split it"),
        (HEAD.encode() + b"\n" * (MOST_LINES + 1) + GOOD.encode(), "split it"),
        (HEAD.encode() + b'K1,"1001\n' + b"x" * 200_000, "not readable as CSV"),
    ],
)
def test_a_file_that_is_none(data: bytes, said: str) -> None:
    assert said in refused(data)[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "not a JSON object"),
        ("{", "not a JSON object"),
        ("[" * 100_000, "not a JSON object"),
        ('{"key":"K1","key":"K2"}', "a name comes twice"),
        ('{"key":"K1"}', "the names are"),
        (f'{{"key":null,"inmate":"1","amount":"1","time":"{AT}"}}', "key: write text"),
        (f'{{"key":"K","inmate":true,"amount":"1","time":"{AT}"}}', "inmate: write text"),
        (f'{{"key":"K","inmate":"1","amount":["1"],"time":"{AT}"}}', "amount: write text"),
    ],
)
def test_a_bad_json_line(line: str, said: str) -> None:
    assert said in refused(line, "jsonl")[0]


def test_one_key_twice_is_one_payment_and_two_are_an_error_that_names_both() -> None:
    assert len(read_payments((HEAD + GOOD + GOOD).encode(), "csv", NOW)) == 1
    (fault,) = refused(HEAD + GOOD + f"K1,1001,11,{AT}\n")
    assert fault.startswith("line 3: ") and "on line 2" in fault and "$10.00" in fault and "$11.00" in fault


payments = st.lists(
    st.tuples(
        st.text("abcXYZ019-", min_size=1, max_size=12),
        st.text("0123456789", min_size=1, max_size=8),
        st.integers(1, LARGEST_PAYMENT_MICROS),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda payment: payment[0],
)


@given(payments, st.sampled_from(["csv", "jsonl"]))
def test_what_is_written_is_read(written: list[tuple[str, str, int]], form: str) -> None:
    if form == "csv":
        text = HEAD + "".join(f"{key},{inmate},{dollars(micros)},{AT}\n" for key, inmate, micros in written)
    else:
        names = ("key", "inmate", "amount", "time")
        text = "\n".join(json.dumps(dict(zip(names, (k, i, dollars(m), AT), strict=True))) for k, i, m in written)
    read = read_payments(text.encode(), form, NOW)  # type: ignore[arg-type]
    assert [(payment.key, payment.inmate, payment.amount_micros) for payment in read] == written


@given(st.binary(max_size=300), st.sampled_from(["csv", "jsonl"]))
def test_no_bytes_break_it(data: bytes, form: str) -> None:
    for content in (data, HEAD.encode() + data):
        try:
            read_payments(content, form, NOW)  # type: ignore[arg-type]
        except KioskFileError as error:
            assert error.faults and str(error).startswith("nothing was imported\n")
