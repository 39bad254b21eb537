"""How a telephone is served as things stand: its facility's rules, and the manners that follow from them and the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from kinline.accounts.rates import RateLine
from kinline.calls.manners import WAYS_OF, Manners, OpenLine, Payer, PinMode
from kinline.config import Settings, SettingsError
from kinline.profiles import load_profile
from kinline.rules import Profile
from kinline.rules.profile import Acceptance, NamedNumber
from kinline.rules.sense import doubly_meant
from kinline.store.places import HandsetInfo
from kinline.store.store import Store


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`profile` names the facility's own lines too, after those of the rules; `rates` are the facility's own prices."""

    profile: Profile
    rates: tuple[RateLine, ...]
    manners: Manners
    zone: ZoneInfo

    def by_code(self, digits: str) -> NamedNumber | None:
        """The line that these digits are the code of."""
        return next((line for line in self.profile.named_numbers if line.dial == digits), None)


class Arrangements:
    """Reads settings, profiles and database anew each time; a profile's file that has changed is read again."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._stamp = _stamp(settings.storage.profiles_dir)

    def all(self) -> Mapping[str, Arrangement]:
        """By handset. Raises StoreError, ProfileError, SettingsError."""
        folder = self._settings.storage.profiles_dir
        if (stamp := _stamp(folder)) != self._stamp:
            load_profile.cache_clear()
            self._stamp = stamp
        served = {link.device_id for link in self._settings.handset}
        handsets = [handset for handset in self._store.handsets() if handset.device_id in served]
        facilities = {handset.facility for handset in handsets}
        own = {code: (self._store.named_lines(code), self._store.rates(code)) for code in facilities}
        # A site's telephones are mostly alike, and this is asked for every other second.
        alike: dict[HandsetInfo, Arrangement] = {}
        for handset in handsets:
            if (kind := _kind(handset)) not in alike:
                alike[kind] = self._of(handset, *own[handset.facility])
        return {handset.device_id: alike[_kind(handset)] for handset in handsets}

    def _of(self, handset: HandsetInfo, lines: tuple[NamedNumber, ...], rates: tuple[RateLine, ...]) -> Arrangement:
        calls = self._settings.calls
        profile = load_profile(calls.profile or handset.profile, self._settings.storage.profiles_dir)
        # A booking phone asks nobody for a PIN, whatever is the custom elsewhere; so its calls need none.
        pin_mode = PinMode.NONE if handset.pin_mode == "none" else PinMode(calls.pin_mode or handset.pin_mode)
        pin = replace(profile.pin, mode="none") if pin_mode is PinMode.NONE else profile.pin
        profile = replace(profile, named_numbers=profile.named_numbers + lines, pin=pin)
        keys = keys_of(self._settings, profile)
        manners = Manners(
            facility=handset.facility_name,
            pin_mode=pin_mode,
            languages=("en", "es") if calls.language_choice else ("en",),
            lines=_open_lines(profile),
            spoken_names=calls.spoken_names,
            voice_tries=profile.voice_check.tries if profile.voice_check and self._settings.voice_check.program else 0,
            provider=calls.provider,
            text_telephone=handset.text_telephone,
            accept_digit=keys.accept,
            refuse_digit=keys.refuse,
            quote_digit=keys.quote,
            block_digit=keys.block,
            on_machine=profile.acceptance.on_machine,
            machine_confidence=profile.acceptance.confidence,
            on_sign=profile.third_party.on_sign,
            sign_confidence=profile.third_party.confidence,
            account_digit=keys.account,
            payers=_payers(profile),
            account_code=profile.account_menu.dial if profile.account_menu else None,
            first_key_ms=calls.entry_timeout_seconds * 1000,
            ring_limit_ms=calls.ring_limit_seconds * 1000,
            menu_patience_ms=calls.menu_timeout_seconds * 1000,
            menu_times=calls.menu_repeats,
            number_tries=calls.number_tries,
            checkpoint_ms=calls.checkpoint_seconds * 1000,
        )
        return Arrangement(profile, rates, manners, ZoneInfo(handset.timezone))


def _kind(handset: HandsetInfo) -> HandsetInfo:
    """All of a handset but what its arrangement surely does not follow: which one it is, and whether it is in service."""
    return replace(handset, id=0, device_id="", psk=b"", unit=None, label="", enabled=True, locked_until=None)


def keys_of(settings: Settings, profile: Profile) -> Acceptance:
    """The called party's, the site's before the profile's: together they may clash where neither does alone, and one that
    the called party presses to refuse would accept. Raises SettingsError.
    """
    own = settings.calls.acceptance.model_dump(exclude_none=True)
    keys = replace(profile.acceptance, **own)
    for key, digit, other in doubly_meant(keys):
        raise SettingsError(
            f"{settings.file}: calls.acceptance, with what profile {profile.name} has, makes {digit} the key for {other} and "
            f"for {key}; choose another digit for one of them there"
        )
    return keys


def _payers(profile: Profile) -> tuple[Payer, ...]:
    """Between whom the caller chooses."""
    paying = profile.paying
    return tuple(payer for payer in Payer if paying.caller_chooses and set(WAYS_OF[payer]) & set(paying.methods))


def _open_lines(profile: Profile) -> tuple[OpenLine, ...]:
    """The lines that need no PIN and have a code to reach them by; the first with a code has it."""
    lines = {line.dial: line for line in reversed(profile.named_numbers) if line.dial and line.without_pin}
    return tuple(OpenLine(code, line.label) for code, line in reversed(lines.items()) if code)


def _stamp(folder: Path | None) -> tuple[tuple[str, int], ...]:
    """Changes whenever a profile of the site's own does."""
    files = sorted(folder.glob("*.toml")) if folder else []
    return tuple((file.name, file.stat().st_mtime_ns) for file in files)
