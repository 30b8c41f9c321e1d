"""Pages of sources: who may send, what came, what was expected."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from shuke.apps.collector.schemas import SourceView


def collector_url(request: HttpRequest) -> str:
    """Where senders reach the collector: as configured, else the console's name and its next port."""
    if settings.SHUKE_COLLECTOR_URL:
        return str(settings.SHUKE_COLLECTOR_URL)
    name, _colon, port = request.get_host().rpartition(":")
    if not name or not port.isdigit():
        return f"{request.scheme}://{request.get_host()}:8001"
    return f"{request.scheme}://{name}:{int(port) + 1}"


def tabs_of(source: SourceView) -> list[tuple[str, str]]:
    """(address, label) of the pages of one source."""
    names = (
        ("source", _("Setup")),
        ("live", _("Live")),
        ("plan", _("Tracking plan")),
        ("settings", _("Settings")),
    )
    return [(reverse(f"collector:{name}", args=[source.id]), label) for name, label in names]
