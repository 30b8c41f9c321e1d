"""The live debugger: the newest events of a source, taken and put aside, each with its reasons."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.collector.pages import tabs_of
from shuke.apps.collector.pages.sources import business_today
from shuke.apps.collector.queries import live_events, loader_lag, source
from shuke.apps.collector.schemas import RecentEvent
from shuke.platform.clock import now
from shuke.web.access import requires

SHOWN = 50
#: Loading takes a few seconds; what waits longer than this deserves a word.
LATE = timedelta(seconds=60)
STATES = ("", "accepted", "quarantined")


@dataclass(frozen=True)
class Row:
    """An event with what the page writes of it."""

    event: RecentEvent
    time: str
    properties: str
    context: str


def _state(request: HttpRequest) -> str:
    asked = request.GET.get("state", "")
    return asked if asked in STATES else ""


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) if value else ""


def _rows(source_id: str, state: str) -> list[Row]:
    zone = timezone.get_current_timezone()
    return [
        Row(
            event=event,
            time=f"{event.received_at.astimezone(zone):%m-%d %H:%M:%S}",
            properties=_json(event.properties),
            context=_json(event.context),
        )
        for event in live_events(source_id, at=now(), state=state, limit=SHOWN)
    ]


def _waiting_since(at: datetime) -> datetime | None:
    """Since when events wait for the loader, if that is longer than it should be."""
    oldest = loader_lag().oldest_at
    return oldest if oldest is not None and at - oldest > LATE else None


@require_safe
@requires("sources.view")
def show_live(request: HttpRequest, source_id: str) -> HttpResponse:
    """The page, which fetches its rows anew every few seconds."""
    view = source(source_id, today=business_today())
    state, tabs = _state(request), tabs_of(view)
    labels = {"": _("All"), "accepted": _("Taken in"), "quarantined": _("Put aside")}
    context = {
        "source": view,
        "tabs": tabs,
        "current": tabs[1][0],
        "state": state,
        "states": [(code, labels[code]) for code in STATES],
        "rows": _rows(source_id, state),
        "waiting_since": _waiting_since(now()),
    }
    return render(request, "collector/live.html", context)


@require_safe
@requires("sources.view")
def show_rows(request: HttpRequest, source_id: str) -> HttpResponse:
    """The rows alone."""
    state = _state(request)
    context = {"rows": _rows(source_id, state), "state": state, "waiting_since": _waiting_since(now())}
    return render(request, "collector/live_rows.html", context)
