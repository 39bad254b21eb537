"""The caller's own voice at one handset: taken for their name, and compared where the profile asks for that."""

import asyncio
from typing import Any, Protocol

from kinline.calls import events as ev
from kinline.counters import counters
from kinline.daemon.naming import LIMIT_MS, Naming
from kinline.daemon.services import Services
from kinline.media import EngineError, Link
from kinline.prompts.sound import Samples, name_in


class Handset(Protocol):
    """What a station lends."""

    services: Services
    log: Any

    @property
    def device(self) -> str: ...
    @property
    def link(self) -> Link | None: ...
    @property
    def may_grant(self) -> bool: ...
    def grant(self, limit_ms: int) -> int: ...
    def revoke(self, grant: int) -> None: ...
    def take_audio(self) -> None: ...
    def drop_audio(self) -> None: ...
    def happen(self, event: ev.Event) -> None: ...


class CallersVoice:
    """While a voice is taken the handset has no other audio."""

    def __init__(self, handset: Handset) -> None:
        self._handset = handset
        self._naming: Naming | None = None
        self._grant = 0

    def take(self, ticket: int) -> None:
        """The microphone is live for a moment, and nobody is there but us. Ends in NameTaken, unless stopped."""
        handset = self._handset
        if handset.link is None or not handset.may_grant:
            handset.happen(ev.NameTaken(ticket, None))
            return

        def taken(said: Samples | None) -> None:
            self._naming = None
            handset.take_audio()
            name = name_in(said) if said is not None else None
            counters.add("name_taken", "broken_off" if said is None else "nothing" if name is None else "heard")
            handset.happen(ev.NameTaken(ticket, name.astype("<i2").tobytes() if name is not None else None))

        handset.drop_audio()
        try:
            call = handset.services.engine.create_monitored_call(handset.link)
            self._naming = Naming(call, asyncio.get_running_loop(), taken)
        except EngineError as error:
            counters.add("name_taken", "failed")
            handset.log.error("no name can be taken", handset=handset.device, error=str(error))
            handset.take_audio()
            handset.happen(ev.NameTaken(ticket, None))
            return
        self._grant = handset.grant(LIMIT_MS)
        handset.log.info("name asked", handset=handset.device)

    def muted(self, grant: int, whole: bool) -> bool:
        """The handset has muted a talk: whether it was this one. `whole`: by its deadline."""
        if self._naming is None or grant != self._grant:
            return False
        self._naming.over(whole)
        return True

    def stop(self) -> None:
        """The visit has gone elsewhere: the microphone is muted, and what it heard is forgotten."""
        if self._naming is not None:
            self._handset.revoke(self._grant)
            self._naming.close()
            self._naming = None
            self._handset.take_audio()

    def compare(self, ticket: int, kept: bytes, said: bytes) -> None:
        """Ends in VoiceChecked."""
        handset = self._handset

        async def run() -> None:
            same = await handset.services.voices.compared(kept, said)
            counters.add("voice_checked", {True: "same", False: "another", None: "unknown"}[same])
            handset.log.info("voice checked", handset=handset.device, same=same)
            handset.happen(ev.VoiceChecked(ticket, same))

        handset.services.spawn(run())
