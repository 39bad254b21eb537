"""Money by the command: what staff type, what they read, and what is refused in one line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kinline.accounts import charge_micros
from kinline.store.open import open_store, site_secret
from kinline.store.store import Store
from tests.cli.test_cli import Site
from tests.store.site import PROFILE

MOTHER = "+12025550123"
AT = "2026-03-02T11:00:00-05:00"
FILE = f"key,inmate,amount,time\nK1,1001,10.00,{AT}\nK2,1002,0.25,{AT}\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("money"))
    made.ok("init", str(made.folder), "--facility", "north")
    made.ok("facility", "add", "north", "--name", "North Facility", "--timezone", "America/New_York", "--profile", PROFILE)
    for number in ("1001", "1002", "1003"):
        made.ok("inmate", "add", number, "--name", "Ann Example", "--no-pin")
    made.ok("contact", "add", "1001", MOTHER)
    made.ok("handset", "add", "K1", "--device-file", str(made.folder / "k1.json"))
    return made


@pytest.fixture(scope="module")
def call(site: Site) -> int:
    """A call of 125 seconds that Ann's mother's prepaid account paid."""
    from kinline.profiles import load_profile
    from kinline.rules import Allow

    site.ok("account", "deposit", "5", "--number", MOTHER, "--reference", "till-1")
    store = opened(site)
    rate = load_profile(PROFILE).rate.micros_per_minute
    at = datetime.now(UTC)
    call = store.begin_call("K1", 1, MOTHER, Allow(900, "call_length", True, True, rate, "prepaid"), PROFILE, at, "Contract 12")
    store.mark_accepted(call, at)
    store.end_call(call, "completed", "caller", 125, at + timedelta(seconds=125))
    store.close()
    return call


def opened(site: Site) -> Store:
    data = site.folder / "data"
    return open_store(f"sqlite:///{data / 'kinline.db'}", site_secret(data / "site.key"))


def test_a_kiosks_file(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    file.write_text(FILE)
    assert site.json("account", "import", str(file)) == {
        "facility": "north", "source": "kiosk", "taken": 2, "taken_micros": 10_250_000, "known": 0,
    }  # fmt: skip
    assert site.ok("account", "import", str(file)) == "Took 0 payments of $0.00 in all; 2 were known already.\n"
    lines = f'{{"key":"K3","inmate":"1001","amount":"1.5","time":"{AT}"}}\n'
    assert site.json("account", "import", "-", stdin=lines)["taken_micros"] == 1_500_000
    assert site.json("account", "balance", "--inmate", "1001")["balance_micros"] == 11_500_000


def test_a_kiosks_bad_file_is_told_line_by_line(site: Site) -> None:
    before = site.json("account", "balance", "--inmate", "1002")
    bad = f"key,inmate,amount,time\nK8,1002,1,{AT}\nK9,1002,-1,{AT}\nK1,1001,11,{AT}\nK7,77,1,{AT}\n"
    done = site.run("account", "import", "-", stdin=bad)
    assert done.returncode == 2 and done.stderr.splitlines()[0] == "kinline: nothing was imported"
    assert "kinline: line 3: amount: '-1' is not an amount of dollars" in done.stderr
    done = site.run("account", "import", "-", stdin=bad.replace("-1", "1"))
    assert "line 4: key 'K1' is $11.00 for 1001" in done.stderr and "on line 2 of payments" in done.stderr
    assert "line 5: inmate '77' of north does not exist" in done.stderr
    assert site.json("account", "balance", "--inmate", "1002") == before


def test_a_receipt_that_anyone_can_recompute(site: Site, call: int, tmp_path: Path) -> None:
    answer = site.json("account", "receipt", str(call))
    assert answer["receipt"]["charged_micros"] == charge_micros(answer["receipt"]["rate_micros_per_minute"], 125)
    assert "rounded down" in site.ok("account", "receipt", str(call))
    assert "redondeado hacia abajo" in site.ok("account", "receipt", str(call), "--language", "es")
    file = tmp_path / "receipt.json"
    file.write_text(json.dumps(answer))
    assert site.ok("account", "verify-receipt", str(file)) == "The receipt adds up.\n"
    answer["receipt"]["charged_micros"] += 1
    file.write_text(json.dumps(answer["receipt"]))
    done = site.run("account", "verify-receipt", str(file))
    assert done.returncode == 1 and "were due" in done.stdout


def test_a_statement(site: Site, call: int) -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    answer = site.json("account", "statement", "--number", MOTHER, "--month", month)["statement"]
    sums = answer["deposits_micros"] + answer["credits_micros"] - answer["charges_micros"] - answer["refunds_micros"]
    assert answer["opening_micros"] + sums == answer["closing_micros"]
    assert site.json("account", "balance", "--number", MOTHER)["balance_micros"] == answer["closing_micros"]
    assert "2 min 5 s" in site.ok("account", "statement", "--number", MOTHER, "--month", month)


def test_a_charge_is_given_back(site: Site, call: int) -> None:
    site.ok("account", "credit", str(call), "--amount", "0.05", "--reason", "noise")
    assert site.json("account", "receipt", str(call))["receipt"]["credited_micros"] == 50_000


def test_billing_directly(site: Site) -> None:
    assert site.json("account", "credit-limit", "2025550177", "--limit", "30")["credit_left_micros"] == 30_000_000
    balance = site.ok("account", "balance", "--number", "2025550177", "--billing", "direct_bill")
    assert "$30.00 left of a credit of $30.00" in balance
    assert "owes $0.00 and no more is taken" in site.refused(
        "account", "pay", "1", "--number", "2025550177", "--reference", "cheque"
    )
    assert site.json("account", "credit-limit", "2025550177")["credit_limit_micros"] is None


def test_closing(site: Site) -> None:
    site.ok("account", "deposit", "2", "--inmate", "1003", "--reference", "till-9")
    assert site.json("account", "close", "--inmate", "1003", "--reference", "release")["paid_out_micros"] == 2_000_000
    assert "is closed; open it again first" in site.refused(
        "account", "deposit", "2", "--inmate", "1003", "--reference", "till-10"
    )
    assert site.json("account", "open", "--inmate", "1003")["changed"] is True


def test_accounts_left_alone(site: Site) -> None:
    assert site.ok("account", "inactive") == "No account has been left for 180 days.\n"
    assert site.json("account", "note", "--inmate", "1003", "--note", "wants to keep it")["kind"] == "interest"


def test_prices_and_a_quote(site: Site) -> None:
    assert site.json("rate", "list")[0]["set_by"] == f"profile {PROFILE}"
    today = datetime.now(UTC).date() + timedelta(days=1)
    set_to = site.json("rate", "set", "0.05", "--from", str(today), "--source", "Contract 12")
    assert (set_to["micros_per_minute"], set_to["since"]) == (50_000, str(today))
    assert "meets" in site.refused("rate", "set", "0.06", "--from", str(today), "--source", "Contract 12")
    quoted = site.json("rate", "quote", MOTHER, "--inmate", "1001")
    assert quoted["quote"]["first_minute_micros"] == quoted["quote"]["rate_micros_per_minute"]
    assert "Nothing else is charged" in site.ok("rate", "quote", MOTHER)
    assert site.json("rate", "end", str(today + timedelta(days=9)))["until"] == str(today + timedelta(days=9))


def test_the_books_add_up(site: Site, call: int) -> None:
    assert site.json("account", "verify")["whole"] is True
    assert "the books add up" in site.ok("account", "verify")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deposit", "1.0000001", "--inmate", "1001", "--reference", "r"), "AMOUNT: '1.0000001' is not an amount of dollars"),
        (("deposit", "--reference", "r", "--inmate", "1001", "--", "-1"), "AMOUNT: '-1' is not an amount of dollars"),
        (("deposit", "10000.01", "--inmate", "1001", "--reference", "r"), "more than one payment may be"),
        (("deposit", "1", "--inmate", "1001", "--number", MOTHER, "--reference", "r"), "name one account"),
        (("deposit", "1", "--inmate", "1001", "--reference", " "), "reference"),
        (("refund", "9000", "--inmate", "1001", "--reference", "r"), "holds too little"),
        (("refund", "1", "--number", MOTHER, "--billing", "collect", "--reference", "r"), "holds too little"),
        (("statement", "--inmate", "1001", "--month", "2026-13"), "is not a month"),
        (("receipt", "99"), "call 99 does not exist"),
        (("credit", "99", "--reason", "x"), "call 99 does not exist"),
        (("verify-receipt", "/nowhere.json"), "cannot be read"),
        (("import", "/nowhere.csv"), "cannot be read"),
    ],
)
def test_a_refusal_is_one_line_with_the_next_step(site: Site, arguments: tuple[str, ...], said: str) -> None:
    assert said in site.refused("account", *arguments)


@pytest.mark.parametrize("day", ["2020-01-01", "tomorrow"])
def test_a_price_does_not_begin_in_the_past_or_never(site: Site, day: str) -> None:
    line = site.refused("rate", "set", "0.06", "--from", day, "--source", "x")
    assert "today" in line or "is not a day; write for example" in line
