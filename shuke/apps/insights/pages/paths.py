"""How do they come back?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages import path_charts
from shuke.apps.insights.pages.saving import tree
from shuke.apps.insights.pages.studies import study_context
from shuke.web.access import requires

GRAINS = ("month", "week")
MEASURES = ("members", "revenue")
PLACES = ("department", "channel", "store")


@require_safe
@requires("insights.view")
def paths_page(request: HttpRequest) -> HttpResponse:
    """Cohorts with their curves, the funnel of purchases, ways, the mix of channels, days and hours."""
    context = study_context(request, "paths")
    result = context["result"]
    if result:
        grain, measure = _chosen(request, "grain", GRAINS), _chosen(request, "measure", MEASURES)
        places = [place for place in PLACES if result["ways"][place]]
        place = _chosen(request, "place", tuple(places)) if places else ""
        cohorts, currency = result["cohorts"][grain], context["currency"]
        context |= {
            "triangle": path_charts.triangle(
                cohorts["triangle"], grain=grain, measure=measure, currency=currency
            ),
            "curve": path_charts.curve(cohorts["curve"], grain=grain, currency=currency),
            "steps": path_charts.steps(result["funnels"]["windows"]),
            "segments": _segments(result["funnels"]["by"]),
            "ways": path_charts.sankey(result["ways"][place]) if place else None,
            "channels": path_charts.channels(result["channels"], currency=currency),
            "hours": path_charts.hours(result["hours"]),
            "chosen": {"grain": grain, "measure": measure, "place": place},
            "place_choices": [(name, place_names()[name]) for name in places],
            "waiting": _waiting(result["second"]["usual_days"]),
        }
    return render(request, "insights/paths.html", context)


def place_names() -> dict[str, str]:
    """What visits may be told apart by."""
    return {"department": _("Departments"), "channel": _("Channels"), "store": _("Stores")}


def _chosen(request: HttpRequest, name: str, known: tuple[str, ...]) -> str:
    wanted = request.GET.get(name, "")
    return wanted if wanted in known else known[0]


def _waiting(usual_days: int | None) -> str:
    """Bought once, longer ago than nine out of ten took for the second purchase."""
    if usual_days is None:
        return ""
    return tree(
        {"type": "trait", "field": "orders_total", "operator": "eq", "value": 1},
        {"type": "trait", "field": "recency_days", "operator": "ge", "value": usual_days},
    )


def _segments(by: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the funnel by how members began; nothing is told apart by one value."""
    names = {"department": _("First department"), "channel": _("First channel")}
    return [
        {
            "by": names[kind],
            "name": pgettext("paths", "Other") if value == "other" else value,
            "members": steps[0]["members"],
            "parts": [step["of_first"] for step in steps[1:]],
        }
        for kind, values in by.items()
        if len(values) > 1
        for value, steps in values.items()
    ]
