"""Session keys from the device key and both nonces (docs/protocol.md, Keys)."""

import hmac
from dataclasses import dataclass, field

from kinline.handsets import _link as wire


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Each 32 bytes; the cipher keys hold 16 of cipher key and 16 of IV key."""

    epoch: int
    d2h_cipher: bytes = field(repr=False)
    d2h_tag: bytes = field(repr=False)
    h2d_cipher: bytes = field(repr=False)
    h2d_tag: bytes = field(repr=False)


def derive(device_key: bytes, handset_nonce: bytes, host_nonce: bytes, epoch: int) -> tuple[SessionKeys, bytes]:
    """The session's keys and the proof that goes into the welcome."""

    def under(label: bytes, more: bytes = b"") -> bytes:
        return hmac.digest(device_key, label + handset_nonce + host_nonce + more, "sha256")

    keys = SessionKeys(
        epoch,
        under(wire.LABEL_D2H_CIPHER),
        under(wire.LABEL_D2H_TAG),
        under(wire.LABEL_H2D_CIPHER),
        under(wire.LABEL_H2D_TAG),
    )
    return keys, under(wire.LABEL_PROOF, bytes((epoch,)))[: wire.PROOF_BYTES]
