"""Refusals that no page caught become a page that says what to do."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shuke.platform.errors import Refused


class RefusalMiddleware:
    """Renders ``Refused`` with its status; anything else stays a fault."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a refusal into a page."""
        if not isinstance(exception, Refused):
            return None
        return render(request, "web/refused.html", {"refusal": exception}, status=exception.status)
