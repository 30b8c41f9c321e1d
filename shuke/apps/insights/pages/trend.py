"""Where is revenue going?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.studies import study_context
from shuke.web.access import requires
from shuke.web.labels import label_of

Option = dict[str, Any]


@require_safe
@requires("insights.view")
def trend_page(request: HttpRequest) -> HttpResponse:
    """Revenue taken apart, and the weeks at which its level changed."""
    context = study_context(request, "trend")
    result = context["result"]
    if result:
        money = {"$format": "money", "currency": context["currency"]}
        context |= {
            "parts": _parts(result, money),
            "weeks": _weeks(result, money),
            "weekdays": _weekdays(result["weekdays"]) if result["weekdays"] else None,
            "breaks": [
                row | {"change": row["after"] / row["before"] - 1 if row["before"] else None}
                for row in result["breaks"]
            ],
        }
    return render(request, "insights/trend.html", context)


def _parts(result: dict[str, Any], money: dict[str, Any]) -> Option:
    """Revenue with its trend above; the season and what is left over below."""
    axis = {"type": "category", "data": result["days"], "axisLabel": {"formatter": {"$format": "date"}}}
    compact = {**money, "compact": True}
    hidden = {"axisLabel": {"show": False}}

    def line(key: str, name: str, *, grid: int, color: str, width: float) -> dict[str, Any]:
        return {
            "name": name,
            "type": "line",
            "xAxisIndex": grid,
            "yAxisIndex": grid,
            "showSymbol": False,
            "color": {"$color": color},
            "lineStyle": {"width": width},
            "data": result[key],
            "tooltip": {"valueFormatter": money},
        }

    tops = (("36", "38%"), ("55%", "13%"), ("76%", "13%"))
    return {
        "legend": {},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [
            {
                "left": 8,
                "right": 16,
                "top": int(top) if top.isdigit() else top,
                "height": height,
                "containLabel": True,
            }
            for top, height in tops
        ],
        "xAxis": [{**axis, **(hidden if grid < 2 else {}), "gridIndex": grid} for grid in range(3)],
        "yAxis": [
            {
                "type": "value",
                "gridIndex": grid,
                "splitNumber": 4 if grid == 0 else 2,
                "axisLabel": {"formatter": compact},
            }
            for grid in range(3)
        ],
        "series": [
            line("revenue", _("Revenue"), grid=0, color="slate", width=1),
            line("trend", _("Trend"), grid=0, color="primary", width=3),
            line("season", _("Season"), grid=1, color="blue", width=1.2),
            line("rest", _("What is left over"), grid=2, color="amber", width=1.2),
        ],
    }


def _weeks(result: dict[str, Any], money: dict[str, Any]) -> Option:
    """Revenue by week, and the level it kept until it changed."""
    return {
        "legend": {},
        "xAxis": {
            "type": "category",
            "data": result["weeks"],
            "axisLabel": {"formatter": {"$format": "date"}},
        },
        "yAxis": {"type": "value", "axisLabel": {"formatter": {**money, "compact": True}}},
        "series": [
            {
                "name": _("Revenue of the week"),
                "type": "bar",
                "color": {"$color": "slate"},
                "itemStyle": {"opacity": 0.45, "borderRadius": [2, 2, 0, 0]},
                "data": result["week_revenue"],
                "tooltip": {"valueFormatter": money},
            },
            {
                "name": _("Level of the weeks"),
                "type": "line",
                "step": "middle",
                "showSymbol": False,
                "color": {"$color": "primary"},
                "lineStyle": {"width": 3},
                "data": result["levels"],
                "tooltip": {"valueFormatter": money},
            },
        ],
    }


def _weekdays(season: list[float]) -> Option:
    """What each weekday is above or below an ordinary day."""
    percent = {"$format": "percent", "digits": 0}
    return {
        "xAxis": {"type": "category", "data": [label_of("weekday", day) for day in range(1, 8)]},
        "yAxis": {"type": "value", "axisLabel": {"formatter": percent}},
        "series": [
            {
                "name": _("Against an ordinary day"),
                "type": "bar",
                "barWidth": "55%",
                "data": [
                    {
                        "value": value,
                        "itemStyle": {
                            "color": {"$color": "primary" if value >= 0 else "amber"},
                            "borderRadius": 3,
                        },
                    }
                    for value in season
                ],
                "label": {"show": True, "position": "top", "formatter": percent},
                "tooltip": {"valueFormatter": percent},
            }
        ],
    }
