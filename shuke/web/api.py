"""The frame of the API: tokens, problem answers, paging and rate limits."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth
from pydantic import Field

from shuke import __version__
from shuke.platform.accounts.queries import token_actor
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.permissions import Actor
from shuke.web.access import actor_of

Item = TypeVar("Item")


class TokenAuth(HttpBearer):
    """``Authorization: Bearer shk_…``; the actor is what the endpoint sees as ``request.auth``."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """The actor of a valid token."""
        found = token_actor(token, at=now())
        return found[0] if found else None


class Problem(Schema):
    """The body of every error answer."""

    code: str
    message: str
    details: dict[str, Any] = {}


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


def build_api() -> NinjaAPI:
    """The API object without its routers."""
    api = NinjaAPI(title="Shuke", version=__version__, auth=[TokenAuth(), SessionAuth()], docs_url=None)

    def answer(request: HttpRequest, problem: Problem, status: int) -> HttpResponse:
        return api.create_response(request, problem.model_dump(), status=status)

    @api.exception_handler(Refused)
    def refused(request: HttpRequest, error: Refused) -> HttpResponse:
        return answer(
            request, Problem(code=error.code, message=str(error.message), details=error.details), error.status
        )

    @api.exception_handler(AuthenticationError)
    def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        message = "Send a valid API token as 'Authorization: Bearer …'."
        return answer(request, Problem(code="not_authenticated", message=message), 401)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        details = {".".join(str(part) for part in item["loc"][1:]): item["msg"] for item in error.errors}
        return answer(
            request, Problem(code="invalid", message="The request is not valid.", details=details), 422
        )

    @api.exception_handler(HttpError)
    def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer(request, Problem(code="bad_request", message=str(error)), error.status_code)

    return api


__all__ = ["Page", "Paging", "Problem", "build_api", "paginate", "permit"]
