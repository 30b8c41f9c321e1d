"""Problem answers: every error under ``/api/`` has the same body, also those that no endpoint raised."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from ninja import Schema
from pydantic import Field

API_PREFIX = "/api/"
#: Code and sentence of the answers that Django and the server give by themselves.
WORDS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request could not be read."),
    401: ("not_authenticated", "Send a valid API token as 'Authorization: Bearer …'."),
    403: ("not_permitted", "This is not permitted."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method; see the header Allow."),
    409: ("refused", "The request was refused and has changed nothing."),
    413: ("too_large", "The request is too large."),
    415: ("unsupported_media_type", "This content type is not taken here."),
    422: ("invalid", "The request is not valid."),
    429: ("too_many_requests", "Too many requests; wait as long as the header Retry-After says."),
    500: ("fault", "Something went wrong on our side; it has been logged."),
    503: ("unavailable", "This is not available just now; try again in a moment."),
}


class Problem(Schema):
    """The body of every error answer."""

    code: str = Field(description="Short and stable, for programs.")
    message: str = Field(description="A sentence for people: what is wrong and how to mend it.")
    details: dict[str, Any] = Field(default_factory=dict, description="Facts for the caller.")


class ProblemMiddleware:
    """Gives errors under ``/api/`` that are not JSON yet the body of a ``Problem``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_api = request.path.startswith(API_PREFIX)
        if "\x00" in request.path:
            # Nothing is named with NUL, and PostgreSQL cannot even be asked for it.
            return problem_response(404) if is_api else HttpResponseNotFound(WORDS[404][1])
        if not is_api:
            return self.get_response(request)
        response = self.get_response(request)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code < 400 or is_json:
            return response
        answer = problem_response(response.status_code)
        for header in ("Allow", "Retry-After"):
            if header in response.headers:
                answer.headers[header] = response.headers[header]
        return answer


def problem_response(status: int) -> JsonResponse:
    """The problem of a status in general words."""
    code, message = WORDS.get(status, WORDS[400 if status < 500 else 500])
    return JsonResponse(Problem(code=code, message=message).model_dump(), status=status)
