"""SIP calls: commands to the engine's SIP thread, and its bus events as typed values."""

from __future__ import annotations

import enum
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kinline_engine._kinline_engine import ffi, lib
from kinline_engine.bus import Bus, Event
from kinline_engine.srtp import Crypto, Suite

PCMU = 0
PCMA = 8
G722 = 9
INBOUND_ID: int = lib.KL_SIP_INBOUND_ID
NOT_AGREED = 255
MEDIA_FIELD = struct.Struct("<HBBBBBBHBx")
CRYPTO_FIELD = struct.Struct("<B30s30s")
WHY_SIZE = 512


class SipError(RuntimeError):
    """The endpoint could not start, or a command was refused before anything was sent."""


class Direction(enum.IntEnum):
    """The far end's own statement (RFC 3264). SENDONLY and INACTIVE mean that it holds us."""

    INACTIVE = lib.KL_SIP_INACTIVE
    SENDONLY = lib.KL_SIP_SENDONLY
    RECVONLY = lib.KL_SIP_RECVONLY
    SENDRECV = lib.KL_SIP_SENDRECV


class By(enum.Enum):
    """Who or what ended a call, or answered a probe."""

    LOCAL = lib.KL_SIP_BY_LOCAL
    REMOTE = lib.KL_SIP_BY_REMOTE
    TIMEOUT = lib.KL_SIP_BY_TIMEOUT
    REFUSED = lib.KL_SIP_BY_REFUSED
    CREDENTIALS = lib.KL_SIP_BY_CREDENTIALS
    FAULT = lib.KL_SIP_BY_FAULT


class Protection(enum.IntEnum):
    """Whether media is protected (SRTP), under keys in the session description (SDES, RFC 4568)."""

    NONE = lib.KL_SIP_IN_CLEAR
    OPPORTUNISTIC = lib.KL_SIP_OPPORTUNISTIC  # RFC 8643: where the other end can, too
    REQUIRED = lib.KL_SIP_PROTECTED  # RTP/SAVP or no call


@dataclass(frozen=True, slots=True)
class Media:
    """The far end's audio: where to send, in which coding. `dtmf_payload` is None without RFC 4733, `comfort_payload` without
    RFC 3389; `ptime_ms` 0: not stated. `rtcp_port` is `port` where both ends agreed to that; `crypto` None: in clear."""

    ip: str
    port: int
    codec: int
    payload: int
    dtmf_payload: int | None
    direction: Direction
    ptime_ms: int
    comfort_payload: int | None = None
    rtcp_port: int = 0
    crypto: Crypto | None = None

    @property
    def held(self) -> bool:
        """The far end takes no audio from us."""
        return self.direction in (Direction.SENDONLY, Direction.INACTIVE)


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """Our audio: address for RTP, codings best first (G722, PCMU, PCMA), whether to agree on telephone-event, comfort
    noise and RTCP on the port of RTP, and how it is protected, suites best first. Keys are made for each call. With `hold` the
    other end is to send no audio."""

    ip: str
    port: int
    codecs: Sequence[int] = (PCMU, PCMA)
    dtmf: bool = True
    comfort_noise: bool = False
    rtcp_mux: bool = False
    protection: Protection = Protection.NONE
    suites: Sequence[Suite] = (Suite.AEAD_AES_128_GCM, Suite.AES_CM_128_HMAC_SHA1_80)
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """A 1xx other than 100; `media` is what has been told so far, in this or an earlier answer."""

    id: int
    mono_ns: int
    status: int
    phrase: str
    media: Media | None


@dataclass(frozen=True, slots=True)
class Dialog:
    """A call that is up, in words: another process can end it with `SipEndpoint.bye`. `route` is empty without proxies."""

    call_id: str
    local: str
    remote: str
    target: str
    route: str
    cseq: int


