"""The technician's verbs on a simulated chip, and each way in which they may go wrong."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kinline.cli.main import app
from kinline.config import load
from kinline.handsets import _link as wire
from kinline.store.errors import Conflict
from kinline.store.open import open_store, site_secret
from kinline.store.store import Store
from kinline.technician.exits import Exit
from kinline.technician.filesystem import files_of, laid_out, stretches
from kinline.technician.identity import parsed
from kinline.technician.listening import watch
from kinline.technician.ports import held
from kinline.technician.worksheet import sheets
from kinline_sim import _board as board
from kinline_sim.board import Board
from kinline_sim.bundle import Signer, pack
from kinline_sim.compiled import firmware
from tests.link_peer import SerialPeer
from tests.sim.conftest import with_file
from tests.technician.bench import Bench, bench_at

pytestmark = pytest.mark.vm
KEY = bytes(range(16))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = bench_at(tmp_path)
    with bench.board:
        yield bench


def on_board(bench: Bench) -> dict[str, bytes]:
    """The files in its flash."""
    return files_of(bench.board.flash.read_bytes()[board.FILESYSTEM_OFFSET :]) or {}


def says_who_it_is(bench: Bench, key: bytes = KEY) -> str:
    peer = SerialPeer(bench.board.path, key)
    try:
        peer.expect(wire.Snapshot, 15)
        assert peer.hello
        return peer.hello.device
    finally:
        peer.close()


def test_from_a_blank_chip_to_a_telephone_that_stays_who_it_is(bench: Bench) -> None:
    found = bench.well("detect")
    assert found["serial"] == "KW" + found["mac"].replace(":", "").upper() and found["flash_bytes"] == board.FLASH_BYTES
    assert bench.well(*bench.flash_words())["device"] is None
    device = bench.device_file()
    assert bench.well("provision", "--device-file", device)["already"] is False
    assert says_who_it_is(bench) == "wall-1"
    logs = bench.well("logs", "--device-file", device)
    assert logs["device"] == "wall-1" and any("link up" in line for line in logs["events"])

    # Flashing again, and provisioning again, change nothing of it.
    assert bench.well(*bench.flash_words())["device"] == "wall-1"
    assert bench.well("provision", "--device-file", device)["already"] is True
    assert says_who_it_is(bench) == "wall-1"
    assert not list((bench.folder / "sheets").glob("*.partition*")), "the key stays nowhere but on the board"
    assert not [path for path in (bench.folder / "sheets").iterdir() if KEY.hex() in path.read_text(errors="replace")]

    # Another key, another device: told apart, and the board stays what it is.
    assert bench.ill("provision", "--device-file", bench.device_file(key=bytes(16), name="x")) == (Exit.CONFLICT, "wrong-key")
    assert bench.ill("provision", "--device-file", bench.device_file("wall-2")) == (Exit.CONFLICT, "board-taken")
    assert parsed(on_board(bench)["device.json"]) == parsed(device.read_bytes())

    # Wiping is for whoever types the serial number.
    assert bench.ill("wipe") == (Exit.DECLINED, "unconfirmed")
    assert bench.ill("wipe", "--serial", "KW0") == (Exit.DECLINED, "declined")
    assert "device.json" in on_board(bench)
    bench.well("wipe", "--serial", found["serial"])
    assert on_board(bench) == {}


def test_a_power_cut_while_flashing_keeps_the_identity(tmp_path: Path) -> None:
    """Cut in the middle of writing a new firmware: the same command again, and it is who it was."""
    bench = bench_at(tmp_path)
    with bench.board:
        bench.well(*bench.flash_words())
        bench.well("provision", "--device-file", bench.device_file())
    (tmp_path / "fw.bundle").write_bytes(pack(firmware(), Signer.development(), version="0.9.9"))
    again = bench_at(tmp_path, fails_after=9)
    with again.board:
        assert again.ill(*again.flash_words())[0] == Exit.NOT_WRITTEN
        assert again.well(*again.flash_words())["device"] == "wall-1"
        assert says_who_it_is(again) == "wall-1"


def test_one_station_one_telephone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A swap away from the site says what is left to do there."""
    monkeypatch.setenv("KINLINE_CONFIG", str(tmp_path / "nowhere.toml"))
    first, second = bench_at(tmp_path, "one"), bench_at(tmp_path, "two")
    device = first.device_file()
    with first.board:
        old = first.well(*first.flash_words())["board"]["serial"]
        first.well("provision", "--device-file", device)
    with second.board:
        new = second.well(*second.flash_words())["board"]["serial"]
        assert second.ill("provision", "--device-file", device) == (Exit.CONFLICT, "station-taken")
        assert second.ill("swap", old, old, "--device-file", device) == (Exit.WRONG_BOARD, "other-board")
        code, told = second.tech("swap", old, new, "--device-file", tmp_path / "fresh.json")
        assert code == 0 and (told["data"]["device"], told["data"]["site_rekeyed"]) == ("wall-1", False)
        assert told["next"] == f"on the site's host: kinline handset rekey --device-file {tmp_path / 'fresh.json'}"
    papers = {one.serial: one for one in sheets(tmp_path / "sheets")}
    assert papers[old].fact("provision", "device") is None and papers[new].fact("provision", "device") == "wall-1"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The database of a site, whose settings every verb finds."""
    config = tmp_path / "site/kinline.toml"
    monkeypatch.setenv("KINLINE_CONFIG", str(config))
    for words in (
        ("init", str(config.parent), "--facility", "cedar"),
        ("facility", "add", "cedar", "--name", "Cedar Creek", "--timezone", "America/New_York"),
        ("handset", "add", "--device-file", str(tmp_path / "wall-1.json"), "wall-1"),
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
    settings = load(config)
    store = open_store(settings.database_url, site_secret(settings.storage.secret_file))
    yield store
    store.close()


def test_a_swap_gives_the_station_a_new_key_at_the_site_too(tmp_path: Path, site: Store) -> None:
    first, second = bench_at(tmp_path, "one"), bench_at(tmp_path, "two")
    old_file, new_file = tmp_path / "wall-1.json", tmp_path / "wall-1-again.json"
    with first.board:
        old = first.well(*first.flash_words())["board"]["serial"]
        first.well("provision", "--device-file", old_file)
    site.revoke_handset("wall-1")
    with second.board:
        new = second.well(*second.flash_words())["board"]["serial"]
        swapped = second.well("swap", old, new, "--device-file", new_file)
        assert (swapped["device"], swapped["site_rekeyed"]) == ("wall-1", True)
        key = bytes.fromhex(json.loads(new_file.read_text())["key"])
        assert key != bytes.fromhex(json.loads(old_file.read_text())["key"])
        assert says_who_it_is(second, key) == "wall-1"
        again = second.well("swap", old, new, "--device-file", new_file)
        assert (again["already"], again["site_rekeyed"]) == (True, False)
    held = site.handset("wall-1")
    assert held.psk == key and held.enabled
    assert [deed.subject for deed in site.audited(10, action="handset.rekey")] == ["wall-1"]


def test_a_key_of_another_telephone_is_refused(tmp_path: Path, site: Store) -> None:
    (tmp_path / "wall-2.json").write_text((tmp_path / "wall-1.json").read_text().replace("wall-1", "wall-2"))
    site.add_handset("wall-2", bytes(16), "cedar")
    done = CliRunner().invoke(app, ["handset", "rekey", "--device-file", str(tmp_path / "wall-2.json")])
    assert isinstance(done.exception, Conflict) and "wall-1 has this key" in str(done.exception)
    assert site.handset("wall-2").psk == bytes(16)


def test_the_doctor_looks_at_a_bundles_signature(bench: Bench) -> None:
    bundle, signer = bench.folder / "fw.bundle", Signer.development().public.hex()
    assert bench.tech("doctor", "--bundle", bundle)[1]["trouble"] == "signer-unknown"
    found = {one["name"]: one["what"] for one in bench.tech("doctor", "--bundle", bundle, "--signer", signer)[1]["data"]}
    assert found["firmware"] == f"{firmware().name}, signed by {signer[:16]}…"
    sound = bundle.read_bytes()
    bundle.write_bytes(sound[:200] + b"?" + sound[201:])
    assert bench.ill("doctor", "--bundle", bundle) == (Exit.BAD_IMAGE, "bundle-unsigned")
    bundle.unlink()
    assert bench.ill("doctor", "--bundle", bundle) == (Exit.BAD_IMAGE, "bundle-missing")


LOOPING = """\
import asyncio
from handset import app
async def broken(self):
    self.link.poll(self.clock())
    await asyncio.sleep_ms(100)
    raise OSError(5)
