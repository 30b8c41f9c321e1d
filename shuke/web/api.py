"""The frame of the API: tokens, problem answers, paging and rate limits."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.security import HttpBearer
from ninja.security import SessionAuth as CookieAuth
from ninja.utils import check_csrf
from pydantic import Field

from shuke import __version__
from shuke.platform.accounts.queries import token_actor, user_actor
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor
from shuke.platform.rates import count_call
from shuke.web.access import actor_of
from shuke.web.parsing import StrictParser
from shuke.web.problems import WORDS, Problem, problem_response

Item = TypeVar("Item")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: A person clicking through the console stays far below; a runaway script in a browser does not.
SESSION_REQUESTS_PER_MINUTE = 600


def _count(actor: Actor, *, requests_per_minute: int) -> None:
    """Count the call against the actor's limit.  Raises ``Throttled`` with the seconds to wait."""
    seconds = now().timestamp()
    minute = int(seconds // 60)
    path = Path(settings.SHUKE_HOME) / "api-rates"
    if count_call(path, key=f"{actor.kind}:{actor.id}", minute=minute) > requests_per_minute:
        raise Throttled(wait=math.ceil((minute + 1) * 60 - seconds))


class TokenAuth(HttpBearer):
    """``Authorization: Bearer shk_…``; the actor is what the endpoint sees as ``request.auth``."""

    def authenticate(self, _request: HttpRequest, token: str) -> Actor:
        """The actor of a valid token.  A wrong token is refused, whatever cookie came with it."""
        found = token_actor(token, at=now())
        if found is None:
            raise AuthenticationError
        actor, view = found
        _count(actor, requests_per_minute=view.requests_per_minute)
        return actor


class SessionAuth(CookieAuth):
    """The signed-in person of the console; whatever changes something needs the CSRF token as well."""

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The actor, or ``None`` when nobody is signed in."""
        if not request.user.is_authenticated:
            return None
        if request.method not in SAFE_METHODS and check_csrf(request):
            raise HttpError(403, "Send the CSRF token of the session in the header X-CSRFToken.")
        actor = user_actor(request.user)
        _count(actor, requests_per_minute=SESSION_REQUESTS_PER_MINUTE)
        return actor


class Paging(Schema):
    """How much of a list to answer with."""

    limit: int = Field(50, ge=1, le=200)
    offset: int = Field(0, ge=0, le=10_000_000)


class Page(Schema, Generic[Item]):
    """A part of a list and how many there are in all."""

    items: list[Item]
    total: int
    limit: int
    offset: int


def paginate(items: Sequence[Any], total: int, paging: Paging) -> dict[str, Any]:
    """The answer of a list endpoint whose query already cut out the part."""
    return {"items": items, "total": total, "limit": paging.limit, "offset": paging.offset}


def permit(request: HttpRequest, permission: str) -> Actor:
    """The actor, who must hold the permission (else 403)."""
    actor = actor_of(request)
    actor.require(permission)
    return actor


class Api(NinjaAPI):
    """Ninja's API whose schema also tells the problem answers that every operation may give."""

    PROBLEM_STATUSES = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500)

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The OpenAPI document."""
        schema = super().get_openapi_schema(**options)
        reference = {"$ref": "#/components/schemas/Problem"}
        schema["components"].setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        for path in schema["paths"].values():
            for operation in path.values():
                answers = operation["responses"]
                for status in self.PROBLEM_STATUSES:
                    answers.setdefault(
                        status,
                        {
                            "description": WORDS[status][1],
                            "content": {"application/json": {"schema": reference}},
                        },
                    )
        return schema


def build_api() -> Api:
    """The API object without its routers."""
    api = Api(
        title="Shuke",
        version=__version__,
        description="Member marketing for retailers. Amounts are integers in minor units; times are UTC.",
        auth=[TokenAuth(), SessionAuth()],
        parser=StrictParser(),
        docs_url=None,
        urls_namespace="api",
    )
    _answer_problems(api)
    return api


def _answer_problems(api: Api) -> None:
    """Every failure becomes a ``Problem``; an unexpected one stays a fault that Django logs."""

    def answer(request: HttpRequest, problem: Problem, status: int) -> HttpResponse:
        return api.create_response(request, problem.model_dump(), status=status)

    @api.exception_handler(Refused)
    def refused(request: HttpRequest, error: Refused) -> HttpResponse:
        problem = Problem(code=error.code, message=str(error.message), details=error.details)
        return answer(request, problem, error.status)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        details = {".".join(str(part) for part in item["loc"][1:]): item["msg"] for item in error.errors}
        return answer(request, Problem(code="invalid", message=WORDS[422][1], details=details), 422)

    @api.exception_handler(Http404)
    def missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return problem_response(404)

    @api.exception_handler(RequestDataTooBig)
    def too_large(_request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
        return problem_response(413)

    @api.exception_handler(HttpError)
    def failed(request: HttpRequest, error: HttpError) -> HttpResponse:
        code, message = WORDS.get(error.status_code, WORDS[400])
        said = message if isinstance(error, AuthenticationError | Throttled) else str(error)
        response = answer(request, Problem(code=code, message=said), error.status_code)
        if isinstance(error, Throttled):
            response.headers["Retry-After"] = str(error.wait)
        return response


__all__ = ["Page", "Paging", "Problem", "build_api", "paginate", "permit"]
