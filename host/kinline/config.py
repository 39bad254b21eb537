"""A site's settings: one TOML file, checked whole before anything starts."""

import tomllib
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from kinline.failure import Failure
from kinline.masked import masked
from kinline.rules.profile import Digit, PinMode

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
Codec = Literal["G722", "PCMU", "PCMA"]
Suite = Literal["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"]


class SettingsError(Failure, ValueError):
    """Settings that cannot be used; the text names the file, the key, what is wrong and what to write instead."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Storage(_Section):
    """Where things are kept. Relative paths count from the settings file's folder."""

    data_dir: Path = Path("/var/lib/kinline")
    database: str = ""
    recordings_dir: Path = Path()
    prompts_cache_dir: Path = Path()
    site_prompts_dir: Path | None = None
    exports_dir: Path = Path()
    secret_file: Path = Path()
    recording_keys_file: Path = Path()
    live_socket: Path = Path()
    profiles_dir: Path | None = None

    @field_serializer("database")
    def _without_password(self, address: str) -> str:
        return masked(address)


class HandsetLink(_Section):
    """One handset's serial port."""

    device_id: Annotated[str, Field(min_length=1, max_length=60)]
    port: Annotated[str, Field(min_length=1)]


class Trunk(_Section):
    """The central switch."""

    address: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-\[\]:]+$", min_length=1)]
    port: Port | None = None
    transport: Literal["udp", "tcp", "tls"] = "udp"
    domain: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    caller_id: Annotated[str, Field(pattern=r"^\+?[0-9]{3,15}$")] | None = None
    sip_bind: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    sip_port: Annotated[int, Field(ge=0, le=65535)] = 0
    media_bind: IPv4Address = IPv4Address("127.0.0.1")
    media_port: Annotated[int, Field(ge=0, le=65535)] = 0
    codecs: Annotated[tuple[Codec, ...], Field(min_length=1, max_length=3)] = ("G722", "PCMU", "PCMA")
    comfort_noise: bool = True
    media_protection: Literal["none", "opportunistic", "required"] = "none"
    srtp_suites: Annotated[tuple[Suite, ...], Field(min_length=1, max_length=2)] = (
        "AEAD_AES_128_GCM",
        "AES_CM_128_HMAC_SHA1_80",
    )
    session_expires_seconds: Annotated[int, Field(ge=90, le=7200)] = 1800
    t1x64_ms: Annotated[int, Field(ge=1000, le=64000)] = 32000
    tls_dir: Path | None = None

    @property
    def switch_port(self) -> int:
        return self.port or (5061 if self.transport == "tls" else 5060)

    @property
    def keys_in_clear(self) -> bool:
        """Whether whoever reads the signalling reads the media's keys, too."""
        return self.media_protection != "none" and self.transport != "tls"

    @property
    def auth_password(self) -> str | None:
        """The password, from the file where one is named. Never log it."""
        if self.password_file is not None:
            return self.password_file.read_text(encoding="utf-8").strip()
        return self.password.get_secret_value() if self.password else None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("has both password and password_file; keep password_file")
        if self.transport == "tls" and self.tls_dir is None:
            raise ValueError("transport is tls but tls_dir is missing; name the folder that holds agent.pem and cafile.pem")
        return self


class Audio(_Section):
    clean_microphone: bool = True  # cancel the receiver's echo, lower steady noise, even the level


class Acceptance(_Section):
    """The called party's keys, where the site departs from its profile."""

    accept: Digit | None = None
    refuse: Digit | None = None
    quote: Digit | None = None
    block: Digit | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        digits = [digit for digit in (self.accept, self.refuse, self.quote, self.block) if digit]
        if len(set(digits)) != len(digits):
            raise ValueError("gives one key two meanings; choose a different digit for each")
        return self


class Calls(_Section):
    """How a call goes. What is absent here follows the facility's profile."""

    profile: str | None = None
    pin_mode: PinMode | None = None
    acceptance: Acceptance = Acceptance()
    provider: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    language_choice: bool = True
    spoken_names: bool = True  # callers say their name once; without it a synthetic voice reads it
    ring_limit_seconds: Seconds = 40
    menu_timeout_seconds: Seconds = 10
    menu_repeats: Annotated[int, Field(ge=1, le=5)] = 3
    number_tries: Annotated[int, Field(ge=1, le=20)] = 3
    entry_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 15  # 16 bits of milliseconds on the wire
    checkpoint_seconds: Annotated[int, Field(ge=1, le=60)] = 1


