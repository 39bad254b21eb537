"""Any events in any order, late, repeated or made up: the laws hold, and a visit can always be left."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.manners import Manners, OpenLine, Payer, PinMode
from kinline.calls.visit import Phase
from kinline.rules import Allow, Announcement
from tests.calls.laws import PIN
from tests.calls.walk import NUMBER, Walk, grant

allows = st.builds(
    grant,
    max_seconds=st.integers(1, 900),
    recorded=st.booleans(),
    warnings_at=st.lists(st.integers(0, 900), max_size=3, unique=True).map(tuple),
    number_class=st.sampled_from(["social", "anonymous", "privileged", "relay"]),
    announcements=st.lists(st.builds(Announcement, st.integers(0, 900), st.just("call_origin")), max_size=2).map(tuple),
)
manners = st.builds(
    Manners,
    st.just("North Unit"),
    st.sampled_from(PinMode),
    languages=st.sampled_from([("en",), ("en", "es")]),
    lines=st.sampled_from([(), (OpenLine("77", "Counsel"),)]),
    payers=st.sampled_from([(), (Payer.COLLECT, Payer.DEBIT)]),
    account_code=st.sampled_from([None, "2"]),
    account_digit=st.sampled_from([None, "4"]),
    on_sign=st.sampled_from(["nothing", "flag", "warn", "cut", "block"]),
    on_machine=st.sampled_from(["nothing", "end"]),
    spoken_names=st.booleans(),
    voice_tries=st.integers(0, 2),
)
messages = st.lists(st.builds(ev.Message, st.integers(1, 9), st.just("Call home."), st.just("en")), max_size=2).map(tuple)
causes = st.sampled_from(["deadline", "on_hook", "host", "fault"])
results = st.sampled_from(["complete", "complete", "complete", "timeout"])
statuses = st.sampled_from([200, 302, 404, 408, 480, 486, 487, 500, 603])
SIGNS = ["ringback", "busy", "sit", "beep", "greeting", "fax", "tty", "hold", "three_way", "forwarded"]
Question = act.CheckPin | act.TakeName | act.CheckVoice | act.AskAccount | act.Attempt | act.StoreAccept
made_up = st.integers(-1, 70_000)


class AnyOrder(RuleBasedStateMachine):
    """The store answers each question once, however late; handset and far end do as they like."""

    def __init__(self) -> None:
        super().__init__()
        self.walk = Walk()
        self.asked: list[Question] = []
        self.records = 0
        self.waiting: tuple[ev.Message, ...] = ()
        self.say_kept = False

    def happen(self, event: ev.Event) -> None:
        self.asked += [action for action in self.walk.happen(event).now if isinstance(action, Question)]

    @initialize(manners=manners, waiting=messages, say_kept=st.booleans(), kept=st.sampled_from([None, b"\1\0" * 8000]))
    def begin(self, manners: Manners, waiting: tuple[ev.Message, ...], say_kept: bool, kept: bytes | None) -> None:
        self.walk = Walk(manners)
        self.waiting, self.say_kept, self.kept = waiting, say_kept, kept
        self.happen(ev.OffHook())

    @rule(steps=st.integers(1, 8), allow=allows)
    def goes_on(self, steps: int, allow: Allow) -> None:
        """The way that most visits take; alone, chance would hardly ever come to a talk."""
        for _ in range(steps):
            match self.walk.phase:
                case Phase.IDLE:
                    self.happen(ev.OffHook())
                case Phase.LANGUAGE | Phase.INMATE_NUMBER | Phase.PIN | Phase.PAYING | Phase.NUMBER:
                    self.enters("complete", "1")
                case Phase.CHECKING | Phase.ACCOUNT | Phase.ATTEMPTING | Phase.ACCEPTING:
                    self.answer(self.asked.pop(), "yes", allow)
                case Phase.LINE:
                    self.enters("complete", "77")
                case Phase.NAMING | Phase.VOICE if self.asked:
                    self.answer(self.asked.pop(), "yes", allow)
                case Phase.MESSAGES | Phase.TELLING | Phase.NAMING | Phase.VOICE:
                    self.heard(as_meant=True)
                case Phase.INVITING:
                    self.happen(ev.FarAnswered())
                case Phase.MENU:
                    self.happen(ev.FarDigit("1"))
                case Phase.TALK | Phase.OVER:
                    return

    # The handset

    @rule(off_hook=st.booleans())
    def hook(self, off_hook: bool) -> None:
        self.happen(ev.OffHook() if off_hook else ev.OnHook())

    @rule(ago_ns=st.integers(0, 5_000_000_000))
    def link_lost(self, ago_ns: int) -> None:
        self.happen(ev.LinkLost(self.walk.clock_ns - ago_ns))

    @precondition(lambda self: any(isinstance(a, act.Collect) for a in self.walk.done))
    @rule(result=results, digits=st.sampled_from(["0", "1", "2", "77", PIN, NUMBER]))
    def enters(self, result: str, digits: str) -> None:
        if digits == PIN and self.walk.phase is not Phase.PIN:
            digits = NUMBER  # keyed where a number is asked for, it is a dialled number and no PIN
        self.happen(ev.Entered(self.walk.last(act.Collect).collect, result, digits))

    @rule(collect=made_up, result=results)
    def enters_unasked(self, collect: int, result: str) -> None:
        self.happen(ev.Entered(collect, result, "1"))

    @rule(cause=causes, talk_ms=st.integers(0, 2**32 - 1), stray=st.booleans())
    def mutes(self, cause: str, talk_ms: int, stray: bool) -> None:
        self.happen(ev.TalkMuted(self.walk.visit.call + stray, cause, talk_ms))

    # The store

    @precondition(lambda self: self.asked)
    @rule(pick=st.integers(0, 99), way=st.sampled_from(["yes", "yes", "no", "failed"]), allow=allows)
    def store_answers(self, pick: int, way: str, allow: Allow) -> None:
        self.answer(self.asked.pop(pick % len(self.asked)), way, allow)

    def answer(self, question: Question, way: str, allow: Allow) -> None:
        match question, way:
            case act.StoreAccept(call), "yes":
                self.happen(ev.AcceptStored(call))
            case act.StoreAccept(call), _:
                self.happen(ev.Failed(call=call))
            case act.CheckPin(ticket), "yes":
                self.happen(ev.Identified(ticket, 1, "R. Doe", None, 1_000_000, self.waiting, self.kept))
            case act.TakeName(ticket), _:
                self.happen(ev.NameTaken(ticket, b"\1\0" * 8000 if way == "yes" else None))
            case act.CheckVoice(ticket), _:
                self.happen(ev.VoiceChecked(ticket, {"yes": True, "no": False}.get(way)))
            case act.CheckPin(ticket), "no":
                self.happen(ev.Unidentified(ticket, locked_seconds=0))
            case act.Attempt(ticket), "yes":
                self.records += 1
                self.happen(ev.Begun(ticket, self.records, allow, self.say_kept))
            case act.Attempt(ticket), "no":
                self.happen(ev.Denied(ticket, "number_not_on_list", {}))
            case act.AskAccount(ticket), "yes":
                self.happen(ev.Account(ticket, 1_000_000, 600))
            case act.CheckPin(ticket) | act.AskAccount(ticket) | act.Attempt(ticket), _:
                self.happen(ev.Failed(ticket))

    @rule(ticket=made_up)
    def store_answers_unasked(self, ticket: int) -> None:
        if ticket not in {getattr(question, "ticket", 0) for question in self.asked}:
            self.happen(ev.Identified(ticket, 9, "J. Roe", None, 0))
            self.happen(ev.Denied(ticket, "trouble", {}))

    # The far end, the clock, the staff

    @rule()
    def answers(self) -> None:
        self.happen(ev.FarAnswered())

    @rule(digit=st.sampled_from("1112390"))
    def presses(self, digit: str) -> None:
        self.happen(ev.FarDigit(digit))

    @precondition(lambda self: self.walk.visit.call)
    @rule(status=statuses, by_remote=st.booleans())
    def ends(self, status: int, by_remote: bool) -> None:
        self.happen(ev.FarEnded(status, by_remote))

    @precondition(lambda self: any(isinstance(a, act.Say) for a in self.walk.done))
    @rule(as_meant=st.booleans())
    def heard(self, as_meant: bool) -> None:
        self.happen(ev.Played(self.walk.last(act.Say).token, as_meant))

    @rule(seconds=st.one_of(st.floats(0, 2), st.floats(0, 1000)))
    def time_passes(self, seconds: float) -> None:
        self.walk.wait(seconds)

    @rule(sign=st.sampled_from(SIGNS), confidence=st.integers(0, 100))
    def is_heard(self, sign: str, confidence: int) -> None:
        self.happen(ev.Heard(sign, confidence))

    @precondition(lambda self: self.walk.now)
    @rule(pick=st.integers(0, 99), deciding=st.booleans())
    def an_action_fails(self, pick: int, deciding: bool) -> None:
        """One of those that answered the last event."""
        failing = [one for one in self.walk.now if not deciding or isinstance(one, act.Invite | act.StartTalk | Question)]
        if failing:
            self.happen(ev.ActionFailed(failing[pick % len(failing)]))

    @rule()
    def staff_cuts(self) -> None:
        self.happen(ev.StaffCut())

    @invariant()
    def only_a_live_call_has_the_late_phases(self) -> None:
        late = (Phase.TELLING, Phase.INVITING, Phase.MENU, Phase.ACCEPTING, Phase.TALK)
        assert (self.walk.phase in late) == bool(self.walk.visit.call)

    def teardown(self) -> None:
        assert self.walk.hangs_up().phase is Phase.IDLE
        for question in self.asked:
            self.answer(question, "yes", grant())
        assert self.walk.phase is Phase.IDLE


TestAnyOrder = AnyOrder.TestCase