@dataclass(frozen=True, slots=True)
class Answered:
    """2xx, acknowledged. Inbound calls may lack media when the caller's ACK told none, and tell no dialog."""

    id: int
    mono_ns: int
    status: int
    media: Media | None
    dialog: Dialog | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The far end moved, held or resumed its audio; already answered."""

    id: int
    mono_ns: int
    media: Media


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a call; exactly one for every id that was invited or came in."""

    id: int
    mono_ns: int
    status: int
    phrase: str
    by: By
    cause: int | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An inbound call that waits for `respond` or `hangup`; `to_uri` is the request-URI."""

    id: int
    mono_ns: int
    from_uri: str
    to_uri: str
    display: str
    identity: str
    media: Media | None


@dataclass(frozen=True, slots=True)
class OptionsResult:
    """Answer to a probe; with `by` REMOTE the status is the far end's own, whatever it says."""

    id: int
    mono_ns: int
    status: int
    phrase: str
    by: By

    @property
    def alive(self) -> bool:
        """Something that speaks SIP answered."""
        return self.by is By.REMOTE


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The far end says that the call went elsewhere: 181, or `text` from History-Info or Diversion."""

    id: int
    mono_ns: int
    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A request outside our policy, or a malformed body (488), was refused.

    `count` is the running total of this endpoint; under a flood it grows by more than one from event to event.
    """

    count: int
    mono_ns: int
    status: int
    method: str
    from_uri: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the SIP stack's own log; `suppressed` came before it and were dropped (50 a second are let through)."""

    mono_ns: int
    text: str
    suppressed: int


SipEvent = Progress | Answered | Changed | Ended | Incoming | OptionsResult | Forwarded | Refused | LogLine


