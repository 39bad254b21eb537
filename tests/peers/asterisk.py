"""Asterisk 22 as the central switch, from the tree that the set-up unpacked.

It runs in mount and process namespaces of its own, so that whatever ends it, nothing stays mounted and
nothing runs on. It needs no root where user namespaces are allowed.
"""

import contextlib
import shlex
import socket
import subprocess
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.program import POLL_SECONDS, PeerError, Program, free_port

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / "build" / "asterisk"
SPEECH = ROOT / "build" / "speech"
# Where the tree sees the run's folder and the speech.
INSIDE, INSIDE_SPEECH = "/mnt", "/srv"
READY_SECONDS = 30.0
RTP_PORTS = 200
HEAD_BYTES = 44  # of the plain WAV that Asterisk writes

MODULES = """
bridge_builtin_features bridge_native_rtp bridge_simple bridge_softmix
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_crypto res_pjproject
res_rtp_asterisk res_srtp
res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_authenticator_digest
res_pjsip_outbound_authenticator_digest
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_caller_id res_pjsip_dtmf_info
res_pjsip_rfc3326 res_pjsip_nat res_pjsip_registrar res_pjsip_dlg_options res_pjsip_header_funcs
res_pjsip_logger res_pjsip_pubsub res_pjsip_refer res_pjsip_diversion chan_pjsip pbx_config
codec_ulaw codec_alaw codec_g722 codec_resample format_pcm format_wav
app_dial app_echo app_playback app_mixmonitor app_read app_senddtmf app_userevent app_verbose
app_originate app_record
func_channel func_callerid func_global func_logic func_strings func_hangupcause func_pjsip_endpoint
""".split()


@dataclass(frozen=True)
class Extension:
    """A number and what happens when it is called: dialplan applications in order."""

    number: str
    steps: tuple[str, ...]


def echo(number: str) -> Extension:
    return Extension(number, ("Answer()", "Echo()"))


def early_media(number: str, speech: str) -> Extension:
    """183 and speech (a file of build/speech without .wav) before the answer, then echo."""
    return Extension(number, ("Progress()", f"Playback({INSIDE_SPEECH}/{speech},noanswer)", "Answer()", "Echo()"))


def busy(number: str) -> Extension:
    return Extension(number, ("Hangup(17)",))


def rings(number: str) -> Extension:
    return Extension(number, ("Ringing()", "Wait(120)"))


def bye_after(number: str, seconds: float) -> Extension:
    return Extension(number, ("Answer()", f"Wait({seconds})", "Hangup()"))


def accepts(number: str, speech: str, recording: str, *, press: str = "1", after: float = 1.0) -> Extension:
    """A called party who answers, presses a digit after a while, and then speaks for the rest of the call.

    What the party hears goes to `Asterisk.folder`/`recording`, complete once the call is over.
    """
    steps = ["Answer()", f"MixMonitor({INSIDE}/mix-{recording},r({INSIDE}/{recording}))"]
    if press:
        steps += [f"Wait({after})", f"SendDTMF({press})"]
    return Extension(number, (*steps, "Wait(0.5)", *[f"Playback({INSIDE_SPEECH}/{speech})"] * 20, "Wait(120)"))


