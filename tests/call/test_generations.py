"""Handsets and hosts of two generations: the released firmware on this host, and the way from one firmware to the next."""

import dataclasses
from pathlib import Path

import pytest

from demo.site import Site
from kinline_sim.board import Board
from kinline_sim.bundle import Signer, pack
from kinline_sim.compiled import firmware
from kinline_sim.parties import Accept
from tests.call.house import ALEX, accepted, assert_in_order, house, on_hook, ring_home, stopped, told, usable
from tests.conftest import ROOT

pytestmark = pytest.mark.vm

RELEASED = ROOT / "tests/compat/handset-0.1.0.bundle"  # link 1.0, which knows nothing of updates
LIMIT_S = 3
AT_ONCE = Accept(delay_s=0.1, ring_s=0.1)


def site_with(folder: Path, bundle: bytes, offer: bytes | None = None) -> Site:
    """A site of one handset with the firmware of this bundle, and a daemon that offers it the other."""
    settings = ""
    if offer:
        (folder / "offer.bundle").write_bytes(offer)
        signer = Signer.development().public.hex()
        settings = f'[firmware]\nbundle = "{folder / "offer.bundle"}"\nsigner = "{signer}"\nidle_seconds = 1\n'
    site = house(folder / "site", {ALEX.contact: AT_ONCE}, seconds=LIMIT_S, calls=settings)
    own = site.board
    site.boards[0] = Board(device=own.device, key=own.key, link=site.folder / own.device, seed=site.seed, bundle=bundle)
    return site


async def whole_call(site: Site) -> None:
    board = site.board
    since = await ring_home(site, board)
    await accepted(site, board, since)
    record = await site.ended(board, since)
    assert (record.outcome, record.talk_seconds) == ("completed", LIMIT_S)
    await on_hook(site, board)
    assert_in_order(site)


async def test_the_released_firmware_makes_a_whole_call(tmp_path: Path) -> None:
    """And is let alone: the host does not send it what it does not know, but says what to do."""
    offer = pack(firmware(), Signer.development())
    async with site_with(tmp_path, RELEASED.read_bytes(), offer) as site:
        assert (await told(site, "handset in reach"))["build"].startswith("0.1.0-")
        refused = await told(site, "update failed")
        assert refused["outcome"] == "too-old" and "kinline tech flash" in refused["next"]
        await whole_call(site)
        health = await told(site, "health")
        assert health["rejected"] == 0, "the handset was sent what it does not know"
        assert (await stopped(site))["firmware_update_ended{too-old}"] == 1


async def test_the_daemon_updates_a_handset_that_nobody_uses(tmp_path: Path) -> None:
    signer = Signer.development()
    before, after = dataclasses.replace(firmware(), version="0.1.9"), firmware()
    async with site_with(tmp_path, pack(before, signer), pack(after, signer)) as site:
        begun = await told(site, "update begun")
        assert (begun["was"], begun["to"]) == (before.name, after.name)
        # A caller comes in between, and is served.
        await usable(site, site.board)
        assert (await told(site, "update ended"))["outcome"] == "done"
        assert (await told(site, "the handset has restarted"))["cause"] == "update"
        builds = [line["build"] for line in site.daemon.lines if line["event"] == "handset in reach"]
        assert builds[0] == before.name and builds[-1] == after.name
        await whole_call(site)


async def test_a_bundle_that_will_not_do_is_no_reason_to_serve_nobody(tmp_path: Path) -> None:
    spoilt = bytearray(pack(firmware(), Signer.development()))
    spoilt[-1] ^= 1
    async with site_with(tmp_path, pack(firmware(), Signer.development()), bytes(spoilt)) as site:
        assert "is not what was signed" in (await told(site, "the site's firmware is left out"))["error"]
        await usable(site, site.board)