class VoiceCheck(_Section):
    """The program that compares two voices where the profile asks for that: see `kinline.daemon.voices`."""

    program: tuple[str, ...] = ()
    seconds: Annotated[int, Field(ge=1, le=30)] = 5


class Firmware(_Section):
    """What the daemon keeps its handsets at: a bundle, and the public key that must have signed it. Off without them."""

    bundle: Path | None = None
    signer: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    idle_seconds: Seconds = 20  # on hook for so long before an update begins: a caller often lifts again

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.bundle is None) != (self.signer is None):
            raise ValueError("needs bundle and signer together; make firmware shows the signer")
        return self


class Logging(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Metrics(_Section):
    """Counters over HTTP, on loopback unless told; off without a port."""

    port: Port | None = None
    bind: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")


class Settings(_Section):
    facility: Annotated[str, Field(min_length=1, max_length=40)]
    storage: Storage = Storage()
    handset: tuple[HandsetLink, ...] = ()
    trunk: Trunk
    audio: Audio = Audio()
    calls: Calls = Calls()
    voice_check: VoiceCheck = VoiceCheck()
    firmware: Firmware = Firmware()
    logging: Logging = Logging()
    metrics: Metrics = Metrics()
    _file: Path = PrivateAttr(Path("the settings"))

    @property
    def file(self) -> Path:
        """Where they were read, for errors to name."""
        return self._file

    @field_validator("handset")
    @classmethod
    def _one_each(cls, links: tuple[HandsetLink, ...]) -> tuple[HandsetLink, ...]:
        for name in ("device_id", "port"):
            seen: set[str] = set()
            for link in links:
                if (value := getattr(link, name)) in seen:
                    raise ValueError(f"{name} {value!r} stands twice; each handset has its own")
                seen.add(value)
        return links

    @property
    def database_url(self) -> str:
        return self.storage.database


def load(path: Path | str) -> Settings:
    """Read and check a settings file. Raises SettingsError."""
    file = Path(path)
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}; name another file with --config") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: is not valid TOML: {error}") from error
    try:
        settings = Settings.model_validate(tables)
    except ValidationError as error:
        raise SettingsError("\n".join(_explained(file, item) for item in error.errors(include_url=False))) from error
    settings._file = file
    return _placed(settings, file.resolve().parent)


_ADVICE = {
    "extra_forbidden": "is not a setting; remove it, or check its spelling",
    "missing": "is missing; add it",
}


def _explained(file: Path, item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "the file"
    kind = item["type"]
    if kind in _ADVICE:
        return f"{file}: {key} {_ADVICE[kind]}"
    if kind == "value_error":
        return f"{file}: {key} {item['ctx']['error']}"
    shown = "" if _secret(key) or isinstance(item["input"], (dict, list)) else f" {item['input']!r}"
    return f"{file}: {key}:{shown} cannot be used; {item['msg'][0].lower()}{item['msg'][1:]}"


def _secret(key: str) -> bool:
    return "password" in key


def _placed(settings: Settings, folder: Path) -> Settings:
    """Fill what follows from the data folder, and make every path absolute."""
    storage = settings.storage
    data = folder / storage.data_dir
    empty = Path()

    def below(path: Path, name: str) -> Path:
        return data / name if path == empty else folder / path

    placed = storage.model_copy(
        update={
            "data_dir": data,
            "database": storage.database or f"sqlite:///{data / 'kinline.db'}",
            "recordings_dir": below(storage.recordings_dir, "recordings"),
            "prompts_cache_dir": below(storage.prompts_cache_dir, "prompts"),
            "exports_dir": below(storage.exports_dir, "exports"),
            "secret_file": below(storage.secret_file, "site.key"),
            "live_socket": below(storage.live_socket, "live.sock"),
            "recording_keys_file": below(storage.recording_keys_file, "recordings.key"),
            "site_prompts_dir": folder / storage.site_prompts_dir if storage.site_prompts_dir else None,
            "profiles_dir": folder / storage.profiles_dir if storage.profiles_dir else None,
        }
    )
    trunk = settings.trunk.model_copy(
        update={
            name: folder / path for name in ("password_file", "tls_dir") if (path := getattr(settings.trunk, name)) is not None
        }
    )
    firmware = settings.firmware
    if firmware.bundle is not None:
        firmware = firmware.model_copy(update={"bundle": folder / firmware.bundle})
    return settings.model_copy(update={"storage": placed, "trunk": trunk, "firmware": firmware})
