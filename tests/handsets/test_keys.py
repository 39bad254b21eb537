"""Session keys against the golden values that firmware and engine are held to as well."""

import json
from pathlib import Path

from kinline.handsets.keys import derive

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "hw/vectors.json").read_text())


def golden(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name])


def test_keys_and_proof_are_the_golden_ones() -> None:
    keys, proof = derive(golden("device_key"), golden("handset_nonce"), golden("host_nonce"), VECTORS["epoch"])
    assert {name: getattr(keys, name).hex() for name in VECTORS["keys"]} == VECTORS["keys"]
    assert (keys.epoch, proof.hex()) == (VECTORS["epoch"], VECTORS["proof"])


def test_every_ingredient_matters() -> None:
    zero, one = bytes(16), b"\x01" * 16
    made = [derive(*three, 1) for three in [(zero, zero, zero), (one, zero, zero), (zero, one, zero), (zero, zero, one)]]
    assert len({keys.h2d_cipher for keys, _ in made}) == 4
    assert len({proof for _, proof in [*made, derive(zero, zero, zero, 2)]}) == 5


def test_no_key_shows_in_a_repr() -> None:
    keys, _ = derive(golden("device_key"), golden("handset_nonce"), golden("host_nonce"), 1)
    assert repr(keys) == "SessionKeys(epoch=1)"
