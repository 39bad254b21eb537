"""Failures over HTTP: RFC 9457 problem details, each with the place, what is wrong there, and the next step."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from kinline.failure import Failure
from kinline.operations.roles import Forbidden
from kinline.store.errors import Conflict, DatabaseError, NotFound

PROBLEM = "application/problem+json"
RETRY_SECONDS = 5


class Fault(BaseModel):
    """One thing that is wrong: where, and what to do about it."""

    place: str
    detail: str


class Problem(BaseModel):
    """Why it was not done. `detail` ends with the next step; `errors` name each field; `roles` are those that may."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Fault] = []
    roles: list[str] = []


def problem(
    status: int,
    detail: str,
    request_id: str,
    *,
    errors: Sequence[Fault] = (),
    roles: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    content = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=request_id,
        errors=list(errors),
        roles=list(roles),
    )
    return JSONResponse(content.model_dump(), status, dict(headers or {}), PROBLEM)


def status_of(error: Exception) -> int | None:
    """The status that one of our own errors has; None for one that is nobody's but ours to explain."""
    if isinstance(error, Forbidden):
        return 403
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, DatabaseError):
        return 503
    return 422 if isinstance(error, Failure) else None


def answer_to(error: Exception, request_id: str) -> JSONResponse | None:
    """The problem that an error of ours is told as."""
    status = status_of(error)
    if status is None:
        return None
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else None
    roles = error.roles if isinstance(error, Forbidden) else ()
    return problem(status, str(error), request_id, roles=roles, headers=headers)


def faults(errors: Sequence[Any]) -> list[Fault]:
    """Pydantic's errors as ours. What was sent is not repeated: it may be a PIN."""
    return [Fault(place=_place(item["loc"]), detail=_detail(item)) for item in errors]


def _place(path: Sequence[Any]) -> str:
    return ".".join(str(part) for part in path)


def _detail(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "missing":
        return "is missing; add it"
    if item["type"] == "extra_forbidden":
        return "is not a field of this request; remove it, or check its spelling"
    return f"{item['msg'][0].lower()}{item['msg'][1:]}"
