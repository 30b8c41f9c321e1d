"""Around every request: an id, a line in the log, a measure of time."""

import logging
import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from shuke.platform.observability.metrics import observe_request

log = logging.getLogger("shuke.request")
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestLog:
    """Binds ``request_id`` (a caller's ``X-Request-Id`` if it is well-formed) and counts by route name.

    The log has the route, never the path or the query: those may hold what somebody searched for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request, then tell of it."""
        given = request.headers.get("X-Request-Id", "")
        request_id = given if ACCEPTABLE_ID.fullmatch(given) else secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            self._tell(request, response, time.perf_counter() - began)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        response["X-Request-Id"] = request_id
        return response

    def _tell(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        method = request.method if request.method in METHODS else "OTHER"
        route = route_of(request)
        observe_request(method=str(method), route=route, status=response.status_code, seconds=seconds)
        if route in {"health:live", "health:ready", "metrics", "static"}:
            return
        facts = {
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000, 1),
        }
        log.info("request", extra=facts)


class RouteInsteadOfPath(logging.Filter):
    """Lets Django tell of a fault by the name of the route: paths hold links that open somebody's page."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass every record on, without its path."""
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            record.args = (str(record.msg).partition(":")[0], route_of(request))
            record.msg = "%s at %s"
            # Its representation quotes the path, too.
            del record.__dict__["request"]
        return True


def route_of(request: HttpRequest) -> str:
    """The name of the route, such as ``members:member``; ``static`` for files, ``unknown`` for none."""
    match = request.resolver_match
    if match is not None:
        return match.view_name or match.route or "unnamed"
    return "static" if request.path_info.startswith("/static/") else "unknown"
