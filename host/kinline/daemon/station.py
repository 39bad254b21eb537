"""One handset at work: joins its port, its session, its visit, its audio and its calls at the switch.

keypad -> link -> session -> visit -> (store, switch, audio) -> record, and back. All methods run on the event loop.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.quality import Quality
from kinline.calls.visit import Phase, Visit
from kinline.counters import counters
from kinline.daemon.arrangement import Arrangement
from kinline.daemon.bookkeeper import RETRY_S, Bookkeeper
from kinline.daemon.callers_voice import CallersVoice
from kinline.daemon.firmware import Firmware
from kinline.daemon.line_quality import measured
from kinline.daemon.recordings import Recordings
from kinline.daemon.records import Records
from kinline.daemon.reports import Reports
from kinline.daemon.serial_line import SerialLine
from kinline.daemon.services import Services
from kinline.daemon.speech import Speech
from kinline.daemon.timers import Timers
from kinline.handsets import _board
from kinline.handsets import _link as wire
from kinline.handsets import session as ses
from kinline.handsets.keys import SessionKeys
from kinline.handsets.volume import Volume
from kinline.live.protocol import HandsetState
from kinline.logs import log
from kinline.media import (
    AnyCall,
    CallEvent,
    Codec,
    EngineError,
    Event,
    FarEnd,
    Link,
    LinkEvent,
    Listening,
    MonitoredCall,
    PrivilegedCall,
    RecordedCall,
    Side,
    Source,
    Tone,
    heard,
)
from kinline.switch.trunk import Answered, Changed, Ended, Forwarded, Leg, LegEvent, Media, Progress

TICK_S = 0.05
NARROW_RATE, WIDE_RATE = 8000, 16_000  # of a recording, by what the far end speaks when it begins
FAREWELL_S = 5.0  # the longest last prompt takes 3 s; a far end that listens to none of it is let go then
TYPED_FAREWELL_S = 30.0  # six characters a second
_COLLECT_KINDS = {"digit": wire.COLLECT_DIGIT, "secret": wire.COLLECT_SECRET, "number": wire.COLLECT_NUMBER}
# What a later handset may say beside these is a timeout, or a fault.
_ENTRY_RESULTS = {wire.ENTRY_COMPLETE: "complete"}
_CAUSES = {wire.CAUSE_DEADLINE: "deadline", wire.CAUSE_ON_HOOK: "on_hook", wire.CAUSE_HOST: "host"}


def _far_end(media: Media) -> FarEnd:
    return FarEnd(
        media.ip,
        media.port,
        Codec(media.codec),
        media.payload,
        media.dtmf_payload or 0,
        media.comfort_payload or 0,
        media.crypto,
        media.rtcp_port,
        media.held,
    )


def _hides_an_attempt(event: ev.Event, before: Phase) -> bool:
    """Whether the step after this event would tell of an attempt that is nobody's business, or may have been one."""
    if isinstance(event, ev.Denied):
        return event.nameless
    return isinstance(event, ev.Failed) and before is Phase.ATTEMPTING


class ClockUnknown(Exception):
    """The handset's clock has not been measured yet."""


