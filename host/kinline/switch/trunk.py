"""The daemon's one trunk to the central switch: outgoing calls only, each a leg with its own events."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from kinline.config import Trunk as TrunkSettings
from kinline.counters import counters
from kinline.logs import log
from kinline.media import Bus, Event, Source
from kinline.media.hub import Hub
from kinline.switch.dialogs import Dialogs
from kinline_engine import sip
from kinline_engine.sip import G722, PCMA, PCMU, Credentials, LocalMedia, Media, Protection, SipConfig, SipEndpoint
from kinline_engine.srtp import Suite

NORMAL_CLEARING = 16  # Q.850 cause
_log = log(part="trunk")
__all__ = ["Answered", "Changed", "Ended", "Forwarded", "Leg", "LegEvent", "Media", "Progress", "Trunk"]


@dataclass(frozen=True, slots=True)
class Answered:
    """The far end's line is up; the media it wants to be sent."""

    media: Media


@dataclass(frozen=True, slots=True)
class Changed:
    """The media that it wants from now on: it holds the line, takes it again, or moved."""

    media: Media


@dataclass(frozen=True, slots=True)
class Ended:
    """The leg is gone, once: final status, and whether the far end or the switch said so; silence is a fault."""

    status: int
    phrase: str
    by_remote: bool


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The switch tries to reach somebody else than the number dialled (181, History-Info, Diversion)."""

    detail: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional answer other than 100."""

    status: int
    phrase: str


LegEvent = Progress | Answered | Changed | Ended | Forwarded
_PROTECTION = {"none": Protection.NONE, "opportunistic": Protection.OPPORTUNISTIC, "required": Protection.REQUIRED}
_CODECS = {"G722": G722, "PCMU": PCMU, "PCMA": PCMA}


def _listening(settings: TrunkSettings) -> SipConfig:
    """Only the trunk's own transport is opened: nothing listens that is not needed."""
    return SipConfig(
        bind_ip=str(settings.sip_bind),
        port=settings.sip_port,
        udp=settings.transport == "udp",
        tcp=settings.transport == "tcp",
        tls_dir=settings.tls_dir if settings.transport == "tls" else None,
        give_up_after_s=settings.t1x64_ms / 1000,
        session_expires_s=settings.session_expires_seconds,
    )


