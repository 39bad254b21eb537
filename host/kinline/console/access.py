"""Who asks: the bearer token of a request, and the member of staff that it stands for."""

from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from kinline.accounts.tokens import read_token
from kinline.config import Settings
from kinline.console.throttle import Throttle
from kinline.counters import counters
from kinline.logs import log
from kinline.operations.desk import Desk
from kinline.operations.roles import staff_actor
from kinline.store.store import Store

_log = log(part="console")

_bearer = HTTPBearer(scheme_name="staff_token", description="As `kinline staff add` shows it, once.", auto_error=False)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Unknown(Exception):
    """The request comes from nobody that we know."""


class TooManyMisses(Exception):
    """Guessing at tokens; `seconds` is how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many wrong tokens; wait {seconds} s, then try again with the right one")
        self.seconds = seconds


class Access:
    """Knows the staff of a site, and gives each a desk there."""

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._throttle = Throttle()

    def desk(self, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Desk:
        """Raises Unknown, TooManyMisses, StoreError."""
        if credentials is None:
            raise Unknown("this needs a staff token: send the header Authorization: Bearer TOKEN")
        now = self._clock()
        who = self._guesser(request, credentials.credentials)
        if pause := self._throttle.pause(who, now):
            counters.add("api_throttled")
            raise TooManyMisses(ceil(pause.total_seconds()))
        found = self._store.staff_by_token(credentials.credentials, now)
        if found is None:
            counters.add("api_unknown_token")
            self._throttle.missed(who, now)
            _log.warning("token refused", guesser=who)
            raise Unknown("this token is wrong, expired or revoked; ask whoever runs the host for a new one")
        self._throttle.succeeded(who)
        request.state.actor = found.name
        return Desk(self._store, self._settings, staff_actor(found), self._clock)

    def _guesser(self, request: Request, text: str) -> str:
        """Whom misses are counted against: a known token's id at an address, so that a colleague behind the same proxy
        is not locked out; everything else from that address is one.
        """
        token = read_token(text)
        known = token is not None and self._store.token_is_given(token.id)
        address = request.client.host if request.client else "nowhere"
        return f"{address} {token.id}" if token and known else address


def desk_of(request: Request, credentials: Credentials) -> Desk:
    """The desk of whoever asks, at the site that the application was given."""
    access: Access = request.app.state.access
    return access.desk(request, credentials)
