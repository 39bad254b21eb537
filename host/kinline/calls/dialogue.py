"""What every part of a visit shares: its phase, its language, and the questions whose answers are awaited."""

from enum import StrEnum
from typing import Any

from kinline.calls import actions as act
from kinline.calls.actions import Action, Side, Tone
from kinline.calls.manners import Manners
from kinline.rules.model import Language

LONGEST_PATIENCE_MS = 65_000  # 16 bits on the wire
TYPING_MS = 30_000  # the longest question, by which a typed one takes longer: 200 characters, six a second


class Phase(StrEnum):
    IDLE = "idle"
    LANGUAGE = "language"
    INMATE_NUMBER = "inmate_number"
    PIN = "pin"
    CHECKING = "checking"
    MESSAGES = "messages"
    NAMING = "naming"
    VOICE = "voice"
    PAYING = "paying"
    LINE = "line"
    NUMBER = "number"
    ACCOUNT = "account"
    ATTEMPTING = "attempting"
    TELLING = "telling"
    INVITING = "inviting"
    MENU = "menu"
    ACCEPTING = "accepting"
    TALK = "talk"
    OVER = "over"


class Dialogue:
    """One thing is asked at a time; an answer that is no longer awaited fits nothing."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self.phase = Phase.IDLE
        self._counter = 0  # tokens, tickets and collects: never reused, so a late answer fits nothing
        self._reset()

    def _reset(self) -> None:
        self.language: Language = self._manners.languages[0]
        self._typed = False  # what the caller is told is typed
        self._forget_questions()

    def _forget_questions(self) -> None:
        """Nothing is awaited any more: an answer that still comes fits nothing, whatever id it carries."""
        self._ticket: int | None = None
        self._collect: int | None = None
        self._token: int | None = None

    def _awaits(self, phase: Phase, ticket: int) -> bool:
        return self.phase is phase and ticket == self._ticket

    def _over(self, prompt: str, values: dict[str, Any] | None = None) -> list[Action]:
        """Nothing more in this visit but to hang up."""
        self.phase = Phase.OVER
        said: list[Action] = [self._say(Side.NEAR, prompt, values)] if prompt else []
        return [act.PlayTone(Tone.NONE), act.Listen(20_000), *said]

    def _say(self, side: Side, prompt: str, values: dict[str, Any] | None = None, language: Language | None = None) -> act.Say:
        self._token = self._next()
        return act.Say(side, prompt, self._token, values or {}, language=language)

    def _ask(self, kind: str, least: int, most: int, closing: str, first_ms: int | None = None) -> act.Collect:
        collect = self._collect = self._next() % 0xFFFF + 1  # 16 bits on the wire; 0 is no collect
        m = self._manners
        patience = (first_ms or m.first_key_ms) + (TYPING_MS if self._typed else 0)
        return act.Collect(collect, kind, least, most, closing, min(LONGEST_PATIENCE_MS, patience), m.key_gap_ms)

    def _type(self) -> list[Action]:
        """From here on to the caller. Once a visit."""
        if self._typed:
            return []
        self._typed = True
        return [act.TypeTo(Side.NEAR)]

    def _next(self) -> int:
        self._counter += 1
        return self._counter
