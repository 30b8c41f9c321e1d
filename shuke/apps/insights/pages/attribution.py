"""Which channel earned it?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.studies import study_context
from shuke.web.access import requires
from shuke.web.labels import label_of
from shuke.web.panels import names_of

Option = dict[str, Any]

DIMENSIONS = ("channel", "campaign")
METHODS = ("first", "last", "linear", "position", "time_decay", "markov", "shapley")


@require_safe
@requires("insights.view")
def attribution_page(request: HttpRequest) -> HttpResponse:
    """All rules side by side, by channel or by campaign, with what they cannot say."""
    context = study_context(request, "attribution")
    result = context["result"]
    if result:
        wanted = request.GET.get("by", "")
        dimension = wanted if wanted in DIMENSIONS else DIMENSIONS[0]
        found = result["dimensions"][dimension]
        names = _names([row["name"] for row in found["channels"]], dimension)
        context |= {
            "found": found,
            "chosen": dimension,
            "dimensions": [("channel", _("By channel")), ("campaign", _("By campaign"))],
            "methods": list(method_names().values()),
            "rows": [
                {
                    "name": names[row["name"]],
                    "effect": row["effect"],
                    "numbers": [row["conversions"][method] for method in METHODS],
                    "value_minor": round(row["values_minor"]["shapley"]),
                }
                for row in found["channels"]
            ],
            "chart": _chart(found, names),
        }
    return render(request, "insights/attribution.html", context)


def method_names() -> dict[str, str]:
    """What people call the rules, in the order of the page."""
    return {
        "first": _("First touch"),
        "last": _("Last touch"),
        "linear": _("Evenly"),
        "position": _("By position"),
        "time_decay": _("Time decay"),
        "markov": _("Markov chain"),
        "shapley": _("Shapley value"),
    }


def _names(codes: list[str], dimension: str) -> dict[str, str]:
    # A visit's channel is the site or app that told of it.
    known = names_of("campaign" if dimension == "campaign" else "source", codes)
    words = {code: label_of("channel", code) for code in codes} | {
        "mailed": pgettext("attribution", "Mailing")
    }
    return {
        code: pgettext("attribution", "Other") if code == "other" else known.get(code, words[code])
        for code in codes
    }


def _chart(found: dict[str, Any], names: dict[str, str]) -> Option:
    """One bar for each rule, divided by whom it gives the purchases."""
    total = found["total"] or 1
    return {
        "legend": {},
        "grid": {"left": 16, "right": 16, "top": 36, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "max": 1, "axisLabel": {"formatter": {"$format": "percent", "digits": 0}}},
        "yAxis": {"type": "category", "inverse": True, "data": list(method_names().values())},
        "series": [
            {
                "name": names[row["name"]],
                "type": "bar",
                "stack": "share",
                "barWidth": "62%",
                "data": [round(row["conversions"][method] / total, 4) for method in METHODS],
                "tooltip": {"valueFormatter": {"$format": "percent"}},
            }
            for row in found["channels"]
        ],
    }
