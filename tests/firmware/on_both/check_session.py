from handset import _link as wire
from handset import talk_timer
from handset.entry import Entry
from handset.session import Session


class Sent:
    """Collects what a session sends, as (kind, fields) without the time."""

    def __init__(self):
        self.messages = []

    def __call__(self, kind, now, *fields):
        self.messages.append((kind, fields))

    def take(self):
        taken, self.messages = self.messages, []
        return taken


class Phone:
    def __init__(self):
        self.sent = Sent()
        self.entries = []
        self.notes = []
        self.reboots = 0
        self.lamps = []
        self.grant = talk_timer.Grant()
        self.entry = Entry(lambda body: self.entries.append(bytes(body)))
        self.session = Session(
            self.grant,
            self.entry,
            self.sent,
            self.notes.append,
            self._reboot,
            lambda now: self.notes.append("report"),
            self.lamps.append,
        )

    def _reboot(self):
        self.reboots += 1

    def lifted(self):
        self.session.hook(True, 0)
        self.sent.take()
        return self

    def talking(self, deadline=10000):
        self.lifted().session.message(wire.TALK, (7, deadline, 90000), 0)
        return self


def check_off_hook_opens_the_receiver_only():
    phone = Phone()
    phone.session.hook(True, 5)
    assert phone.sent.take() == [(wire.HOOK, (1, 5))]
    assert phone.session.phase == wire.PHASE_LISTEN and phone.grant.kind == talk_timer.LISTEN
    assert not phone.session.may_speak
    assert phone.grant.expired(60005) and not phone.grant.expired(60004)


def check_on_hook_ends_a_talk_before_it_is_told():
    phone = Phone().talking()
    states = []
    send = phone.session._send
    phone.session._send = lambda *message: (states.append(phone.grant.kind), send(*message))
    phone.session.hook(False, 4000)
    assert states[0] == talk_timer.NONE
    assert phone.sent.take() == [(wire.TALK_ENDED, (7, wire.CAUSE_ON_HOOK, 4000, 4000)), (wire.HOOK, (0, 4000))]
    assert phone.session.phase == wire.PHASE_ON_HOOK


def check_the_keypad_is_dead_on_hook_and_in_a_talk():
    phone = Phone()
    phone.session.key("5", 0)
    phone.talking().session.key("5", 10)
    assert phone.sent.take() == []


def check_volume_keys_work_in_every_phase_but_on_hook_and_are_no_digits():
    phone = Phone()
    phone.session.key("+", 0)
    assert phone.sent.take() == []
    phone.lifted().session.message(wire.COLLECT, (3, wire.COLLECT_DIGIT, 1, 1, 0, 0, 0), 0)
    phone.session.key("-", 10)
    assert phone.sent.take() == [(wire.VOLUME, (0, 10))] and phone.entries == []
    phone.session.message(wire.COLLECT_END, (3,), 10)
    phone.talking().session.key("+", 20)
    assert phone.sent.take() == [(wire.VOLUME, (1, 20))]


def check_keys_go_to_the_collect_or_to_the_host():
    phone = Phone().lifted()
    phone.session.key("5", 10)
    assert phone.sent.take() == [(wire.KEY, (ord("5"), 10))]
    phone.session.message(wire.COLLECT, (3, wire.COLLECT_DIGIT, 1, 1, 0, 0, 0), 20)
    phone.session.key("6", 30)
    assert phone.sent.take() == [] and phone.entries == [bytes((3, 0, wire.ENTRY_COMPLETE, 1)) + b"6"]


def check_the_deadline_leads_to_over_and_an_end_back():
    phone = Phone().talking(1000)
    assert phone.session.may_speak
    phone.session.expire(1000)
    assert phone.sent.take() == [(wire.TALK_ENDED, (7, wire.CAUSE_DEADLINE, 1000, 1000))]
    assert phone.session.phase == wire.PHASE_OVER and not phone.session.may_speak
    phone.session.message(wire.TALK, (7, 99999, 99999), 1100)
    assert phone.session.phase == wire.PHASE_OVER
    phone.session.message(wire.END, (7,), 1200)
    assert phone.session.phase == wire.PHASE_LISTEN and phone.grant.kind == talk_timer.LISTEN


def check_the_host_ends_only_the_call_it_means():
    phone = Phone().talking()
    phone.session.message(wire.END, (6,), 100)
    assert phone.session.phase == wire.PHASE_TALK
    phone.session.message(wire.END, (7,), 200)
    assert phone.sent.take() == [(wire.TALK_ENDED, (7, wire.CAUSE_HOST, 200, 200))]
    assert phone.session.phase == wire.PHASE_LISTEN


def check_nothing_is_granted_on_hook():
    phone = Phone()
    for kind, fields in (
        (wire.TALK, (7, 9000, 9000)),
        (wire.LISTEN, (9000,)),
        (wire.END, (7,)),
        (wire.COLLECT, (3, 1, 1, 1, 0, 0, 0)),
    ):
        phone.session.message(kind, fields, 0)
        assert phone.grant.kind == talk_timer.NONE and not phone.entry.collecting
    assert phone.session.phase == wire.PHASE_ON_HOOK


def check_a_second_call_is_refused_during_a_talk():
    phone = Phone().talking()
    phone.session.message(wire.TALK, (8, 99999, 99999), 100)
    assert phone.grant.call == 7 and phone.notes[-1] == "talk refused during another"


def check_a_talk_outlives_the_link_and_an_entry_does_not():
    phone = Phone().talking()
    phone.session.link_lost(100)
    assert phone.session.phase == wire.PHASE_TALK and phone.grant.kind == talk_timer.TALK
    phone = Phone().lifted()
    phone.session.message(wire.COLLECT, (3, 1, 4, 4, 0, 0, 0), 0)
    phone.session.key("1", 1)
    phone.session.link_lost(100)
    assert not phone.entry.collecting


def check_reboot_waits_for_no_talk():
    phone = Phone().talking()
    phone.session.message(wire.REBOOT, (), 0)
    assert phone.reboots == 0
    phone.session.message(wire.END, (7,), 1)
    phone.session.message(wire.REBOOT, (), 2)
    assert phone.reboots == 1


def check_snapshot_tells_a_running_talk():
    phone = Phone().talking()
    phone.session.snapshot(1500, wire.RESET_POWER_ON, 90000)
    assert phone.sent.take() == [(wire.SNAPSHOT, (1, wire.PHASE_TALK, 7, 1500, 1500, wire.RESET_POWER_ON, 90000))]


def check_an_unknown_message_is_noted():
    phone = Phone().lifted()
    phone.session.message(0x7F, (), 0)
    assert phone.notes and phone.sent.take() == []
