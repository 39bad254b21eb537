"""The application: one route for each operation, and every failure as a problem."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from kinline.config import Settings
from kinline.console.access import Access, TooManyMisses, Unknown, desk_of
from kinline.console.door import Door
from kinline.console.problems import PROBLEM, Problem, faults, problem
from kinline.operations.desk import Desk
from kinline.operations.nouns import NOUNS
from kinline.operations.operation import Operation, Sound, catalogue, perform, permit, refused
from kinline.operations.roles import Forbidden
from kinline.store.store import Store

LARGEST_BODY = 2**20
"""Bytes. The largest request is a CSV import of some thousand lines."""

WAV = "audio/wav"
_NOT_JSON = "the body is not JSON; send one JSON object in UTF-8"
_PROBLEMS = {
    400: "not JSON",
    401: "no valid token",
    403: "not one of the roles that may, or not the facility",
    404: "nothing has that name",
    409: "it exists already, or is in another state",
    413: "too large",
    415: "not sent as JSON",
    422: "a field is wrong, or what it asks cannot be done",
    429: "too many wrong tokens",
    503: "the database cannot be used just now",
}


class _SoundResponse(StreamingResponse):
    """Stands for a sound in the document."""

    media_type = WAV


def _utc_now() -> datetime:
    return datetime.now(UTC)


def application(store: Store, settings: Settings, clock: Callable[[], datetime] = _utc_now) -> FastAPI:
    """The API over one site's database."""
    app = without_site()
    app.state.access = Access(store, settings, clock)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document, for which no site is needed."""
    return without_site().openapi()


def without_site() -> FastAPI:
    """The API whole but for `state.access`, which says who may ask what of which site."""
    app = FastAPI(
        title="Kinline",
        version=version("kinline"),
        description="Telephones in correctional facilities: what staff do, over HTTP. The same as the `kinline` command.",
        openapi_tags=[{"name": name, "description": noun.summary} for name, noun in sorted(NOUNS.items())],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=LARGEST_BODY,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(Door)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    for wanted in catalogue().values():
        if wanted.over_http:
            _serve(app, wanted)
    _tell_failures(app)
    return app


def _serve(app: FastAPI, wanted: Operation) -> None:
    def allowed(desk: Annotated[Desk, Depends(desk_of)]) -> Desk:
        """Before the request is read: whoever may not ask learns nothing about what they asked."""
        try:
            permit(desk, wanted)
        except Forbidden as refusal:
            refused(desk, wanted, refusal)
            raise
        return desk

    def endpoint(desk: Desk, request: Any) -> Any:
        result = perform(desk, wanted, request)
        if isinstance(result, Sound):
            return StreamingResponse(result.wav, media_type=WAV)
        return JSONResponse(wanted.as_json(result))

    place = Body(openapi_examples={"example": {"value": wanted.example}}) if wanted.changes else Query()
    endpoint.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            _parameter("desk", Annotated[Desk, Depends(allowed)]),
            _parameter("request", Annotated[wanted.request, place]),
        ]
    )
    app.add_api_route(
        f"/api/{wanted.name.replace('.', '/')}",
        endpoint,
        methods=["POST" if wanted.changes else "GET"],
        response_model=None if wanted.answer is Sound else wanted.answer,
        response_class=_SoundResponse if wanted.answer is Sound else JSONResponse,
        name=wanted.name,
        tags=[wanted.noun],
        summary=wanted.summary.partition("\n")[0].rstrip("."),
        description=f"{wanted.summary}\n\nFor: {', '.join(sorted(wanted.roles))}.",
        responses={status: _documented(why) for status, why in _PROBLEMS.items()},
    )


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)


def _documented(why: str) -> dict[str, Any]:
    return {"description": why, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
            separate_input_output_schemas=app.separate_input_output_schemas,
        )
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        made["components"]["schemas"] |= {**schema.pop("$defs"), "Problem": schema}
        app.openapi_schema = made
    return app.openapi_schema


def _tell_failures(app: FastAPI) -> None:
    def request_id(request: Request) -> str:
        return str(request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def _unreadable(request: Request, error: RequestValidationError) -> JSONResponse:
        items = error.errors()
        sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if request.method == "POST" and sent_as != "application/json":
            return problem(415, "send one JSON object, with Content-Type: application/json", request_id(request))
        if any(item["type"] == "json_invalid" for item in items):
            return problem(400, _NOT_JSON, request_id(request))
        found = faults(items)
        detail = "; ".join(f"{fault.place}: {fault.detail}" for fault in found)
        return problem(422, detail, request_id(request), errors=found)

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> JSONResponse:
        detail = {
            400: _NOT_JSON,
            404: "nothing is served here; /openapi.json lists what is",
            405: f"this is not asked with {request.method}; /openapi.json says how",
            413: f"the body is larger than {LARGEST_BODY} bytes; send less at once",
        }.get(error.status_code, f"{HTTPStatus(error.status_code).phrase}; /openapi.json says what can be asked")
        return problem(error.status_code, detail, request_id(request), headers=error.headers)

    @app.exception_handler(Unknown)
    async def _unknown(request: Request, error: Unknown) -> JSONResponse:
        return problem(401, str(error), request_id(request), headers={"WWW-Authenticate": "Bearer"})

    @app.exception_handler(TooManyMisses)
    async def _too_many(request: Request, error: TooManyMisses) -> JSONResponse:
        return problem(429, str(error), request_id(request), headers={"Retry-After": str(error.seconds)})
