"""A whole site in one folder: database, settings, the daemon as a process, simulated handsets, and a switch."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from demo.daemon_process import DaemonProcess, Line
from kinline.accounts.ledger import debit_account
from kinline.rules.model import Language
from kinline.store.calls import CallInfo
from kinline.store.open import open_store, site_secret
from kinline.store.store import Store
from kinline_engine.sip import Digest
from kinline_sim.board import Board
from kinline_sim.parties import Party
from kinline_sim.phone import CallRecord
from kinline_sim.switch import Switch

FACILITY = "demo"
FACILITY_NAME = "Cedar Creek Correctional Center"
CALLER_ID = "+12025550100"


@dataclass(frozen=True, slots=True)
class Person:
    """An inmate of the demonstration: fictional, with one approved contact."""

    number: str
    name: str
    pin: str
    contact: str
    language: Language = "en"
    dollars: int = 10

    @property
    def language_key(self) -> str:
        return {"en": "1", "es": "2"}[self.language]


PEOPLE = (
    Person("1001", "Alex Example", "482915", "+12025550123"),
    Person("1002", "Luz Ejemplo", "730164", "+12025550145", "es"),
)


@dataclass(frozen=True, slots=True)
class OtherSwitch:
    """A switch that the site does not run itself, and the account there, if it wants one."""

    address: str
    port: int
    user: str = "kinline"
    password: str = "not asked for"


class Site:
    """Use as async context: brings everything up, and down again in order. All randomness comes from the seed.

    Callers are asked for their names only where told. Microphones are not cleaned unless asked for: what is compared sample by
    sample must not be improved on the way.
    """

    def __init__(
        self,
        folder: Path,
        parties: dict[str, Party],
        *,
        handsets: int = 1,
        people: Sequence[Person] = PEOPLE,
        profile: str = "demo",
        profiles: dict[str, str] | None = None,
        calls: str = "",
        spoken_names: bool = False,
        trunk: str = "",
        database: str = "",
        other: OtherSwitch | None = None,
        recorded: bool = True,
        clean_microphone: bool = False,
        seed: int = 1,
        heard: Callable[[Line], None] = lambda line: None,
    ) -> None:
        self.folder = folder
        self.people = people
        self.profile = profile
        self.seed = seed
        self._recorded = recorded
        self._profiles = profiles or {}
        self._spoken_names = spoken_names
        self._database = database  # without one, a file in the folder
        self._calls, self._trunk, self._other = calls, trunk, other
        self._clean_microphone = clean_microphone
        self._account = Digest("switch.example", "kinline", secrets.token_hex(8))
        self.switch = Switch(numbers=parties, digest=self._account, seed=seed)
        self.boards = [
            Board(device=f"wall-{i + 1}", key=secrets.token_bytes(16), link=folder / f"wall-{i + 1}", seed=seed + i)
            for i in range(handsets)
        ]
        self.daemon = DaemonProcess(folder / "kinline.toml", heard)
        self._store: Store | None = None
        self._far_ends: list[CallRecord] = []

    @property
    def board(self) -> Board:
        return self.boards[0]

    @property
    def store(self) -> Store:
        """The site's database, beside the daemon."""
        assert self._store is not None, "the site is not up"
        return self._store

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.switch)
            for board in self.boards:
                await stack.enter_async_context(board)
            self._settings()
            self._store = self._enrolled()
            stack.callback(self._store.close)
            stack.push_async_callback(self.daemon.stop)
            await self.daemon.start()
            for board in self.boards:
                await self.in_reach(board)
            self._up = stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._up.aclose()

    async def in_reach(self, board: Board, since: int = 0) -> None:
        """Until daemon and handset have a session."""
        await self.daemon.logged(
            lambda line: line["event"] == "handset in reach" and line["handset"] == board.device, since=since
        )

    def calls(self) -> list[CallInfo]:
        """All call records, oldest first."""
        return list(reversed(self.store.calls(limit=1000)))

    def balance(self, person: Person) -> int:
        """What the inmate has left, in micro-dollars."""
        return self.store.balance_micros(debit_account(self.store.inmate(FACILITY, person.number).id))

    async def dial_home(self, board: Board, person: Person, number: str | None = None, think_s: float = 0.0) -> None:
        """Lift, choose the language, give PIN and number, each when it is asked for and after some thought."""
        seen = len(self.daemon.lines)
        await board.lift()
        for phase, keys in (
            ("language", person.language_key),
            ("pin", f"{person.pin}#"),
            ("number", f"{(number or person.contact).removeprefix('+1')}#"),
        ):
            await self.phase(board, phase, since=seen)
            await asyncio.sleep(think_s)
            await board.dial(keys)

    async def phase(self, board: Board, phase: str, since: int = 0) -> None:
        """Until the visit at this handset reaches a phase."""
        await self.daemon.logged(
            lambda line: line["event"] == "visit" and line["handset"] == board.device and line["phase"] == phase,
            since=since,
            timeout_s=60,
        )

    async def ended(self, board: Board, since: int = 0) -> CallInfo:
        """The record of the next call that ends at this handset."""
        line = await self.daemon.logged(
            lambda line: line["event"] == "call recorded" and line["handset"] == board.device,
            since=since,
            timeout_s=120,
        )
        return self.store.call(line["call"])

    async def far_end_of(self, number: str) -> CallRecord:
        """The switch's own record of the next call to this number that is over."""
        while not (found := [record for record in self._far_ends if record.number == number]):
            self._far_ends.append(await self.switch.finished())
        self._far_ends.remove(found[0])
        return found[0]

    def _settings(self) -> None:
        for name, text in self._profiles.items():
            (self.folder / "profiles").mkdir(exist_ok=True)
            (self.folder / "profiles" / f"{name}.toml").write_text(text)
        handsets = "\n".join(
            f'[[handset]]\ndevice_id = "{board.device}"\nport = "{self.folder / board.device}"\n' for board in self.boards
        )
        central = self._other or OtherSwitch("127.0.0.1", self.switch.port, self._account.user, self._account.password)
        profiles = f'profiles_dir = "{self.folder / "profiles"}"' if self._profiles else ""
        (self.folder / "kinline.toml").write_text(
            f"""\
facility = "{FACILITY}"

[storage]
data_dir = "data"
{f'database = "{self._database}"' if self._database else ""}
{profiles}

[trunk]
address = "{central.address}"
port = {central.port}
user = "{central.user}"
password = "{central.password}"
caller_id = "{CALLER_ID}"
{self._trunk}

[audio]
clean_microphone = {str(self._clean_microphone).lower()}

[calls]
pin_mode = "pin"
spoken_names = {str(self._spoken_names).lower()}
{self._calls}

{handsets}"""
        )

    def _enrolled(self) -> Store:
        self.data.mkdir(exist_ok=True)
        url = self._database or f"sqlite:///{self.data / 'kinline.db'}"
        store = open_store(url, site_secret(self.data / "site.key"))
        if store.handsets():
            return store
        store.add_facility(FACILITY, FACILITY_NAME, "America/New_York", self.profile, "pin", CALLER_ID)
        for board in self.boards:
            store.add_handset(board.device, board.key, FACILITY, label=f"Handset {board.device}")
        for person in self.people:
            inmate = store.add_inmate(FACILITY, person.number, person.name, person.pin, language=person.language)
            store.add_contact(FACILITY, person.number, person.contact, "home", recorded=self._recorded)
            if person.dollars:
                store.deposit(debit_account(inmate), person.dollars * 1_000_000, f"opening {person.number}")
        return store
