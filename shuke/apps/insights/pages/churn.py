"""Who is about to leave?"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.charts import bars
from shuke.apps.insights.pages.saving import in_layers, tree
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.worth import most_at_risk
from shuke.apps.insights.schemas import Count
from shuke.web.access import requires
from shuke.web.labels import label_of

Option = dict[str, Any]

#: Ways to tell, in the order of the table.
METHODS = ("classifier", "recency", "own_cycle", "no_orders", "gone")
DRAWN = ("classifier", "recency")
COLORS = {"high": "rose", "medium": "amber", "low": "green"}


@require_safe
@requires("insights.view")
def churn_page(request: HttpRequest) -> HttpResponse:
    """Who is at risk and why, what is lost with them, and how good such risks were when the days had come."""
    context = study_context(request, "churn")
    result = context["result"]
    if result:
        judged = result["judgements"]
        context |= {
            "sizes": _sizes(result["layers"]),
            "reasons": _reasons(result["reasons"]),
            "curve": _curve(result["curve"]),
            "gains": _gains(result["gains"]),
            "layers": [(row, in_layers("churn", row["layer"])) for row in result["layers"]],
            "methods": [(name, judged[name]) for name in METHODS if name in judged],
            "top": most_at_risk(limit=20),
            "worth_keeping": _worth_keeping(),
            "judged_on": date.fromisoformat(result["judged_on"]),
        }
    return render(request, "insights/churn.html", context)


def _worth_keeping() -> str:
    """Of high or medium risk, and among the fifth with the highest value."""
    return tree(
        {"type": "layer", "scheme": "churn", "layers": ["high", "medium"], "did": True},
        {"type": "layer", "scheme": "value", "layers": ["top", "high"], "did": True},
    )


def _sizes(layers: list[dict[str, Any]]) -> Option:
    """Members by risk."""
    counts = [Count(name=label_of("layer:churn", row["layer"]), members=row["members"]) for row in layers]
    return bars(counts, name=_("Members"), colors=[COLORS[row["layer"]] for row in layers])


def _reasons(rows: list[dict[str, Any]]) -> Option:
    """How often each reason is among the three strongest of a member of high or medium risk."""
    counts = [Count(name=label_of("churn_reason", row["reason"]), members=row["members"]) for row in rows]
    return bars(counts, name=_("Members"))


def _curve(rows: list[dict[str, Any]]) -> Option:
    """What was said against what came, in ten groups of members; on the diagonal a chance means what it says."""
    percent = {"$format": "percent"}
    most = max([row[side] for row in rows for side in ("said", "came")], default=1.0)
    axis = {
        "type": "value",
        "min": 0,
        "max": min(1.0, round(most + 0.05, 1)),
        "axisLabel": {"formatter": percent},
        "nameLocation": "middle",
    }
    end = axis["max"]
    return {
        "tooltip": {"trigger": "item"},
        "legend": {},
        "grid": {"left": 28, "right": 16, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {**axis, "name": _("Chance that was told"), "nameGap": 28},
        "yAxis": {**axis, "name": _("Part that bought nothing"), "nameGap": 40},
        "series": [
            {
                "name": _("A tenth of the members"),
                "type": "scatter",
                "symbolSize": 11,
                "data": [[round(row["said"], 4), round(row["came"], 4)] for row in rows],
                "tooltip": {"valueFormatter": percent},
            },
            {
                "name": _("As told"),
                "type": "line",
                "showSymbol": False,
                "color": {"$color": "slate"},
                "lineStyle": {"type": "dashed", "width": 1.5},
                "data": [[0, 0], [end, end]],
                "silent": True,
            },
        ],
    }


def _gains(gains: dict[str, list[float]]) -> Option:
    """How many of those who fell silent are among the riskiest x % of the members."""
    percent = {"$format": "percent"}
    axis = {
        "type": "value",
        "min": 0,
        "max": 1,
        "axisLabel": {"formatter": percent},
        "nameLocation": "middle",
    }
    line = {"type": "line", "showSymbol": False}
    series = [
        {
            **line,
            "name": label_of("churn_method", name),
            "data": [
                [place / (len(gains[name]) - 1), round(part, 4)] for place, part in enumerate(gains[name])
            ],
            "tooltip": {"valueFormatter": percent},
        }
        for name in DRAWN
        if name in gains
    ]
    by_chance = {
        **line,
        "name": _("By chance"),
        "color": {"$color": "slate"},
        "lineStyle": {"type": "dashed", "width": 1.5},
        "data": [[0, 0], [1, 1]],
        "tooltip": {"valueFormatter": percent},
    }
    return {
        "legend": {},
        "grid": {"left": 28, "right": 16, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {**axis, "name": _("Part of the members, the riskiest first"), "nameGap": 28},
        "yAxis": {**axis, "name": _("Part of those who fell silent"), "nameGap": 44},
        "series": [*series, by_chance],
    }