def fields(data: bytes) -> dict[int, bytes]:
    """Split an event's payload into its fields. ValueError when it is cut short."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            raise ValueError(f"SIP event field at byte {at} runs past the payload's {len(data)} bytes")
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def _crypto(raw: bytes | None) -> Crypto | None:
    if raw is None:
        return None
    number, send, receive = CRYPTO_FIELD.unpack(raw)
    suite = Suite(number)
    return Crypto(suite, send[: suite.key_bytes], receive[: suite.key_bytes])


def _media(raw: bytes | None, crypto: bytes | None) -> Media | None:
    if raw is None:
        return None
    port, codec, payload, dtmf, direction, ptime, comfort, rtcp_port, _ = MEDIA_FIELD.unpack_from(raw)
    return Media(
        ip=raw[MEDIA_FIELD.size :].decode("ascii", "replace"),
        port=port,
        codec=codec,
        payload=payload,
        dtmf_payload=None if dtmf == NOT_AGREED else dtmf,
        comfort_payload=None if comfort == NOT_AGREED else comfort,
        direction=Direction(direction),
        ptime_ms=ptime,
        rtcp_port=rtcp_port,
        crypto=_crypto(crypto),
    )


def _dialog(found: dict[int, bytes]) -> Dialog | None:
    """None when a part was too long to be told."""
    needed = (lib.KL_SIP_F_CALL_ID, lib.KL_SIP_F_LOCAL, lib.KL_SIP_F_REMOTE, lib.KL_SIP_F_TARGET)
    if any(key not in found for key in needed):
        return None
    call_id, local, remote, target = (found[key].decode("utf-8", "replace") for key in needed)
    route = found.get(lib.KL_SIP_F_ROUTE, b"").decode("utf-8", "replace")
    return Dialog(call_id, local, remote, target, route, int.from_bytes(found[lib.KL_SIP_F_CSEQ], "little"))


def decode(event: Event) -> SipEvent:
    """The typed form of a bus event whose source is SIP. ValueError for a kind or payload this version does not know."""
    found = fields(event.data)

    def text(key: int) -> str:
        return found.get(key, b"").decode("utf-8", "replace")

    media = _media(found.get(lib.KL_SIP_F_MEDIA), found.get(lib.KL_SIP_F_CRYPTO))
    phrase = text(lib.KL_SIP_F_PHRASE)
    cause = int.from_bytes(found[lib.KL_SIP_F_CAUSE], "little") if lib.KL_SIP_F_CAUSE in found else None
    count = int.from_bytes(found.get(lib.KL_SIP_F_COUNT, b""), "little")
    match event.kind:
        case lib.KL_SIP_PROGRESS:
            return Progress(event.id, event.mono_ns, event.code, phrase, media)
        case lib.KL_SIP_ANSWERED:
            return Answered(event.id, event.mono_ns, event.code, media, _dialog(found))
        case lib.KL_SIP_CHANGED if media is not None:
            return Changed(event.id, event.mono_ns, media)
        case lib.KL_SIP_ENDED:
            return Ended(event.id, event.mono_ns, event.code, phrase, By(found[lib.KL_SIP_F_BY][0]), cause)
        case lib.KL_SIP_INCOMING:
            return Incoming(
                event.id,
                event.mono_ns,
                text(lib.KL_SIP_F_FROM),
                text(lib.KL_SIP_F_TO),
                text(lib.KL_SIP_F_DISPLAY).strip('"'),
                text(lib.KL_SIP_F_IDENTITY),
                media,
            )
        case lib.KL_SIP_OPTIONS:
            return OptionsResult(event.id, event.mono_ns, event.code, phrase, By(found[lib.KL_SIP_F_BY][0]))
        case lib.KL_SIP_FORWARDED:
            return Forwarded(event.id, event.mono_ns, event.code, text(lib.KL_SIP_F_TEXT))
        case lib.KL_SIP_REFUSED:
            return Refused(count, event.mono_ns, event.code, text(lib.KL_SIP_F_METHOD), text(lib.KL_SIP_F_FROM))
        case lib.KL_SIP_LOG:
            return LogLine(event.mono_ns, text(lib.KL_SIP_F_TEXT), count)
        case kind:
            raise ValueError(f"unknown SIP event kind {kind}")


@dataclass(frozen=True, slots=True)
class SipConfig:
    """Where and how the endpoint listens. `port` or `tls_port` 0 picks a free one. `tls_dir` holds agent.pem and cafile.pem."""

    bind_ip: str
    port: int = 0
    udp: bool = True
    tcp: bool = True
    tls_dir: Path | None = None
    tls_port: int = 0
    accept_inbound: bool = False
    user_agent: str = "Kinline"
    give_up_after_s: float = 32.0  # RFC 3261: 64 times T1
    session_expires_s: int = 1800  # RFC 4028 §4 recommends this; 0: no session timer
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What inbound callers must know, when the endpoint plays a switch."""

    realm: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Our name and password at a switch that challenges."""

    user: str
    password: str = field(repr=False)


_REFUSALS = {
    lib.KL_SIP_BAD_TEXT: "a text is too long, or holds a control character, quote, bracket or backslash",
    lib.KL_SIP_BAD_MEDIA: "the local media needs an IPv4 address, a port, codings (G722, PCMU, PCMA), and suites if protected",
    lib.KL_SIP_BAD_ID: f"the id must be 1 to {INBOUND_ID - 1}",
    lib.KL_SIP_STOPPED: "the endpoint is closed",
}


def _checked(code: int) -> None:
    if code != lib.KL_SIP_OK:
        raise SipError(_REFUSALS.get(code, f"refused with {code}"))


def _text(value: str, size: int) -> bytes:
    raw = value.encode()
    if len(raw) >= size or b"\0" in raw:
        raise SipError(f"{value[:40]!r} is longer than {size - 1} bytes or holds a NUL")
    return raw


def free_port(ip: str) -> int:
    """A port that is free for UDP and TCP on `ip` right now."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    for _ in range(20):
        with (
            socket.socket(family, socket.SOCK_STREAM) as tcp,
            socket.socket(family, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((ip, 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind((ip, port))
            except OSError:
                continue
            return port
    raise SipError(f"no free port on {ip}")


class SipEndpoint:
    """One SIP user agent. It posts to `bus`, which may carry no second endpoint; read events with `decode`.

    Commands may be called from any thread and only queue work. Raises SipError when it cannot listen.
    """

    def __init__(self, bus: Bus, config: SipConfig) -> None:
        self.config = config
        self.port = config.port or free_port(config.bind_ip)
        self.tls_port = (config.tls_port or free_port(config.bind_ip)) if config.tls_dir else 0
        raw = ffi.new("kl_sip_config *")
        raw.bind_ip = _text(config.bind_ip, 64)
        raw.port = self.port
        raw.tls_port = self.tls_port
        raw.udp, raw.tcp, raw.tls = config.udp, config.tcp, config.tls_dir is not None
        raw.accept_inbound = config.accept_inbound
        if config.tls_dir:
            raw.tls_dir = _text(str(config.tls_dir), 512)
        raw.user_agent = _text(config.user_agent, 256)
        raw.t1x64_ms = round(config.give_up_after_s * 1000)
        raw.session_expires_s = config.session_expires_s
        if config.digest:
            raw.digest_realm = _text(config.digest.realm, 256)
            raw.digest_user = _text(config.digest.user, 256)
            raw.digest_password = _text(config.digest.password, 256)
        why = ffi.new("char[]", WHY_SIZE)
        self._sip = lib.kl_sip_create(bus.handle, raw, why, WHY_SIZE)
        if self._sip == ffi.NULL:
            raise SipError(ffi.string(why).decode())

    def invite(
        self,
        id: int,
        request_uri: str,
        *,
        from_uri: str,
        media: LocalMedia,
        display: str = "",
        proxy: str = "",
        asserted_identity: str = "",
        credentials: Credentials | None = None,
    ) -> None:
        """Start a call under an id of the caller's choice; the outcome comes as events with that id.

        `proxy` is a URI to send to instead of to `request_uri`. Over TLS the host, as written, must be in the far
        end's certificate: as DNS or URI name or common name, also where it is an IP address.
        """
        raw = ffi.new("kl_sip_invite_args *")
        raw.id = id
        raw.request_uri = _text(request_uri, 256)
        raw.proxy = _text(proxy, 256)
        raw.from_uri = _text(from_uri, 256)
        raw.from_display = _text(display, 256)
        raw.asserted_identity = _text(asserted_identity, 256)
        if credentials:
            raw.user = _text(credentials.user, 256)
            raw.password = _text(credentials.password, 256)
        self._fill_media(raw.media, media)
        _checked(lib.kl_sip_invite(self._open(), raw))

    def hangup(self, id: int, cause: int = 16) -> None:
        """End a call in whatever state it is, with a Q.850 cause (16: normal clearing). Unknown ids are ignored."""
        _checked(lib.kl_sip_hangup(self._open(), id, cause))

    def bye(self, id: int, dialog: Dialog, credentials: Credentials | None = None) -> None:
        """End a call that another process left up; comes back as Ended, by REMOTE when the far end answered at all."""
        raw = ffi.new("kl_sip_dialog *")
        raw.call_id = _text(dialog.call_id, 256)
        raw.local, raw.remote = _text(dialog.local, 256), _text(dialog.remote, 256)
        raw.cseq = dialog.cseq
        raw.target, raw.route = _text(dialog.target, 256), _text(dialog.route, 256)
        user = _text(credentials.user, 256) if credentials else ffi.NULL
        password = _text(credentials.password, 256) if credentials else ffi.NULL
        _checked(lib.kl_sip_bye(self._open(), id, raw, user, password))

    def options(self, id: int, uri: str) -> None:
        """Probe a switch; comes back as OptionsResult."""
        _checked(lib.kl_sip_options(self._open(), id, _text(uri, 256)))

    def respond(self, id: int, status: int, phrase: str, media: LocalMedia | None = None) -> None:
        """Answer an inbound call: 180, 183 with media, 200 with media, or a refusal."""
        raw = ffi.NULL
        if media:
            raw = ffi.new("kl_sip_media *")
            self._fill_media(raw, media)
        _checked(lib.kl_sip_respond(self._open(), id, status, _text(phrase, 256), raw))

    def offer(self, id: int, media: LocalMedia) -> None:
        """Offer other media in a call that is up; what is answered comes as Changed, and a refusal changes nothing."""
        raw = ffi.new("kl_sip_media *")
        self._fill_media(raw, media)
        _checked(lib.kl_sip_offer(self._open(), id, raw))

    @staticmethod
    def _fill_media(raw: Any, media: LocalMedia) -> None:
        raw.ip = _text(media.ip, 64)
        raw.port = media.port
        raw.codecs = bytes(media.codecs)[:4]
        raw.codec_count = len(media.codecs)
        raw.dtmf = media.dtmf
        raw.comfort_noise = media.comfort_noise
        raw.rtcp_mux = media.rtcp_mux
        raw.protection = media.protection
        raw.suites = bytes(media.suites)[:2]
        raw.suite_count = len(media.suites)
        raw.hold = media.hold

    def _open(self) -> Any:
        if self._sip == ffi.NULL:
            raise SipError(_REFUSALS[lib.KL_SIP_STOPPED])
        return self._sip

    def close(self) -> None:
        """Hang up what is left and stop the thread; takes up to 4 s when a far end is dead. May be called twice."""
        sip, self._sip = self._sip, ffi.NULL
        lib.kl_sip_destroy(sip)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
