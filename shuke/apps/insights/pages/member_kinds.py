"""What kinds of members are there?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.kind_words import measure_text
from shuke.apps.insights.pages.saving import in_layers
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.layer_names import name_in_words
from shuke.web.access import requires
from shuke.web.labels import label_of

Option = dict[str, Any]

COLORS = ("primary", "amber", "blue", "rose", "violet", "lime", "slate")
#: What the table says of an ordinary member of a kind.
TABLE = ("orders", "recency_days", "average_order_minor", "categories", "discount_share")

#: Names beside a chart: all of them, in lines of this many pixels.
NAMES = {"interval": 0, "width": 112, "overflow": "break", "hideOverlap": False}


@require_safe
@requires("insights.view")
def kinds_page(request: HttpRequest) -> HttpResponse:
    """The map of members, the profile of each kind, and the members of a kind as an audience."""
    context = study_context(request, "kinds")
    result = context["result"]
    if result:
        kinds = [kind | {"name": kind_text(kind["words"])} for kind in result["kinds"]]
        columns = [name for name in TABLE if name in result["measures"]]
        chosen = next((tried for tried in result["tried"] if tried["k"] == len(kinds)), None)
        context |= {
            "kinds": [
                (
                    kind,
                    COLORS[place % len(COLORS)],
                    [measure_text(name, kind["medians"][name], context["currency"]) for name in columns],
                    in_layers("kind", kind["code"]),
                )
                for place, kind in enumerate(kinds)
            ],
            "columns": [label_of("measure", name) for name in columns],
            "map": _map(result["map"], [kind["name"] for kind in kinds]),
            "profile": profile(kinds, result["measures"]),
            "sizes": _sizes(kinds),
            "stability": chosen["stability"] if chosen else None,
            "tried": _tried(result["tried"]),
        }
    return render(request, "insights/kinds.html", context)


def kind_text(words: Sequence[str]) -> str:
    """The name of a kind in the reader's language."""
    return name_in_words({"noun": "kind_word", "codes": words})


def _map(found: dict[str, Any], names: list[str]) -> Option:
    """Members as dots on two axes, coloured by kind."""
    axes = [_("More: {words}").format(words=kind_text(axis)) for axis in found["axes"]]
    common = {"type": "value", "nameLocation": "middle", "axisLabel": {"show": False}, "scale": True}
    return {
        "legend": {},
        "tooltip": False,
        "grid": {"left": 36, "right": 12, "top": 40, "bottom": 36, "containLabel": True},
        "xAxis": {**common, "name": axes[0], "nameGap": 16},
        "yAxis": {**common, "name": axes[1], "nameGap": 16},
        "series": [
            {
                "name": name,
                "type": "scatter",
                "symbolSize": 5,
                "color": {"$color": COLORS[place % len(COLORS)]},
                "itemStyle": {"opacity": 0.6},
                "data": [[x, y] for x, y, kind in found["dots"] if kind == place],
            }
            for place, name in enumerate(names)
        ],
    }


def profile(kinds: list[dict[str, Any]], measures: list[str]) -> Option:
    """Each kind against the middle of all members, measure by measure."""
    data = [
        [column, row, kind["means"][name]]
        for column, kind in enumerate(kinds)
        for row, name in enumerate(measures)
    ]
    return heat_map(
        data,
        columns=[kind["name"] for kind in kinds],
        rows=[label_of("measure", name) for name in measures],
        most=1.2,
        name=_("Against the middle of all members"),
    )


def heat_map(data: list[list[Any]], *, columns: list[str], rows: list[str], most: float, name: str) -> Option:
    """Cells from below (amber) over none to above (primary), with their numbers."""
    axis = {"type": "category", "splitArea": {"show": False}}
    return {
        "tooltip": {"trigger": "item"},
        # Room for names that break: the library counts too little for them by itself.
        "grid": {"left": 124, "right": 8, "top": 8, "bottom": 64},
        "xAxis": {**axis, "data": columns, "axisLabel": {"interval": 0, "rotate": 30, "hideOverlap": False}},
        "yAxis": {
            **axis,
            "data": rows,
            "inverse": True,
            "axisLabel": NAMES,
        },
        "visualMap": {
            "show": False,
            "min": -most,
            "max": most,
            "inRange": {"color": [{"$color": "amber"}, {"$color": "surface"}, {"$color": "primary"}]},
        },
        "series": [
            {
                "name": name,
                "type": "heatmap",
                "data": [[*place, _plain(value)] for *place, value in data],
                "label": {
                    "show": True,
                    "color": {"$color": "text"},
                    "fontSize": 11,
                    "formatter": {"$format": "number", "digits": 1},
                },
                "itemStyle": {
                    "borderWidth": 2,
                    "borderColor": {"$color": "surface"},
                    "borderRadius": 4,
                },
                "tooltip": {"valueFormatter": {"$format": "number", "digits": 2}},
            }
        ],
    }


def _plain(value: Any) -> Any:
    """The value without a minus before what is shown as 0."""
    return 0 if isinstance(value, float) and abs(value) < 0.05 else value


def _sizes(kinds: list[dict[str, Any]]) -> Option:
    """Share of members beside share of revenue."""
    return {
        "legend": {},
        "grid": {"left": 124, "right": 48, "top": 36, "bottom": 4},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [kind["name"] for kind in kinds],
            "axisLabel": NAMES,
        },
        "series": [
            {
                "name": name,
                "type": "bar",
                "color": {"$color": color},
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "data": [kind[key] for kind in kinds],
                "label": {
                    "show": True,
                    "position": "right",
                    "formatter": {"$format": "percent", "digits": 0},
                },
                "tooltip": {"valueFormatter": {"$format": "percent", "digits": 0}},
            }
            for name, key, color in (
                (_("Share of members"), "share", "slate"),
                (_("Share of revenue"), "revenue_share", "primary"),
            )
        ],
    }


def _tried(tried: list[dict[str, Any]]) -> Option:
    """How well each number of groups is found again, and how clearly they stand apart."""
    percent = {"$format": "percent", "digits": 0}
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [str(one["k"]) for one in tried], "name": ""},
        "yAxis": {"type": "value", "min": 0, "max": 1, "axisLabel": {"formatter": percent}},
        "series": [
            {
                "name": _("Found again by another half"),
                "type": "bar",
                "barWidth": "40%",
                "color": {"$color": "primary"},
                "itemStyle": {"borderRadius": [4, 4, 0, 0]},
                "data": [one["stability"] for one in tried],
                "tooltip": {"valueFormatter": percent},
                "markLine": {
                    "symbol": "none",
                    "silent": True,
                    "lineStyle": {"type": "dashed", "color": {"$color": "muted"}},
                    "label": {"show": False},
                    "data": [{"yAxis": 0.75}],
                },
            },
            {
                "name": _("Stand apart (silhouette)"),
                "type": "line",
                "color": {"$color": "amber"},
                "data": [one["silhouette"] for one in tried],
                "tooltip": {"valueFormatter": percent},
            },
        ],
    }