@dataclass
class Asterisk:
    """A running Asterisk with one endpoint that must prove its password, and the extensions given.

    `contact` is where calls from the switch to us go ("sip:127.0.0.1:5070"), if the test wants such.
    `realtime` gives it real-time priority where that is permitted, as its own start scripts can.
    `protected` takes SRTP with keys in the session description, and nothing else.
    Without `user` the endpoint is known by its source address and needs no password.
    """

    folder: Path
    extensions: tuple[Extension, ...] = ()
    address: str = "127.0.0.10"
    user: str = "facility"
    password: str = "a-test-only-secret"
    contact: str = ""
    codecs: str = "ulaw,alaw"
    port: int = 0
    rtp_ports: int = RTP_PORTS
    realtime: bool = False
    protected: bool = False
    _events: list[dict[str, str]] = field(default_factory=list)
    _buffer: bytes = b""

    def __enter__(self) -> "Asterisk":
        self.port = self.port or free_port(self.address)
        self._manager_port = free_port(self.address)
        self._write_configuration()
        self.program = Program(self._command(), self.folder / "asterisk.log")
        try:
            self._connect()
        except BaseException:
            self.program.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # A proper end closes the recordings; the namespace takes the rest.
        try:
            self.action("Command", Command="core stop now")
            self.program.wait(5)
        except (OSError, PeerError):
            pass
        self._manager.close()
        self.program.process.kill()
        self.program.stop()

    @property
    def uri(self) -> str:
        return f"sip:{self.address}:{self.port}"

    @property
    def pid(self) -> int:
        """Of Asterisk itself, behind the unshare that started it."""
        parent = str(self.program.process.pid)
        return int(subprocess.run(["pgrep", "-P", parent], capture_output=True, text=True, check=True).stdout.split()[0])

    def version(self) -> str:
        """Such as 22.10.1 with Debian's additions."""
        return self.action("CoreSettings")["AsteriskVersion"]

    def command(self, text: str) -> list[str]:
        """The output lines of a command of Asterisk's console."""
        answer = self.action("Command", Command=text)
        return answer.get("Output", "").splitlines()

    def hang_up_all(self) -> None:
        self.command("channel request hangup all")

    def recording(self, name: str, timeout: float = 10.0) -> Path:
        """What a party that `accepts` heard in a call that is over. Asterisk's thread for it may still be at work then."""
        file = self.folder / name
        deadline = time.monotonic() + timeout
        while not _whole(file):
            if time.monotonic() > deadline:
                raise PeerError(f"{file} was not complete within {timeout} s: {self.program.tail()}")
            time.sleep(POLL_SECONDS)
        return file

    def action(self, name: str, **fields: str) -> dict[str, str]:
        """One manager action; its response. Fields that come more than once are joined by newlines."""
        identity = str(time.monotonic_ns())
        lines = [f"Action: {name}", f"ActionID: {identity}", *(f"{k}: {v}" for k, v in fields.items())]
        self._manager.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self._wait(lambda m: m.get("ActionID") == identity and "Response" in m, 10.0)

    def wait_for_event(self, event: str, timeout: float = 10.0, **fields: str) -> dict[str, str]:
        """The first manager event of that name with those fields, none of them twice."""

        def wanted(message: dict[str, str]) -> bool:
            return message.get("Event") == event and all(message.get(k) == v for k, v in fields.items())

        return self._wait(wanted, timeout)

    def _wait(self, wanted: Callable[[dict[str, str]], bool], timeout: float) -> dict[str, str]:
        deadline = time.monotonic() + timeout
        while True:
            for index, message in enumerate(self._events):
                if wanted(message):
                    return self._events.pop(index)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise PeerError(f"Asterisk did not say so within {timeout} s: {self.program.tail()}")
            self._manager.settimeout(remaining)
            try:
                data = self._manager.recv(65536)
            except TimeoutError:
                continue
            if not data:
                raise PeerError(f"Asterisk closed its manager: {self.program.tail()}")
            self._buffer += data
            *messages, self._buffer = self._buffer.split(b"\r\n\r\n")
            self._events += [_fields(message.decode(errors="replace")) for message in messages]

    def _connect(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        self.program.wait_until_bound("tcp", self.address, self._manager_port, READY_SECONDS)
        self._manager = socket.create_connection((self.address, self._manager_port), READY_SECONDS)
        answer = self.action("Login", Username="tests", Secret=self.password)
        if answer["Response"] != "Success":
            raise PeerError(f"Asterisk's manager refused us: {answer}")
        self.wait_for_event("FullyBooted", max(0.1, deadline - time.monotonic()))
        self.program.wait_until_bound("udp", self.address, self.port, READY_SECONDS)

    def _command(self) -> list[str | Path]:
        tree, run, speech = (shlex.quote(str(path)) for path in (TREE, self.folder.resolve(), SPEECH))
        script = (
            f"mount --bind {tree} {tree} && mount --make-rprivate {tree} "
            f"&& mount --rbind /dev {tree}/dev && mount -t proc proc {tree}/proc "
            f"&& mount --bind {run} {tree}{INSIDE} && mount --bind {speech} {tree}{INSIDE_SPEECH}"
            f" && exec chroot {tree} /usr/sbin/asterisk -f -n {'-p ' * self.realtime}-C {INSIDE}/etc/asterisk.conf"
        )
        return ["unshare", *namespaces(), "--pid", "--fork", "--kill-child", "sh", "-c", script]

    def _write_configuration(self) -> None:
        for name in ("etc", "db", "spool/monitor", "log", "run"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in self._files().items():
            (self.folder / "etc" / name).write_text(text)

    def _files(self) -> dict[str, str]:
        first_rtp = 20_000 + self.port % 100 * RTP_PORTS
        dialplan = "".join(
            f"exten => {e.number},1,{e.steps[0]}\n" + "".join(f" same => n,{step}\n" for step in e.steps[1:])
            for e in self.extensions
        )
        load = "".join(f"load => {name}.so\n" for name in MODULES)
        return {
            "asterisk.conf": f"""[directories]
astetcdir => {INSIDE}/etc
astdbdir => {INSIDE}/db
astspooldir => {INSIDE}/spool
astrundir => {INSIDE}/run
astlogdir => {INSIDE}/log
[options]
documentation_language = en_US
""",
            "modules.conf": f"[modules]\nautoload = no\n{load}",
            "logger.conf": "[logfiles]\nconsole => notice,warning,error\n",
            "rtp.conf": f"[general]\nrtpstart = {first_rtp}\nrtpend = {first_rtp + self.rtp_ports - 2}\nstrictrtp = no\n",
            "extensions.conf": f"[facility]\n{dialplan}",
            "manager.conf": f"""[general]
enabled = yes
port = {self._manager_port}
bindaddr = {self.address}
[tests]
secret = {self.password}
read = all
write = all
""",
            "pjsip.conf": self._pjsip(),
        }

    def _pjsip(self) -> str:
        transports = "".join(
            f"[{protocol}]\ntype = transport\nprotocol = {protocol}\nbind = {self.address}:{self.port}\n"
            for protocol in ("udp", "tcp")
        )
        name = self.user or "facility"
        authentication = ""
        if self.user:
            authentication = f"[{name}]\ntype = auth\nauth_type = userpass\nusername = {self.user}\npassword = {self.password}\n"
        # By source address, for the From header carries the facility's caller ID, not the account.
        return f"""[global]
type = global
user_agent = Asterisk
{transports}
[{name}]
type = endpoint
context = facility
disallow = all
allow = {self.codecs}
aors = {name}
direct_media = no
rtp_symmetric = no
bind_rtp_to_media_address = yes
media_address = {self.address}
100rel = peer_supported
dtmf_mode = rfc4733
{"media_encryption = sdes" if self.protected else ""}
from_user = switch
{f"auth = {name}" if self.user else ""}
[{name}]
type = identify
endpoint = {name}
match = 127.0.0.0/8
[{name}]
type = aor
max_contacts = 1
{f"contact = {self.contact}" if self.contact else ""}
{authentication}"""


def namespaces() -> list[str]:
    """Options by which this user may have mounts of their own; PeerError if there are none."""
    choices = [
        ["--mount"],
        ["--user", "--map-root-user", "--mount"],
        # In a chroot that is no mount point, root may not change how / propagates.
        ["--mount", "--propagation", "unchanged"],
    ]
    for choice in choices:
        if not subprocess.run(["unshare", *choice, "true"], capture_output=True, check=False).returncode:
            return choice
    raise PeerError("Asterisk needs root or user namespaces (sysctl kernel.unprivileged_userns_clone=1)")


def _whole(file: Path) -> bool:
    """Whether a WAV file's head, which is written at the end, tells of all that is in it."""
    with contextlib.suppress(OSError, EOFError, wave.Error), wave.open(str(file), "rb") as wav:
        told = wav.getnframes() * wav.getnchannels() * wav.getsampwidth()
        return 0 < told == file.stat().st_size - HEAD_BYTES
    return False


def _fields(message: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in message.splitlines():
        key, found, value = line.partition(": ")
        if found:
            fields[key] = f"{fields[key]}\n{value}" if key in fields else value
    return fields