class Station:
    """Lives as long as the port is configured; survives the cable, the handset and the far end."""

    def __init__(self, path: str, services: Services, recordings: Recordings, records: Records) -> None:
        self.path = path
        self.services = services
        self._recorder = recordings
        self._records = records
        self.log = log(part="station", port=path)
        self._loop = asyncio.get_running_loop()
        self._session = ses.Session(services.key_of, secrets.token_bytes, station=records.handset)
        self._firmware = Firmware(services.upgrades, self._send, lambda: self._call is None)
        self._visit = Visit(records.arrangement.manners)
        self._timers = Timers(self._loop, lambda name: self.happen(ev.Due(name)))
        self.link: Link | None = None
        self._call: AnyCall | None = None
        self._speech: Speech | None = None
        self._volume = Volume()
        self._types_near = False  # the caller of this visit uses a text telephone
        self._far_codec: Codec | None = None  # as last agreed
        self._far_srtp: str | None = None
        self._lined = 0  # the call whose far end the engine's call has or had
        self._legs: dict[int, Leg] = {}  # by call record; a farewell outlives its visit's interest
        self._recordings: dict[int, Path] = {}
        self._happened: deque[ev.Event] = deque()
        self._talks: dict[int, int] = {}  # call record by the number that the handset knows the talk by
        self._unspoken: set[int] = set()  # calls that the log is not to mention
        self._books = Bookkeeper(services, self.log, lambda: self.device, records.settle)
        self._reports = Reports(self.log, lambda standing: self._books.tell(lambda: records.report_alarms(standing)))
        self._voice = CallersVoice(self)

    @property
    def handset(self) -> str:
        """The handset that the settings put at this port."""
        return self._records.handset

    @property
    def state(self) -> HandsetState:
        """How the handset is, for staff; nothing of a call."""
        return HandsetState(
            handset=self.handset,
            port=self.path,
            in_reach=self._session.open,
            build=self._reports.build or None,
            started_by=self._reports.restarts.last or None,
            restarts=dict(self._reports.restarts.counts),
            alarms=self._reports.alarms,
        )

    @property
    def call(self) -> int:
        """The call record in hand, 0 for none."""
        return self._visit.call

    @property
    def phase(self) -> str:
        """How far the visit is."""
        return self._visit.phase.value

    @property
    def nameless(self) -> bool:
        """Whether nobody is to learn of the call in hand."""
        return self._visit.nameless

    @property
    def listenable(self) -> MonitoredCall | None:
        """The call in hand as staff may hear it; None where it has no place for listeners."""
        return self._call if isinstance(self._call, MonitoredCall) else None

    def announce_barge(self, said: Callable[[], None]) -> bool:
        """Tell both parties that staff will speak to them, where the profile says so, then call `said`; whether it does."""
        announced = self._records.arrangement.profile.announcements.announce_barge
        if announced and self._speech is not None:
            self._speech.say(act.Side.BOTH, "barge", self._visit.language, {}, 0, overlay=True, then=said)
        else:
            said()
        return announced

    def cut_rule(self, call: int) -> str | None:
        return self._records.cut_rule(call)

    def cut(self, rule: str) -> None:
        """Staff stop the call in hand."""
        counters.add("call_cut", rule)
        self.log.warning("staff cut the call", handset=self.device, call=self._mentioned(self.call), rule=rule)
        self.happen(ev.StaffCut())

    def arrange(self, arrangement: Arrangement) -> None:
        """Serve from the next visit on like this, and decide from the next attempt on."""
        self._records.arrangement = arrangement

    def _mentioned(self, call: int) -> int | None:
        """The call as the log may name it."""
        return None if call in self._unspoken else call or None

    @property
    def device(self) -> str:
        """The handset's id once it has said hello, the port before."""
        return self._session.device or self.path

    # The port and the session

    async def serve(self, fd: int) -> None:
        """Run the handset behind an open port until the port is gone."""
        gone = asyncio.Event()
        try:
            link = self.link = self.services.engine.open_link(fd)
        except EngineError as error:
            counters.add("link_port_refused")
            self.log.error("port cannot be served, trying on", error=str(error))
            await asyncio.sleep(RETRY_S)
            return
        self.services.hub.own(Source.LINK, link.id, lambda event: self._link_event(event, gone))
        line = SerialLine()
        line.look(time.monotonic(), 0, 0, 0)
        try:
            while not gone.is_set():
                self._do(self._session.tick(time.monotonic_ns()))
                self._firmware.tick()
                self._look_at_the_line(link, line)
                try:
                    await asyncio.wait_for(gone.wait(), TICK_S)
                except TimeoutError:
                    continue
        finally:
            try:
                self._do(self._session.close("the port is gone"))
                self._firmware.gone()
            finally:  # whatever that came to, the next opening of this port finds nothing left over
                self.services.hub.disown(Source.LINK, link.id)
                self.link = None
                self._count_refusals(link)
                link.close()

    def _look_at_the_line(self, link: Link, line: SerialLine) -> None:
        if not line.due(now := time.monotonic()):
            return
        counted = link.counters
        garbage = line.look(now, counted.received.frames, counted.received.skipped_bytes, counted.bytes_in)
        if garbage is not None:
            counters.add("link_only_garbage")
            self.log.warning(
                "nothing but garbage comes in at this port",
                bytes_a_second=garbage.bytes_a_second,
                garbage_percent=round(100 * garbage.share, 1),
                baud=_board.BAUD,
                next="is the handset set to this speed, and the port its own? kinline tech doctor; then the cable",
            )

    @staticmethod
    def _count_refusals(link: Link) -> None:
        """What the audio thread refused on this line, beside the daemon's own counters."""
        counted = link.counters
        for reason, count in counted.received.refused.items():
            counters.add("link_frame_refused", reason, count)
        if counted.received.skipped_bytes:
            counters.add("link_skipped_bytes", amount=counted.received.skipped_bytes)

    def shut(self) -> None:
        """The daemon stops: end what is under way as a fault, in order."""
        self._do(self._session.close("the daemon stops"))

    def _link_event(self, event: Event, gone: asyncio.Event) -> None:
        if event.kind == LinkEvent.GONE:
            counters.add("link_port_gone")
            self.log.warning("port vanished", errno=event.code)
            gone.set()
            return
        kind, epoch = event.code & 0xFF, event.code >> 8
        self._do(self._session.frame(kind, event.data, event.mono_ns, epoch or None))

    def _do(self, actions: list[ses.Action]) -> None:
        for action in actions:
            match action:
                case ses.Transmit(kind, payload):
                    if self.link:
                        self.link.send(kind, payload)
                case ses.InstallKeys(keys):
                    if self.link:
                        self._install(self.link, keys)
                case ses.Delivered(message):
                    self._delivered(message)
                case ses.Opened():
                    self._opened(action)
                case ses.Closed(reason, heard_ns):
                    counters.add("link_session_closed")
                    self.log.warning("handset out of reach", handset=self.device, reason=reason)
                    self._firmware.closed()
                    self.happen(ev.LinkLost(heard_ns))
                    self._drop_call()
                case ses.Refused(counter, detail):
                    counters.add(counter)
                    self.log.warning("frame refused", handset=self.device, counter=counter, detail=detail)

    @staticmethod
    def _install(link: Link, keys: SessionKeys) -> None:
        link.install_keys(keys.epoch, keys.d2h_cipher, keys.d2h_tag, keys.h2d_cipher, keys.h2d_tag)

    def _send(self, message: wire.Message) -> None:
        self._do(self._session.send(message, time.monotonic_ns()))

    def _opened(self, opened: ses.Opened) -> None:
        snapshot = opened.snapshot
        counters.add("link_session_opened")
        self.log.info(
            "handset in reach",
            handset=opened.device,
            build=opened.build,
            boot=opened.boot,
            off_hook=bool(snapshot.off_hook),
            phase=snapshot.phase,
        )
        self._reports.opened(opened)
        if snapshot.phase == wire.PHASE_TALK:
            self._send(wire.End(snapshot.call))
        self._send(wire.Show(wire.LAMP_READY))
        self._firmware.opened(opened)
        if snapshot.off_hook:
            self._hook(off_hook=True)

    # The handset's messages

    def _delivered(self, message: wire.Message) -> None:
        match message:
            case wire.Hook(off_hook):
                self._hook(bool(off_hook))
            case wire.Entry(collect, result, digits):
                text = digits.decode("ascii", "replace")
                self.happen(ev.Entered(collect, _ENTRY_RESULTS.get(result, "timeout"), text))
            case wire.TalkEnded(number, number_of_cause, talk, _):
                if self._voice.muted(number, whole=number_of_cause == wire.CAUSE_DEADLINE):
                    return
                call, cause = self._talks.get(number, 0), _CAUSES.get(number_of_cause, "fault")
                if call not in self._unspoken:
                    self.log.info("handset muted the talk", handset=self.device, call=call, cause=cause, talk_ms=talk)
                self.happen(ev.TalkMuted(call, cause, talk))
            case wire.Volume(louder, _):
                self._turn_volume(bool(louder))
            case wire.Slots() | wire.UpdateWant() | wire.UpdateState():
                self._firmware.message(message)
            case _ if not self._reports.message(message, self.device):
                counters.add("link_unexpected")

    def check_key(self) -> None:
        """End the session of a handset whose key staff have revoked, or given to another board."""
        if self._session.disowned:
            counters.add("link_revoked")
            self._do(self._session.revoke())

    def _hook(self, off_hook: bool) -> None:
        self.log.info("off hook" if off_hook else "on hook", handset=self.device)
        self._volume, self._types_near = Volume(), False
        if off_hook:
            self.take_audio()
            self.happen(ev.OffHook(self._records.arrangement.manners))
        else:
            self.happen(ev.OnHook())
            self._drop_call()
            self._send(wire.Report())

    def _type_to(self, side: Side) -> None:
        """A text telephone is there: of the call in hand from now on, of the caller's until they hang up."""
        self._types_near = self._types_near or bool(side & Side.NEAR)
        if self._call is not None and self._speech is not None:
            self._call.tone_safe(True)  # until the call in hand is over: nothing that is good for speech only
            self._speech.type_to(side)

    def _turn_volume(self, louder: bool) -> None:
        db = self._volume.press(louder)
        self.log.info("volume", handset=self.device, db=db)
        if self._call is not None:
            self._call.volume(db)

    def take_audio(self, recorded: bool = False, monitored: bool = False) -> None:
        """An engine call, the handset's audio. It has a place for a recorder and for listeners only if it is to."""
        # Audio is answered sealed: without a session that would keep the handset from believing the next probe.
        if self._call is None and self.link is not None and self._session.open:
            engine = self.services.engine
            if recorded:
                make: Callable[[Link], AnyCall] = engine.create_call if monitored else engine.create_recorded_call
            else:
                make = engine.create_monitored_call if monitored else engine.create_privileged_call
            call = self._call = make(self.link)
            self.services.hub.own(Source.CALL, call.id, self._call_event)
            self._speech = Speech(call, self.services, lambda token, as_meant: self.happen(ev.Played(token, as_meant)))
            call.volume(self._volume.db)
            if self._types_near:
                self._type_to(Side.NEAR)

    def _drop_call(self) -> None:
        self._timers.clear()
        for leg in list(self._legs.values()):
            leg.hang_up()
        self.drop_audio()

    def drop_audio(self) -> None:
        if self._speech is not None:
            self._speech.close()
            self._speech = None
        if self._call is not None:
            self.services.hub.settle(Source.CALL, self._call.id)  # what was typed last is of the call that now ends
            self.services.hub.disown(Source.CALL, self._call.id)
            self._call.close()
            self._call = None

    # The visit

    def happen(self, event: ev.Event) -> None:
        """Everything that moves the visit comes through here, one event after another."""
        self._happened.append(event)
        if len(self._happened) > 1:  # an action of the event in hand made this one: it waits for the rest of them
            return
        while self._happened:
            try:
                self._handle(self._happened[0])
            finally:  # an event that the visit cannot take must not stand in the way of all later ones
                self._happened.popleft()

    def _handle(self, event: ev.Event) -> None:
        before, nameless = self._visit.phase, self._visit.nameless
        actions = self._visit.handle(event, time.monotonic_ns())
        if (nameless or self._visit.nameless) and self.call:
            self._unspoken.add(self.call)
        if self._visit.phase not in (Phase.NAMING, Phase.VOICE):
            self._voice.stop()
        if self._visit.phase is not before and not (nameless or self._visit.unspoken or _hides_an_attempt(event, before)):
            self.log.info("visit", handset=self.device, phase=self._visit.phase, call=self.call or None)
        for action in actions:
            try:
                self._act(action)
            except Exception:  # what follows may be the record's end, or the far end's: it is carried out all the same
                counters.add("action_failed", type(action).__name__)
                self.log.exception("an action failed", handset=self.device, action=type(action).__name__)
                self.happen(ev.ActionFailed(action))

    def _act(self, action: act.Action) -> None:
        match action:
            case act.Say():
                self._say(action)
            case act.TypeTo(side):
                self._type_to(Side[side.name])
            case act.Hush(side):
                if self._speech:
                    self._speech.hush(side)
            case act.PlayTone(tone):
                if self._call:
                    self._call.tone(Tone[tone.name])
            case act.Listen(limit_ms):
                self._send(wire.Listen(limit_ms))
            case act.Collect(collect, kind, least, most, closing, first_ms, gap_ms):
                key = ord(closing) if closing else 0
                self._send(wire.Collect(collect, _COLLECT_KINDS[kind], least, most, key, first_ms, gap_ms))
            case act.StopCollect(collect):
                self._send(wire.CollectEnd(collect))
            case act.SetTimer(timer, after_ms):
                self._timers.set(timer, after_ms)
            case act.ClearTimers():
                self._timers.clear()
            case act.CheckPin(ticket):
                self._ask(self._books.answer_pin(lambda: self._records.check_pin(action), ev.Failed(ticket)))
            case act.MessageHeard(message):
                self._books.tell(lambda: self._records.message_heard(message))
            case act.TakeName(ticket):
                self._voice.take(ticket)
            case act.KeepName():
                self._books.tell(lambda: self._records.keep_name(action))
            case act.CheckVoice(ticket, kept, said):
                self._voice.compare(ticket, kept, said)
            case act.Attempt(ticket):
                self._ask(self._books.answer(lambda: self._records.attempt(action), ev.Failed(ticket)))
            case act.AskAccount(ticket):
                self._ask(self._books.answer(lambda: self._records.account(action), ev.Failed(ticket)))
            case act.StoreAccept(call):
                recording = self._recorder.path(call)
                self._ask(self._books.answer(lambda: self._records.accept(call, recording), ev.Failed(call=call)))
            case act.Checkpoint(call, talk_seconds):
                self.services.checkpoints.mark(call, talk_seconds)
            case act.BlockNumber(call, by_detector):
                self._books.tell(lambda: self._records.block_number(call, by_detector))
            case act.NoteSign():
                self._note_sign(action)
            case act.Finish():
                self._finish(action)
            case act.Invite():
                self._invite(action)
            case act.HangUpFar(call):
                if leg := self._legs.get(call):
                    leg.hang_up()
            case act.Farewell(call, prompt):
                self._farewell(call, prompt)
            case act.StartTalk(call, limit_ms, recorded):
                self._start_talk(call, limit_ms, recorded)
            case act.StopTalk(call):
                self._stop_talk(call)

    def _say(self, say: act.Say) -> None:
        if self._speech:
            language = say.language or self._visit.language
            self._speech.say(say.side, say.prompt, language, say.values, say.token, say.overlay)

    def _ask(self, answer: Coroutine[Any, Any, ev.Event]) -> None:
        async def run() -> None:
            self.happen(await answer)

        self.services.spawn(run())

    def _line_quality(self, call: int) -> Quality | None:
        """Of the call that the engine has in hand, if it is that one and its far end was heard."""
        if self._call is None or self._lined != call or self._far_codec is None:
            return None
        try:
            quality = measured(self._call, self._far_codec, self._far_srtp)
        except Exception:  # the record is closed all the same
            self.log.exception("the line's quality cannot be read", call=self._mentioned(call))
            return None
        if quality is not None:
            counters.add("line_quality", quality.grade)
            if call not in self._unspoken:
                self.log.info("line", handset=self.device, call=call, grade=quality.grade, **asdict(quality))
        return quality

    def _finish(self, action: act.Finish) -> None:
        recording = self._recordings.pop(action.call, None)
        quality = self._line_quality(action.call)
        if action.call not in self._unspoken:
            self.log.info(
                "call ended",
                handset=self.device,
                call=action.call,
                outcome=action.outcome.value,
                ended_by=action.ended_by.value,
                talk_seconds=action.talk_seconds,
            )

        # Until it is written, inmate, handset and money are held. What a stop of the daemon leaves open is closed at its
        # next start.
        self._books.insist(lambda: self._records.finish(action, recording, quality))

    # The far end

    def _invite(self, invite: act.Invite) -> None:
        self.drop_audio()  # up to here nothing could be kept; whether something can is decided with the call
        try:
            self.take_audio(invite.recorded, invite.monitored)
        except EngineError:
            self.take_audio()  # with a place for nothing, so that the caller hears of it
            raise
        call = self._lined = invite.call
        self._far_codec = self._far_srtp = None
        target = self._records.target(call)
        leg = Leg(self.services.trunk, lambda event: self._leg_event(call, event))
        leg.invite(target.number, target.caller_id)
        self._legs[call] = leg

    def _leg_event(self, call: int, event: LegEvent) -> None:
        current = call == self._visit.call
        match event:
            case Answered(media) if current and self._call is not None:
                if self._connect(self._call, call, media, Listening.ANSWER):
                    self.happen(ev.FarAnswered())
            case Changed(media) if call == self._lined and self._call is not None:  # a farewell, too, is said to who holds
                self._connect(self._call, call, media)
            case Progress(status, phrase):
                if call not in self._unspoken:
                    self.log.info("progress", handset=self.device, call=call, status=status, phrase=phrase)
            case Forwarded(detail):
                counters.add("switch_forwarded")
                self.log.warning("the switch would forward the call: refused", call=call, detail=detail)
                self._legs[call].hang_up()
                if current:
                    self.happen(ev.FarEnded(603, by_remote=True))
            case Ended(status, phrase, by_remote):
                called = self._mentioned(call)
                self.log.info("far end gone", call=called, status=status, phrase=phrase, by_remote=by_remote)
                self._legs.pop(call, None)
                if self._call is not None and not self._legs:
                    self._call.clear_far()
                if current:
                    self.happen(ev.FarEnded(status, by_remote))
            case _:
                return

    def _connect(self, audio: AnyCall, call: int, media: Media, listen_for: Listening | None = None) -> bool:
        """Send the far end what it wants to be sent; if that is impossible, its line is given up."""
        try:
            audio.set_far(_far_end(media))
            if listen_for is not None:
                audio.listen(listen_for)
        except EngineError as error:
            counters.add("far_media_refused")
            self.log.error("the far end's media cannot be used", call=self._mentioned(call), error=str(error))
            self._legs[call].hang_up()
            if call == self._visit.call:
                self.happen(ev.FarEnded(488, by_remote=False))
            return False
        self._far_codec = Codec(media.codec)
        suite = self._far_srtp = media.crypto.suite.name if media.crypto else None
        if suite is None and isinstance(audio, PrivilegedCall):
            counters.add("private_media_in_clear")
        called, codec = self._mentioned(call), self._far_codec.name
        self.log.info("far media", call=called, codec=codec, srtp=suite, held=media.held)
        return True

    def _farewell(self, call: int, prompt: str) -> None:
        leg = self._legs.get(call)
        if leg is None:
            return
        if self._speech is None:
            leg.hang_up()
            return
        self._speech.say(act.Side.FAR, prompt, self._visit.language, {}, 0, overlay=False, then=leg.hang_up)
        self._loop.call_later(TYPED_FAREWELL_S if self._speech.types_to(Side.FAR) else FAREWELL_S, leg.hang_up)

    # The talk

    def _start_talk(self, call: int, limit_ms: int, recorded: bool) -> None:
        if self._call is None or not self.may_grant:
            raise ClockUnknown("no talk: there is no deadline on a clock that is unknown")
        if recorded and isinstance(self._call, RecordedCall):
            self._record(self._call, call)
        # A call without a recorder's place has none for text either, and nobody looks for third parties in it.
        self._call.listen(Listening.TALK if isinstance(self._call, RecordedCall) else Listening.TTY)
        self._call.gate(True)
        self._talks = {self.grant(limit_ms): call}
        self._send(wire.Show(wire.LAMP_BUSY))

    @property
    def may_grant(self) -> bool:
        """Whether the handset's clock is known: without it there is no deadline."""
        return self.link is not None and self._session.clock.ready

    def grant(self, limit_ms: int) -> int:
        """Let the microphone be live for so long; the number by which the handset knows the grant."""
        deadline = self._session.clock.ticks_at(time.monotonic_ns() + limit_ms * 1_000_000)
        # Never a number used before, not even by a database since replaced: a handset grants a known one no second talk.
        number = secrets.randbelow(0xFFFFFFFF) + 1
        self._send(wire.Talk(number, deadline, limit_ms))
        return number

    def revoke(self, grant: int) -> None:
        """Mute before the deadline."""
        self._send(wire.End(grant))

    def _record(self, audio: RecordedCall, call: int) -> None:
        about = {"handset": self._records.handset, "inmate": self._records.target(call).inmate}
        rate = WIDE_RATE if self._far_codec is Codec.G722 else NARROW_RATE
        if path := self._recorder.begin(audio, call, about, rate):
            self._recordings[call] = path

    def _stop_talk(self, call: int) -> None:
        for number in [number for number, known in self._talks.items() if known == call]:
            self.revoke(number)
        self._send(wire.Show(wire.LAMP_READY))
        if self._call is not None:
            self._call.gate(False)
        if isinstance(self._call, RecordedCall) and call in self._recordings:
            self._call.record_stop()
        if self._call is not None:
            self._call.listen(Listening.NOTHING)

    def _call_event(self, event: Event) -> None:
        match event.kind:
            case CallEvent.DTMF:
                self.happen(ev.FarDigit(chr(event.code)))
            case CallEvent.SIGN:
                sign = heard(event)
                if sign.sign.name == "TTY":
                    self._type_to(Side(sign.detail))
                self.happen(ev.Heard(sign.sign.name.lower(), sign.confidence))
            case CallEvent.TEXT:
                self._typed(Side(event.code), event.data.decode("ascii", "replace"))
            case CallEvent.PLAYED if self._speech:
                self._speech.played(event.code)
            case CallEvent.STOPPED if self._speech:
                self._speech.stopped(event.code)
            case CallEvent.RTP_SILENT:
                counters.add("far_media_silent")
                self.log.warning("nothing heard from the far end", call=self._mentioned(self.call))
            case CallEvent.RTP_BAD:
                counters.add("far_media_bad")
                self.log.warning("the far end's packets are not all ones to be heard", call=self._mentioned(self.call))
            case CallEvent.RTCP_BAD:
                counters.add("far_reports_bad")
                self.log.warning("the far end's reports are not all ones to be believed", call=self._mentioned(self.call))
            case _:
                pass

    def _note_sign(self, action: act.NoteSign) -> None:
        counters.add("sign_heard", action.sign)
        self.log.info("sign", handset=self.device, call=action.call, sign=action.sign, confidence=action.confidence)
        self._books.tell(lambda: self._records.note_sign(action))

    def _typed(self, side: Side, text: str) -> None:
        call = self._lined  # which may be over by now: what was read belongs to it all the same
        self._books.tell(lambda: self._records.keep_text(call, "caller" if side is Side.NEAR else "called_party", text))
