"""Where a supervisor looks: is it alive, is it ready, what are the numbers."""

import hmac
import ipaddress
import os

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from shuke.platform.clock import now
from shuke.platform.observability.collector import DatabaseCollector
from shuke.platform.observability.health import readiness


@never_cache
@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 if the console can do its work (``status`` says whether all of it), else 503.

    The details of each part are for those who may also read the metrics.
    """
    found = readiness(at=now())
    body = found.model_dump() if may_observe(request) else {"status": found.status}
    return JsonResponse(body, status=503 if found.status == "unready" else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers of all processes in Prometheus' text format."""
    if not may_observe(request):
        return HttpResponseForbidden(
            "Metrics are for this machine, or with 'Authorization: Bearer' and SHUKE_METRICS_TOKEN.\n",
            content_type="text/plain",
        )
    database = CollectorRegistry()
    database.register(DatabaseCollector())
    processes = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        processes = CollectorRegistry()
        MultiProcessCollector(processes)
    return HttpResponse(
        generate_latest(processes) + generate_latest(database), content_type=CONTENT_TYPE_LATEST
    )


def may_observe(request: HttpRequest) -> bool:
    """A caller with the token, or on this machine and not forwarded by a proxy that runs on it."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    token = settings.METRICS_TOKEN
    if token and kind.lower() == "bearer" and hmac.compare_digest(given.encode(), token.encode()):
        return True
    if any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
