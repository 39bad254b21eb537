"""What `make firmware` leaves: the same bytes for the same sources, a signature that holds, the right MicroPython."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kinline_sim.bundle import CONTEXT, HEAD, MAGIC, Signer, SigningKeyError, pack
from kinline_sim.cli import app
from kinline_sim.compiled import FIRMWARE, CompileError, compiled, firmware
from tests.firmware import conftest  # noqa: F401 - puts the firmware on the path

# isort: split
from check_ed25519 import verify

SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
IMAGE_BYTES = 64 * 1024  # of the partition's 6 MB; what the handset fetches, and holds three times over


def test_equal_sources_give_equal_bytes(altered: Callable[[str, str], Path]) -> None:
    copy = altered("main.py", (FIRMWARE / "main.py").read_text())
    assert pack(firmware(copy), SIGNER) == pack(firmware(), SIGNER)
    other = altered("handset/ticks.py", (FIRMWARE / "handset/ticks.py").read_text() + "\nMORE = 1\n")
    assert firmware(other).build != firmware().build


def test_the_bundle_is_signed_and_tells_its_files() -> None:
    built = firmware()
    bundle = pack(built, SIGNER)
    magic, length, signature = HEAD.unpack_from(bundle)
    text = bundle[HEAD.size : HEAD.size + length]
    manifest = json.loads(text)
    Ed25519PublicKey.from_public_bytes(SIGNER.public).verify(signature, CONTEXT + sha256(text).digest())
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(SIGNER.public).verify(signature, CONTEXT + sha256(text + b" ").digest())
    at = HEAD.size + length
    for name, size, digest in manifest["files"] + manifest["root"]:
        assert sha256(bundle[at : at + size]).hexdigest() == digest, name
        at += size
    assert magic == MAGIC and at == len(bundle)
    assert manifest["board"] == "kinline-wall" and manifest["version"] == built.version
    assert {name for name, _, _ in manifest["root"]} == {"boot.py", "main.py", "safe_state.mpy", "slots.mpy"}


def test_the_image_keeps_within_its_budget() -> None:
    bundle = pack(firmware(), SIGNER)
    assert len(bundle) <= IMAGE_BYTES, f"the bundle has grown to {len(bundle):,} bytes"


@settings(max_examples=15)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=300), st.integers(0, 511))
def test_the_handset_accepts_what_the_host_signs_and_nothing_else(seed: bytes, message: bytes, bit: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verify(public, message, signature)
    spoilt = bytearray(signature)
    spoilt[bit >> 3] ^= 1 << (bit & 7)
    assert not verify(public, message, spoilt)


def test_a_mistake_in_the_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompileError, match=r"(?s)handset/x\.py.*line 1"):
        compiled(b"def broken(:\n", "handset/x.py")
    with pytest.raises(CompileError, match="no firmware here"):
        firmware(tmp_path)


def test_only_an_ed25519_key_signs(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("nothing")
    with pytest.raises(SigningKeyError, match="openssl genpkey -algorithm ed25519"):
        Signer.load(file)


def test_only_the_stock_micropython_will_do(tmp_path: Path) -> None:
    wrong = tmp_path / "other.bin"
    wrong.write_bytes(bytes(1000))
    run = CliRunner().invoke(app, ["firmware", "--out", str(tmp_path), "--micropython", str(wrong)])
    assert run.exit_code == 1 and "1,000 bytes, 1,783,296 expected" in run.output
    assert "micropython.org/download/ESP32_GENERIC_S3" in run.output
    run = CliRunner().invoke(app, ["firmware", "--out", str(tmp_path)])
    assert run.exit_code == 0 and len(list(tmp_path.glob("*.bundle"))) == len(list(tmp_path.glob("*.littlefs"))) == 1