class Trunk:
    """Owns the SIP endpoint; refuses everything inbound (safety property P7)."""

    def __init__(self, bus: Bus, hub: Hub, settings: TrunkSettings, rtp_port: int, dialogs: Dialogs) -> None:
        self._settings = settings
        self._hub = hub
        self._dialogs = dialogs
        self._ids = itertools.count(1)
        password = settings.auth_password
        self._credentials = Credentials(settings.user or "", password) if password else None
        self._offer = LocalMedia(
            str(settings.media_bind),
            rtp_port,
            [_CODECS[name] for name in settings.codecs],
            comfort_noise=settings.comfort_noise,
            rtcp_mux=True,
            protection=_PROTECTION[settings.media_protection],
            suites=[Suite[name] for name in settings.srtp_suites],
        )
        if settings.keys_in_clear:
            _log.warning(
                "the keys of protected media go over the trunk in clear",
                transport=settings.transport,
                next='set trunk.transport = "tls"; as it is, whoever reads the signalling can listen',
            )
        self._probe = 0
        self.up: bool | None = None
        self._endpoint = SipEndpoint(bus, _listening(settings))
        hub.own_rest(Source.SIP, self._other)

    def invite(self, number: str, caller_id: str | None, handler: Callable[[LegEvent], None]) -> int:
        """Send the INVITE; the leg's events go to the handler until Ended. Returns the leg's id."""
        leg, answered = next(self._ids), False

        def translate(event: Event) -> None:
            nonlocal answered
            match sip.decode(event):
                case sip.Progress(status=status, phrase=phrase):
                    handler(Progress(status, phrase))
                case sip.Answered(media=media, dialog=dialog):
                    answered = True
                    if dialog is not None:
                        self._dialogs.keep(leg, dialog)
                    if media is None:
                        counters.add("far_media_missing")
                        _log.error(
                            "answered without media that we can use",
                            leg=leg,
                            next="let the switch answer with one of trunk.codecs, protected as trunk.media_protection says",
                        )
                        self.hang_up(leg)
                    else:
                        handler(Answered(media))
                case sip.Changed(media=media):
                    handler(Changed(media))
                case sip.Forwarded(status=status, text=text):
                    handler(Forwarded(text or str(status)))
                case sip.Ended(status=status, phrase=phrase, by=by):
                    self._hub.disown(Source.SIP, leg)
                    self._dialogs.forget(leg)
                    if not answered:
                        counters.add("call_not_reached", str(status))
                    handler(Ended(status, phrase, by in (sip.By.REMOTE, sip.By.REFUSED)))

        self._hub.own(Source.SIP, leg, translate)
        identity = caller_id or self._settings.caller_id
        try:
            self._endpoint.invite(
                leg,
                self._uri(number),
                from_uri=f"sip:{identity or self._settings.user or 'kinline'}@{self._domain}",
                asserted_identity=f"sip:{identity}@{self._domain}" if identity else "",
                credentials=self._credentials,
                media=self._offer,
            )
        except sip.SipError:
            self._hub.disown(Source.SIP, leg)
            raise
        return leg

    def hang_up(self, leg: int) -> None:
        """CANCEL or BYE; harmless when the leg is already gone."""
        self._endpoint.hangup(leg, NORMAL_CLEARING)

    def end_left_over(self) -> None:
        """BYE to the far ends that an earlier daemon was killed under: nobody stays on a dead line."""
        for path, dialog in self._dialogs.left():
            leg = next(self._ids)

            def ended(event: Event, leg: int = leg) -> None:
                match sip.decode(event):
                    case sip.Ended(status=status, by=by):
                        self._hub.disown(Source.SIP, leg)
                        self._dialogs.forget(leg)
                        counters.add("far_end_left_over", "ended" if by is sip.By.REMOTE else "unanswered")
                        _log.warning("a far end was left over, hung up", status=status, answered=by is sip.By.REMOTE)

            self._dialogs.adopt(leg, path)
            self._hub.own(Source.SIP, leg, ended)
            try:
                self._endpoint.bye(leg, dialog, self._credentials)
            except sip.SipError as error:
                self._hub.disown(Source.SIP, leg)
                self._dialogs.forget(leg)
                counters.add("dialog_unreadable")
                _log.warning("what a killed daemon kept of a call cannot be used", error=str(error))

    def probe(self) -> None:
        """OPTIONS to the switch; `up` says how it went."""
        self._probe = next(self._ids)
        self._hub.own(Source.SIP, self._probe, self._probed)
        self._endpoint.options(self._probe, self._uri(None))

    def close(self) -> None:
        self._endpoint.close()

    @property
    def _domain(self) -> str:
        return self._settings.domain or self._settings.address

    @property
    def _switch(self) -> str:
        return f"{self._settings.address}:{self._settings.switch_port}"

    def _uri(self, number: str | None) -> str:
        """The switch itself, or a number behind it; the transport is always said, so that nothing is looked up."""
        scheme = "sips" if self._settings.transport == "tls" else "sip"
        user = f"{number}@" if number else ""
        parameter = "" if scheme == "sips" else f";transport={self._settings.transport}"
        return f"{scheme}:{user}{self._switch}{parameter}"

    def _probed(self, event: Event) -> None:
        answer = sip.decode(event)
        if not isinstance(answer, sip.OptionsResult):
            return
        self._hub.disown(Source.SIP, event.id)
        if answer.alive is self.up:
            return
        self.up = answer.alive
        if self.up:
            counters.add("trunk_up")
            _log.info("switch reachable", status=answer.status)
        else:
            counters.add("trunk_down")
            _log.error("switch unreachable", status=answer.status, next="check trunk.address and the switch")

    def _other(self, event: Event) -> None:
        match sip.decode(event):
            case sip.Refused(status=status, method=method, from_uri=source):
                counters.add("sip_refused")
                _log.warning("request refused", method=method, status=status, source=source)
            case sip.LogLine(text=text):
                _log.debug("stack", text=text)
            case _:
                counters.add("sip_unowned")


class Leg:
    """One call's far end."""

    def __init__(self, trunk: Trunk, handler: Callable[[LegEvent], None]) -> None:
        self._trunk = trunk
        self._handler = handler
        self._id = 0

    def invite(self, number: str, caller_id: str | None) -> None:
        self._id = self._trunk.invite(number, caller_id, self._handler)

    def hang_up(self) -> None:
        if self._id:
            self._trunk.hang_up(self._id)
