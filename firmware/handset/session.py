"""What the handset does with its hook, its keys and its host: the phases of one use of the phone."""

from handset import _link as wire
from handset import talk_timer

_PROMPT_MS = 60000  # heard without a word from the host after going off hook


class Session:
    """send(kind, now, *fields) queues a message, note(text) records an event; reboot() and report(now) are the app's."""

    def __init__(self, grant, entry, send, note, reboot, report, show):
        self.phase = wire.PHASE_ON_HOOK
        self._grant = grant
        self._entry = entry
        self._send = send
        self._note = note
        self._reboot = reboot
        self._report = report
        self._show = show

    @property
    def off_hook(self):
        return self.phase != wire.PHASE_ON_HOOK

    @property
    def may_speak(self):
        """Whether the microphone may be heard; everywhere else the handset sends silence."""
        return self.phase == wire.PHASE_TALK and self._grant.kind == talk_timer.TALK

    def snapshot(self, now, reset, heap_free):
        """The whole state, for a new session."""
        self._send(
            wire.SNAPSHOT, now, int(self.off_hook), self.phase, self._grant.call, self._grant.talked(now), now, reset, heap_free
        )

    def hook(self, off_hook, now):
        """The hook has settled. On hook ends everything here before anybody is told."""
        if off_hook:
            self.phase = wire.PHASE_LISTEN
            self._grant.listen(now, _PROMPT_MS)
        else:
            self._entry.cancel()
            if self.phase == wire.PHASE_TALK:
                self._end_talk(now, wire.CAUSE_ON_HOOK)
            self.phase = wire.PHASE_ON_HOOK
            self._grant.stop(now)
        self._send(wire.HOOK, now, int(off_hook), now)

    def key(self, character, now):
        """A key went down; on hook all are dead, and while talking all but the volume's."""
        if self.phase == wire.PHASE_ON_HOOK:
            return
        if character in "+-":
            self._send(wire.VOLUME, now, int(character == "+"), now)
        elif self.phase == wire.PHASE_TALK:
            return
        elif self._entry.collecting:
            self._entry.key(ord(character), now)
        else:
            self._send(wire.KEY, now, ord(character), now)

    def expire(self, now):
        """The grant's time is over."""
        if self._grant.kind == talk_timer.TALK:
            self._end_talk(now, wire.CAUSE_DEADLINE)
            self.phase = wire.PHASE_OVER
        else:
            self._grant.stop(now)

    def link_lost(self, _now):
        """Without a host nothing new begins; a running talk goes on to its own deadline, in silence."""
        self._entry.cancel()

    def message(self, kind, fields, now):
        """One control message from the host."""
        if kind == wire.LISTEN:
            self._listen(now, *fields)
        elif kind == wire.COLLECT:
            if self.phase in (wire.PHASE_LISTEN, wire.PHASE_OVER):
                self._entry.start(now, *fields)
        elif kind == wire.COLLECT_END:
            self._entry.cancel(*fields)
        elif kind == wire.TALK:
            self._talk(now, *fields)
        elif kind == wire.END:
            self._end(now, *fields)
        elif kind == wire.SHOW:
            self._show(*fields)
        elif kind == wire.REBOOT:
            if self.phase == wire.PHASE_TALK:
                self._note("reboot refused while talking")
            else:
                self._reboot()
        elif kind == wire.REPORT:
            self._report(now)
        else:
            self._note("message 0x%02x has no meaning here" % kind)

    def _listen(self, now, limit):
        if self.phase in (wire.PHASE_LISTEN, wire.PHASE_OVER):
            self.phase = wire.PHASE_LISTEN
            self._grant.listen(now, limit)

    def _talk(self, now, call, deadline, limit):
        if self.phase == wire.PHASE_ON_HOOK:
            self._note("talk refused on hook")
        elif self.phase == wire.PHASE_TALK and call != self._grant.call:
            self._note("talk refused during another")
        elif self._grant.talk(now, call, deadline, limit):
            self._entry.cancel()
            self.phase = wire.PHASE_TALK
            self._note("talk %d" % call)

    def _end(self, now, call):
        if self.phase == wire.PHASE_TALK:
            if call != self._grant.call:
                return
            self._end_talk(now, wire.CAUSE_HOST)
        if self.off_hook:
            # Back to listening: the host has something to say about how it ended.
            self.phase = wire.PHASE_LISTEN
            self._grant.listen(now, _PROMPT_MS)

    def _end_talk(self, now, cause):
        self._grant.stop(now)
        self._note("talk ended, cause %d" % cause)
        self._send(wire.TALK_ENDED, now, self._grant.call, cause, self._grant.talked(now), now)