app.App._tick = broken
app.main()
"""


def test_the_monitor_tells_a_board_that_starts_again_and_again(tmp_path: Path) -> None:
    with Board(device="wall-1", key=KEY, source=with_file(tmp_path, "main.py", LOOPING), seed=1) as looping:
        with held(looping.path, "monitor") as line:
            said: list[str] = []
            for words in watch(line, 30.0):
                said.append(words)
                if "again and again" in words:
                    break
        assert said[-1] == "it starts again and again: kinline tech flash"
        assert len({words.partition("boot ")[2] for words in said if words.startswith("hello: wall-1")}) == 3
        kept = parsed((files_of(looping.flash.read_bytes()[board.FILESYSTEM_OFFSET :]) or {})["device.json"])
        assert kept is not None and (kept.device, kept.key) == ("wall-1", KEY)


def test_jtag_is_closed_after_a_rehearsal_and_the_serial_number(bench: Bench) -> None:
    words = [*bench.flash_words()]
    serial = bench.well(*words)["board"]["serial"]
    device = bench.device_file()
    assert bench.ill("provision", "--close-jtag", "--device-file", device) == (Exit.DECLINED, "unconfirmed")
    assert bench.well("detect")["efuses"]["jtag_closed"] is False
    assert bench.well("provision", "--close-jtag", "--serial", serial, "--device-file", device)["jtag_closed"] is True
    assert bench.well("detect")["efuses"]["jtag_closed"] is True


@pytest.mark.parametrize(
    ("faults", "exit", "trouble"),
    [
        ({"chip": 5}, Exit.WRONG_BOARD, "wrong-chip"),
        ({"stuck_reset": True}, Exit.SILENT, "board-silent"),
        ({"worn": (0x201000,)}, Exit.NOT_WRITTEN, "flash-worn"),
    ],
)
def test_a_board_that_will_not_do(tmp_path: Path, faults: dict[str, object], exit: Exit, trouble: str) -> None:
    (tmp_path / "chip.bin").write_bytes(b"\x00" * board.FLASH_BYTES)
    bench = bench_at(tmp_path, **faults)
    with bench.board:
        assert bench.ill(*bench.flash_words()) == (exit, trouble)


def test_images_are_refused_before_anything_is_written(bench: Bench) -> None:
    before = bench.board.flash.read_bytes()
    bundle, micropython = bench.folder / "fw.bundle", bench.folder / "micropython.bin"
    sound = bundle.read_bytes()
    for content, trouble in (
        (sound[:40], "bundle-truncated"),
        (sound[:-1], "bundle-truncated"),
        (b"MZ" + sound[2:], "bundle-foreign"),
        (sound[:200] + b"?" + sound[201:], "bundle-unsigned"),
        (sound[:-3] + b"???", "bundle-corrupt"),
        (sound + b"x", "bundle-corrupt"),
        (pack(firmware(), Signer.development(), board="other"), "bundle-foreign"),
    ):
        bundle.write_bytes(content)
        assert bench.ill(*bench.flash_words()) == (Exit.BAD_IMAGE, trouble)
    bundle.write_bytes(sound)
    assert bench.ill(*[word for word in bench.flash_words() if word != "--other-micropython"])[1] == "micropython-differs"
    micropython.write_bytes(b"no image")
    assert bench.ill(*bench.flash_words()) == (Exit.BAD_IMAGE, "micropython-foreign")
    words = bench.flash_words()[:-1]
    assert bench.ill(*words, "00" * 32) == (Exit.BAD_IMAGE, "signer-changed")
    assert bench.board.flash.read_bytes() == before


def test_a_label_and_a_record_that_shows_when_it_was_changed(bench: Bench, tmp_path: Path) -> None:
    assert bench.ill("label") == (Exit.USAGE, "board-unknown")
    bench.well("detect")
    assert bench.ill("label") == (Exit.USAGE, "not-ready")
    bench.well(*bench.flash_words())
    bench.well("provision", "--device-file", bench.device_file())
    for name in ("label.png", "label.svg"):
        told = bench.well("label", "wall-1", "--out", tmp_path / name)
        assert KEY.hex() not in json.dumps(told) and (tmp_path / name).stat().st_size > 1000
    for number in (1, 2):
        assert bench.well("record", "--page", tmp_path / "page.html")["number"] == number
    assert "<svg" in (tmp_path / "page.html").read_text()
    assert bench.well("record", "--check")["entries"] == 2
    ledger = bench.folder / "sheets" / "record.jsonl"
    sound = ledger.read_text()
    for forged in (sound.replace("wall-1", "wall-2", 1), "\n".join(sound.splitlines()[1:]) + "\n"):
        ledger.write_text(forged)
        assert bench.ill("record", "--check") == (Exit.CONFLICT, "record-broken")
        assert bench.ill("record") == (Exit.CONFLICT, "record-broken")


def test_the_partition_is_written_only_where_something_is() -> None:
    files = {"boot.py": b"x" * 5000, "a/handset/app.mpy": bytes(9000), "device.json": b"{}"}
    partition = laid_out(files)
    assert files_of(partition) == files
    written = bytearray(b"\xff" * board.FILESYSTEM_BYTES)
    for address, content in stretches(partition):
        at = address - board.FILESYSTEM_OFFSET
        written[at : at + len(content)] = content
    assert bytes(written) == partition and sum(len(content) for _, content in stretches(partition)) < 200_000
