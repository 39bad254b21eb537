"""What every request passes on its way in and out: an id, a log line, and an answer even to what went wrong inside."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kinline.console.problems import answer_to, problem
from kinline.counters import counters
from kinline.logs import log

_log = log(part="console")

# No answer is for a cache, a frame, or a browser that guesses at types.
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)


class Door:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        began, status = self._clock(), 0

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = {name for name, _ in message["headers"]}
                extra = [pair for pair in _HEADERS if pair[0] not in named]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *extra]
            await send(message)

        try:
            await self._app(scope, receive, out)
        except Exception as error:
            if status:
                raise
            known = answer_to(error, request_id)
            if known is None:
                counters.add("api_failed")
                _log.exception("request failed", request=request_id, path=scope["path"])
                known = problem(500, f"Kinline failed; tell whoever runs the host: request {request_id}", request_id)
            await known(scope, receive, out)
        finally:
            counters.add("api_answered", str(status))
            # The path alone: a query may hold people's numbers.
            _log.info(
                "request",
                request=request_id,
                method=scope["method"],
                path=scope["path"],
                status=status,
                staff=state.get("actor"),
                ms=round((self._clock() - began) * 1000, 1),
            )
