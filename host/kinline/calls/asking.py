"""The caller's side of a visit, from off hook to an attempt: language, inmate number, PIN, messages, name or voice, who pays,
number or line.
"""

from typing import Any

from kinline.calls import actions as act
from kinline.calls import events as ev
from kinline.calls.actions import Action, Side, Tone
from kinline.calls.dialogue import Dialogue, Phase
from kinline.calls.manners import PAYER_KEYS, Manners, Payer, PinMode
from kinline.people.names import SpokenName

_LINE_SAID_MS = 5_000  # a line and its code, read out
_ABOUT_MONEY = ("denied_billing", "denied_balance")  # another way of paying may be open


class Asking(Dialogue):
    """Each method answers an event with what to do next."""

    def _reset(self) -> None:
        super()._reset()
        self._misses = self._attempts = self._balance_micros = 0
        self._inmate_number: str | None = None
        self._inmate: int | None = None
        self._name: str | SpokenName | None = None
        self._to_be_named = False
        self._kept_voice: bytes | None = None
        self._voice_tries = 0  # that are left; 0 where no voice is compared
        self._payer: Payer | None = None
        self._language_chosen = False
        self._messages: list[ev.Message] = []
        self._by_line = False  # the number in hand came from the open lines, without a PIN

    def _off_hook(self, manners: Manners | None) -> list[Action]:
        self._manners = manners or self._manners
        self._reset()
        typed = self._type() if self._manners.text_telephone else []
        if len(self._manners.languages) == 1:
            return [*typed, *self._ask_identity()]
        self.phase = Phase.LANGUAGE
        return [
            *typed,
            act.Listen(60_000),
            self._say(Side.NEAR, "choose_language", self._lines_key),
            self._ask("digit", 1, 1, ""),
        ]

    def _ask_identity(self) -> list[Action]:
        m = self._manners
        if m.pin_mode is PinMode.NONE:
            return self._ask_number()
        if m.pin_mode is PinMode.ID_AND_PIN and self._inmate_number is None:
            self.phase = Phase.INMATE_NUMBER
            question = self._say(Side.NEAR, "enter_inmate_number", self._lines_key)
            return [act.Listen(60_000), question, self._ask("number", 1, 12, "#")]
        self.phase = Phase.PIN
        least = 1 if m.lines else m.pin_least
        question = self._say(Side.NEAR, "enter_pin", self._lines_key)
        return [act.Listen(60_000), question, self._ask("secret", least, m.pin_most, "#")]

    def _check(self, pin: str) -> list[Action]:
        self.phase = Phase.CHECKING
        self._ticket = self._next()
        return [act.Hush(Side.NEAR), act.CheckPin(self._ticket, self._inmate_number, pin)]

    def _identified(self, event: ev.Identified) -> list[Action]:
        self._ticket = None
        self._inmate, self._name = event.inmate, event.name
        self._kept_voice = event.name_sound
        self._voice_tries = 0 if event.voice_exempt else self._manners.voice_tries
        typed = self._type() if event.text_telephone else []
        # Who types is announced by a machine's voice, unless voices are compared here and this one is to be.
        wanted = self._voice_tries > 0 or (self._manners.spoken_names and not self._typed)
        self._to_be_named = event.name_sound is None and wanted
        if self._manners.spoken_names and event.name_sound is not None:
            self._name = SpokenName(event.name, event.name_sound)
        self._balance_micros, self._messages = event.balance_micros, list(event.messages)
        if len(self._manners.languages) == 1 and event.language is not None:  # nobody asked: the inmate's own
            self.language, self._language_chosen = event.language, True
        return [*typed, *self._next_message()]

    def _next_message(self) -> list[Action]:
        """What staff pass on is heard before anything can be dialed over it."""
        if not self._messages:
            if self._to_be_named:
                return self._ask_name()
            return self._ask_voice() if self._voice_tries else self._ask_call()
        self.phase = Phase.MESSAGES
        message = self._messages[0]
        return [act.Listen(120_000), self._say(Side.NEAR, "staff_message", {"text": message.text}, message.language)]

    def _message_played(self, as_meant: bool) -> list[Action]:
        message = self._messages.pop(0)
        heard: list[Action] = [act.MessageHeard(message.id)] if as_meant else []  # else it waits for the next visit
        return [*heard, *self._next_message()]

    def _ask_name(self) -> list[Action]:
        """Once, before the first call: called parties then hear who calls from the caller, and not from a machine."""
        self.phase, self._to_be_named = Phase.NAMING, False
        return [act.Listen(60_000), self._say(Side.NEAR, "say_name")]

    def _name_asked(self) -> list[Action]:
        self._ticket = self._next()
        return [act.TakeName(self._ticket)]

    def _name_taken(self, sound: bytes | None) -> list[Action]:
        """Whoever said nothing is called by a machine's voice, and asked again at the next visit.

        Where voices are compared there must be one: silence would be the way around.
        """
        self._ticket = None
        if sound is None and self._voice_tries:
            self._to_be_named = True
            return self._try_voice_again()
        first, *rest = self._ask_call()
        if sound is None or self._inmate is None or self._name is None:
            return [first, *rest]
        text = self._name.text if isinstance(self._name, SpokenName) else self._name
        spoken = SpokenName(text, sound)
        self._name = spoken if self._manners.spoken_names else text
        heard = act.Say(Side.NEAR, "name_kept", self._next(), {"name": spoken})
        return [act.KeepName(self._inmate, sound), first, heard, *rest]

    def _ask_voice(self) -> list[Action]:
        self.phase = Phase.VOICE
        return [act.Listen(60_000), self._say(Side.NEAR, "say_name_to_be_known")]

    def _voice_taken(self, said: bytes | None) -> list[Action]:
        self._ticket = None
        if said is None or self._kept_voice is None:
            return self._try_voice_again()
        self._ticket = self._next()
        return [act.CheckVoice(self._ticket, self._kept_voice, said)]

    def _voice_checked(self, same: bool | None) -> list[Action]:
        """What cannot be told keeps nobody from a call: the PIN was right."""
        self._ticket = None
        return self._try_voice_again() if same is False else self._ask_call()

    def _try_voice_again(self) -> list[Action]:
        self._voice_tries -= 1
        if not self._voice_tries:
            return self._over("voice_not_known")
        first, *rest = self._ask_name() if self._to_be_named else self._ask_voice()
        return [first, act.Say(Side.NEAR, "voice_again", self._next()), *rest]

    def _ask_call(self) -> list[Action]:
        if len(self._manners.payers) > 1:
            return self._ask_paying()
        return self._ask_number("balance_and_number", {"balance": self._balance_micros})

    def _unidentified(self, locked_seconds: int) -> list[Action]:
        self._ticket = None
        self._misses += 1
        self._inmate_number = None
        if locked_seconds:
            return self._over("handset_locked", {"seconds": locked_seconds})
        if self._misses >= self._manners.pin_tries:
            return self._over("please_hang_up")
        first, *rest = self._ask_identity()
        return [first, act.Say(Side.NEAR, "pin_wrong", self._next()), *rest]

    def _ask_paying(self) -> list[Action]:
        self.phase = Phase.PAYING
        keys = {payer.value: key for key, payer in PAYER_KEYS.items() if payer in self._manners.payers}
        question = self._say(Side.NEAR, "choose_paying", {"balance": self._balance_micros, **keys, **self._lines_key})
        return [act.Listen(60_000), question, self._ask("digit", 1, 1, "")]

    def _account(self, event: ev.Account) -> list[Action]:
        self._ticket = None
        self._balance_micros = event.balance_micros
        told = {"balance": event.balance_micros, "left": event.left_seconds}
        first, *rest = self._ask_number()
        return [first, act.Say(Side.NEAR, "account", self._next(), told), *rest]

    def _ask_number(self, prompt: str = "enter_number", values: dict[str, Any] | None = None) -> list[Action]:
        self.phase = Phase.NUMBER
        question = self._say(Side.NEAR, prompt, self._lines_key if values is None else values)
        return [act.Listen(120_000), question, self._ask("number", 1, 15, "#")]

    def _ask_line(self) -> list[Action]:
        """Read out the lines that need no PIN, in every language until one is chosen, and take a code."""
        self.phase = Phase.LINE
        languages = (self.language,) if self._language_chosen else self._manners.languages
        read_out: list[Action] = [
            self._say(Side.NEAR, "line_code", {"label": line.label, "code": line.code}, language)
            for language in languages
            for line in self._manners.lines
        ]
        patience = self._manners.first_key_ms + _LINE_SAID_MS * len(read_out)
        return [act.Listen(120_000), *read_out, self._ask("number", 1, 15, "#", patience)]

    def _ask_again(self, prompt: str) -> list[Action]:
        if self._by_line:
            return self._ask_line()
        another_way = self._payer is not None and prompt in _ABOUT_MONEY
        return self._ask_paying() if another_way else self._ask_number()

    @property
    def _lines_key(self) -> dict[str, Any]:
        return {"lines": self._manners.lines_key}

    def _entered(self, result: str, digits: str) -> list[Action]:
        self._collect = None
        if result != "complete":
            return self._over("please_hang_up")
        if digits == self._manners.lines_key and not self._is_code(digits):
            return [act.Hush(Side.NEAR), *self._ask_line()]
        match self.phase:
            case Phase.LANGUAGE:
                choices = {str(i): language for i, language in enumerate(self._manners.languages, 1)}
                self.language = choices.get(digits, self.language)
                self._language_chosen = True
                return [act.Hush(Side.NEAR), *self._ask_identity()]
            case Phase.INMATE_NUMBER:
                self._inmate_number = digits
                return [act.Hush(Side.NEAR), *self._ask_identity()]
            case Phase.PIN:
                return self._check(digits)
            case Phase.PAYING:
                payer = PAYER_KEYS.get(digits)
                if payer not in self._manners.payers:
                    return [act.Hush(Side.NEAR), *self._ask_paying()]
                self._payer = payer
                return [act.Hush(Side.NEAR), *self._ask_number()]
            case Phase.NUMBER if self._inmate is not None and digits == self._manners.account_code:
                self.phase = Phase.ACCOUNT
                self._ticket = self._next()
                return [act.Hush(Side.NEAR), act.AskAccount(self._ticket, self._inmate)]
            case Phase.NUMBER | Phase.LINE:
                self._by_line = self.phase is Phase.LINE
                self.phase = Phase.ATTEMPTING
                self._ticket = self._next()
                inmate, payer = (None, None) if self._by_line else (self._inmate, self._payer)
                return [act.Hush(Side.NEAR), act.Attempt(self._ticket, inmate, digits, payer)]
            case _:
                return []

    def _is_code(self, digits: str) -> bool:
        """Whether these digits, where a number is asked for, already name a line."""
        return self.phase in (Phase.NUMBER, Phase.LINE) and any(line.code == digits for line in self._manners.lines)

    def _not_reached(self, prompt: str, values: dict[str, Any] | None = None) -> list[Action]:
        """Say why, and offer another number while tries remain."""
        self._ticket = None
        self._attempts += 1
        if self._attempts >= self._manners.number_tries:
            return self._over(prompt, values)
        return [act.PlayTone(Tone.NONE), self._say(Side.NEAR, prompt, values), *self._ask_again(prompt)]
