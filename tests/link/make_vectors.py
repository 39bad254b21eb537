"""Write hw/vectors.json: golden frames, valid and hostile, for CPython, MicroPython and C.

Usage: python -m tests.link.make_vectors [--check]
"""

import json
import random
import struct
import sys
from pathlib import Path
from typing import Any

from kinline.handsets import _link as wire
from tests.link.reference import DirectionKeys, Receiver, derive, encode, header

TARGET = Path(__file__).resolve().parents[2] / "hw/vectors.json"
SEED = 20260301
EPOCH = 7


def build() -> dict[str, Any]:
    rng = random.Random(SEED)
    device_key, handset_nonce, host_nonce = (rng.randbytes(16) for _ in range(3))
    secrets = {
        name: derive(device_key, label, handset_nonce, host_nonce)
        for name, label in (
            ("d2h_cipher", wire.LABEL_D2H_CIPHER),
            ("d2h_tag", wire.LABEL_D2H_TAG),
            ("h2d_cipher", wire.LABEL_H2D_CIPHER),
            ("h2d_tag", wire.LABEL_H2D_TAG),
        )
    }
    proof = derive(device_key, wire.LABEL_PROOF, handset_nonce, host_nonce + bytes((EPOCH,)))[: wire.PROOF_BYTES]
    keys = {d: DirectionKeys(secrets[f"{d}_cipher"], secrets[f"{d}_tag"]) for d in ("d2h", "h2d")}

    hello = wire.Hello(wire.MAJOR, wire.MINOR, wire.SCHEMA, 0xC0FFEE, handset_nonce, "wall-1", "golden").encode()
    welcome = wire.Welcome(EPOCH, wire.MINOR, host_nonce, proof).encode()
    texts: list[tuple[str, int, bytes]] = [
        ("d2h", wire.Hello.ID, hello),
        ("h2d", wire.Welcome.ID, welcome),
        ("h2d", wire.Refuse.ID, wire.Refuse(wire.REFUSE_MAJOR, 2, 0, "flash build 2.0 or newer").encode()),
        ("h2d", wire.Probe.ID, b""),
        ("d2h", wire.AUDIO, rng.randbytes(wire.AUDIO_BYTES)),
        ("h2d", wire.AUDIO, bytes(wire.AUDIO_BYTES)),
        ("h2d", wire.Ping.ID, wire.Ping(65535).encode()),
        ("d2h", wire.Pong.ID, wire.Pong(65535, wire.TICKS_PERIOD - 1).encode()),
        ("d2h", wire.Ack.ID, wire.Ack(1).encode()),
        ("d2h", wire.Snapshot.ID, b"\x01\x00" + wire.Snapshot(1, wire.PHASE_LISTEN, 0, 0, 5, 1, 90000).encode()),
        ("d2h", wire.Key.ID, b"\x02\x00" + wire.Key(ord("5"), 123456).encode()),
        ("d2h", wire.Entry.ID, b"\x03\x00" + wire.Entry(9, wire.ENTRY_COMPLETE, b"12025550123").encode()),
        ("h2d", wire.Talk.ID, b"\xff\xff" + wire.Talk(42, 1000, 900000).encode()),
        ("h2d", wire.Reboot.ID, b"\x05\x00"),
    ]
    frames = []
    for sequence, (direction, kind, text) in enumerate(texts, 1):
        sealed = kind >= wire.SEALED_FROM
        frame = encode(kind, text, sequence, EPOCH if sealed else 0, keys[direction] if sealed else None)
        frames.append(
            {
                "direction": direction,
                "type": kind,
                "epoch": EPOCH if sealed else 0,
                "sequence": sequence,
                "text": text.hex(),
                "wire": frame.hex(),
            }
        )

    def key(sequence: int) -> bytes:
        return encode(
            wire.Key.ID, struct.pack("<H", sequence) + wire.Key(ord("7"), sequence).encode(), sequence, EPOCH, keys["d2h"]
        )

    def flip(frame: bytes, at: int) -> bytes:
        return frame[:at] + bytes((frame[at] ^ 0x10,)) + frame[at + 1 :]

    wrong = DirectionKeys(rng.randbytes(32), rng.randbytes(32))
    clear_hello = encode(wire.Hello.ID, hello, 1)
    audio = encode(wire.AUDIO, rng.randbytes(wire.AUDIO_BYTES), 2, EPOCH, keys["d2h"])
    oversized = header(wire.Key.ID, EPOCH, 3, wire.CONTROL_BYTES + 1) + rng.randbytes(40)
    short_audio = header(wire.AUDIO, EPOCH, 3, wire.AUDIO_BYTES - 16) + rng.randbytes(40)
    sync_noise = wire.SYNC * 9 + wire.SYNC[:1]
    noise = rng.randbytes(97).replace(wire.SYNC[:1], b"\x00")
    streams = {
        "two frames back to back": key(1) + audio,
        "noise before, between and after": noise + key(1) + noise + key(2) + noise,
        "lone and repeated sync bytes": sync_noise + key(1) + wire.SYNC[:1] + key(2),
        "garbled header": flip(key(1), 5) + key(2),
        "garbled clear body": flip(clear_hello, 20) + clear_hello,
        "garbled ciphertext": flip(key(1), 14) + key(2),
        "garbled tag": flip(key(1), len(key(1)) - 1) + key(2),
        "wrong key": encode(wire.Ping.ID, wire.Ping(1).encode(), 1, EPOCH, wrong) + key(2),
        "unknown epoch": encode(wire.Ping.ID, wire.Ping(1).encode(), 1, EPOCH + 1, keys["d2h"]) + key(2),
        "the other direction's key": encode(wire.Ping.ID, wire.Ping(1).encode(), 1, EPOCH, keys["h2d"]) + key(2),
        "replayed at once": key(1) + key(1) + key(2),
        "replayed from far behind": key(1) + key(40) + key(1) + key(41),
        "late but within the window": key(30) + key(30 - wire.REPLAY_WINDOW) + key(29),
        "late and behind the window": key(30) + key(29 - wire.REPLAY_WINDOW) + key(31),
        "sequence zero": key(0) + key(1),
        "oversized length": oversized + key(4),
        "audio of another length": short_audio + key(4),
        "truncated, then a whole one": key(1)[:-6] + key(2) + key(3),
        "cut inside the header": key(1)[:7] + key(2),
        "nothing but noise": noise * 3,
    }
    cases = []
    for name, data in streams.items():
        whole, slow = (Receiver({EPOCH: keys["d2h"]}) for _ in range(2))
        whole.feed(data)
        for i in range(len(data)):
            slow.feed(data[i : i + 1])
        assert (whole.delivered, whole.refused) == (slow.delivered, slow.refused), name
        cases.append(
            {
                "name": name,
                "wire": data.hex(),
                "refused": whole.refused,
                "delivered": [{"type": k, "sequence": s, "text": t.hex()} for k, s, t in whole.delivered],
            }
        )
    return {
        "format": "frames: one valid frame each, to be produced and accepted. streams: bytes that a host with the "
        "d2h keys under the epoch receives from a fresh start, whole and byte by byte; delivered and "
        "refused (by reason) are the same either way.",
        "device_key": device_key.hex(),
        "handset_nonce": handset_nonce.hex(),
        "host_nonce": host_nonce.hex(),
        "epoch": EPOCH,
        "proof": proof.hex(),
        "keys": {name: value.hex() for name, value in secrets.items()},
        "frames": frames,
        "streams": cases,
    }


def main() -> int:
    text = json.dumps(build(), indent=1) + "\n"
    if "--check" in sys.argv:
        return 0 if TARGET.read_text() == text else 1
    TARGET.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
