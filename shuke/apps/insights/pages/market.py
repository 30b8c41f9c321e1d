"""Which market segments do we win?"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.saving import in_layers
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.layer_names import dimension_name, name_in_words
from shuke.web.access import requires
from shuke.web.labels import label_of

Option = dict[str, Any]

FAMILIES = ("geography", "demography", "psychography", "behaviour")
COLORS = ("primary", "amber", "blue", "rose", "violet", "lime", "slate")
#: Lines of the picture over time.
LINES = 7
#: Diameter of the largest bubble.
LARGEST = 70
UNKNOWN, OTHER = "unknown", "…"


@require_safe
@requires("insights.view")
def market_page(request: HttpRequest) -> HttpResponse:
    """The segments of one dimension: table, bubbles, shares over time, and each as an audience."""
    context = study_context(request, "market")
    result = context["result"]
    if result:
        known = {dimension["code"]: dimension for dimension in result["dimensions"]}
        wanted = request.GET.get("by", "")
        chosen = known.get(wanted) or _first(result["dimensions"])
        names = result["layer_names"][f"market:{chosen['code']}"]
        segments = [_shown(row, names) for row in chosen["segments"]]
        context |= {
            "families": _menu(result["dimensions"], chosen["code"]),
            "dimension": chosen,
            "dimension_name": dimension_name(chosen["code"]),
            "segments": [(row, in_layers(f"market:{chosen['code']}", row["layer"])) for row in segments],
            "bubbles": _bubbles([row for row in segments if row["layer"] not in {UNKNOWN, OTHER}]),
            "over_time": _over_time(chosen["history"], segments, last=result["last"], days=result["days"]),
            "has_growth": any(row["growth"] is not None for row in segments),
            "has_year": any(row["year_growth"] is not None for row in segments),
            "has_ratings": any(row["ratings"] for row in segments),
            "has_costs": any(row["cost_minor"] for row in segments),
        }
    return render(request, "insights/market.html", context)


def _first(dimensions: list[dict[str, Any]]) -> dict[str, Any]:
    """Shown without a choice: not the single stores, which are many and small, if there is anything else."""
    return next(
        (dimension for dimension in dimensions if dimension["code"] != "favourite_store"), dimensions[0]
    )


def _menu(dimensions: list[dict[str, Any]], chosen: str) -> list[dict[str, Any]]:
    """The dimensions by family, the chosen one marked."""
    return [
        {
            "name": label_of("market_family", family),
            "items": [
                {
                    "code": dimension["code"],
                    "name": dimension_name(dimension["code"]),
                    "is_chosen": dimension["code"] == chosen,
                }
                for dimension in dimensions
                if dimension["family"] == family
            ],
        }
        for family in FAMILIES
        if any(dimension["family"] == family for dimension in dimensions)
    ]


def _shown(row: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    layer = row["segment"] or UNKNOWN
    return row | {"layer": layer, "name": name_in_words(names[layer])}


def _bubbles(segments: list[dict[str, Any]]) -> Option:
    """Growth to the right, worth upwards, size by members."""
    most = max((row["members"] for row in segments), default=1)
    percent = {"$format": "percent", "digits": 0}
    number = {"$format": "number", "digits": 1}
    shown = [row for row in segments if row["index"] is not None and row["revenue_minor"] > 0]
    return {
        "legend": {},
        "tooltip": False,
        "grid": {"left": 36, "right": 36, "top": 64, "bottom": 36, "containLabel": True},
        "xAxis": {
            "type": "value",
            "name": _("Growth against the quarter before"),
            "nameLocation": "middle",
            "nameGap": 28,
            "scale": True,
            "axisLabel": {"formatter": percent},
        },
        "yAxis": {
            "type": "value",
            "name": _("Revenue per member against the average"),
            "nameLocation": "middle",
            "nameGap": 36,
            "scale": True,
            "axisLabel": {"formatter": number},
        },
        "series": [
            {
                "name": row["name"],
                "type": "scatter",
                "symbolSize": max(10, round(LARGEST * math.sqrt(row["members"] / most))),
                "color": {"$color": COLORS[place % len(COLORS)]},
                "itemStyle": {"opacity": 0.7},
                "label": {"show": True, "formatter": "{a}", "position": "top", "color": {"$color": "text"}},
                "labelLayout": {"hideOverlap": True},
                "data": [[row["growth"] or 0, row["index"]]],
            }
            for place, row in enumerate(shown)
        ],
    }


def _over_time(history: list[list[Any]], segments: list[dict[str, Any]], *, last: str, days: int) -> Option:
    """The share of revenue of the largest segments, window by window."""
    shares = {(segment, period): share for segment, period, _revenue, share in history}
    periods = sorted({period for _segment, period in shares}, reverse=True)
    ends = [(date.fromisoformat(last) - timedelta(days=days * period)).isoformat() for period in periods]
    percent = {"$format": "percent", "digits": 0}
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": ends, "axisLabel": {"formatter": {"$format": "date"}}},
        "yAxis": {"type": "value", "axisLabel": {"formatter": percent}},
        "series": [
            {
                "name": row["name"],
                "type": "line",
                "color": {"$color": COLORS[place % len(COLORS)]},
                "data": [shares.get((row["segment"], period)) for period in periods],
                "tooltip": {"valueFormatter": percent},
            }
            for place, row in enumerate([row for row in segments if row["layer"] != UNKNOWN][:LINES])
        ],
    }
