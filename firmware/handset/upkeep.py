"""Looks after the application itself: forgives failed starts, proves a new slot, and takes what the host says of both."""

import slots

from handset import _link as wire

_SETTLED = 3  # rounds of the health check in which every task has moved on, a quarter of a second each
_PROVED = 8  # the same, with the host in reach
_HOPELESS = 480  # two minutes on trial without proof


class Upkeep:
    """send(kind, now, *fields) queues a message; idle() tells whether the telephone rests; sound() opens and closes
    the codec, whose buffers are the largest thing that a new application could fail to get; restart() is the board's."""

    def __init__(self, machine, send, clock, idle, note, sound, restart, build):
        self._machine = machine
        self._send = send
        self._clock = clock
        self._idle = idle
        self._note = note
        self._sound = sound
        self._restart = restart
        self._build = build
        self._update = None
        self._rounds = self._in_reach = 0
        self.trial = slots.on_trial()
        self._leaving = 0

    def healthy(self, link_up):
        """A round of the health check was good."""
        self._rounds += 1
        self._in_reach = self._in_reach + 1 if link_up else 0
        if self._rounds == _SETTLED:
            slots.settled(self._machine)
        if not self._idle():
            return
        if self._leaving:
            self._leaving -= 1
            if not self._leaving:
                self._restart()
        if not self.trial:
            return
        if self._in_reach >= _PROVED:
            self._sound()
            self._proved()
        elif self._rounds >= _HOPELESS:
            self._note("no host on trial")
            self._restart()

    def _proved(self):
        self.trial = False
        try:
            slots.prove()
            self._note("slot %s has proved itself" % slots.running)
        except OSError as error:
            # On the next start it is on trial again, and falls back in the end: to an application that did run.
            self._note("flash error %d" % error.errno)

    def message(self, kind, fields, now):
        """True when the message was for us."""
        if not wire.UPDATE_OFFER <= kind <= wire.SLOTS_ASK:
            return False
        if kind == wire.SLOTS_ASK:
            self._slots(now)
        elif kind == wire.SLOT_SWITCH:
            self._switch(now)
        elif kind == wire.UPDATE_APPLY:
            if self._update and self._update.ready:
                self._switch(now)
            else:
                self._tell(now, wire.UPDATE_REFUSED, wire.REASON_ABSENT, "no update is ready")
        elif kind == wire.UPDATE_OFFER:
            self._update = self._update or self._load()
            self._update.offer(now, *fields)
        elif self._update:
            if kind == wire.UPDATE_DATA:
                self._update.data(*fields)
            else:
                self._update.cancel()
        return True

    def _load(self):
        """Most handsets run for months without it: the module takes no memory before it is needed."""
        from handset.bundle import number
        from handset.update import Update

        try:
            installed = number(self._build)
        except ValueError:
            installed = ()
        return Update(self._send, self._clock, self._idle, self._note, installed)

    def _switch(self, now):
        """Try the other slot, when this telephone is not in use."""
        target = slots.other(slots.running)
        if self._leaving:
            return
        if not self._idle():
            self._tell(now, wire.UPDATE_REFUSED, wire.REASON_BUSY, "the handset is off hook")
        elif not slots.whole(target):
            self._tell(now, wire.UPDATE_REFUSED, wire.REASON_ABSENT, "the other slot holds no whole application")
        else:
            state = slots.State(slots.running, target, slots.TRIES)
            try:
                state.save()
            except OSError as error:
                self._tell(now, wire.UPDATE_FAILED, wire.REASON_FLASH, "flash error %d" % error.errno)
                return
            self._tell(now, wire.UPDATE_APPLYING, wire.REASON_NONE, slots.build(target))
            self._leaving = 2  # rounds, in which the host hears of it

    def _slots(self, now):
        names = [slots.build(name) for name in slots.NAMES]
        self._send(wire.SLOTS, now, slots.NAMES.index(slots.running), int(self.trial), names[0], names[1], slots.load().fell)

    def _tell(self, now, state, reason, detail):
        self._send(wire.UPDATE_STATE, now, state, reason, detail)
