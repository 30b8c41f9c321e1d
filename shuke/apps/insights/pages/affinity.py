"""What do they buy together?"""

from __future__ import annotations

import math
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.saving import tree
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.affinity import SORTS, affinity_pairs
from shuke.web.access import actor_of, requires
from shuke.web.panels import ProductPanel, register_product_panel

Option = dict[str, Any]

LEVELS = ("category", "product")
KINDS = ("complement", "substitute")
LISTED = 60
#: Pairs of each kind on the page of a product.
PANEL = 6
#: The network is drawn this wide and high before it is fitted into its place.
WIDE, HIGH = 1000, 460
#: Bars of the picture.
BARS = 15
#: Long names of pairs in two lines, so that the picture keeps its room on a telephone.
NARROW = {"width": 150, "overflow": "break", "fontSize": 10, "lineHeight": 11, "interval": 0}


@require_safe
@requires("insights.view")
def affinity_page(request: HttpRequest) -> HttpResponse:
    """The network, the strongest pairs, whom they are open for, and every pair to search in."""
    context = study_context(request, "affinity")
    result = context["result"]
    if result:
        level = _chosen(request, "level", LEVELS)
        kind = _chosen(request, "kind", KINDS)
        sort = _chosen(request, "sort", SORTS)
        text = request.GET.get("text", "").strip()[:80]
        pairs = affinity_pairs(level=level, kind=kind, text=text, sort=sort, limit=LISTED)
        context |= {
            "network": _network(result["graph"]),
            "bars": _bars(result["top"][:BARS]),
            "seasons": _seasons(result["seasons"]),
            "offers": [
                (row, bought_one(row["left"], row["right"], level="category")) for row in result["top"]
            ],
            "pairs": [(pair, bought_one(pair.left, pair.right, level=level)) for pair in pairs],
            "chosen": {"level": level, "kind": kind, "sort": sort, "text": text},
        }
    return render(request, "insights/affinity.html", context)


def _chosen(request: HttpRequest, name: str, known: tuple[str, ...]) -> str:
    wanted = request.GET.get(name, "")
    return wanted if wanted in known else known[0]


def bought_one(left: str, right: str, *, level: str) -> str:
    """Who bought the left one in the last 90 days and the right one not for a year."""
    goods = {"category": "categories", "product": "product_ids"}[level]
    return tree(
        {
            "type": "purchase",
            "did": True,
            "goods": {goods: [left]},
            "window": {"type": "last_days", "days": 90},
        },
        {
            "type": "purchase",
            "did": False,
            "goods": {goods: [right]},
            "window": {"type": "last_days", "days": 365},
        },
    )


def product_panel(request: HttpRequest, product_id: str) -> dict[str, Any]:
    """What goes with a product and what is taken instead of it."""
    return {
        kind: [
            (pair, bought_one(pair.left, pair.right, level="product"))
            for pair in affinity_pairs(level="product", kind=kind, item=product_id, limit=PANEL)
        ]
        for kind in KINDS
    } | {"may_save": actor_of(request).may("audiences.edit")}


def register() -> None:
    """Put what goes with it on the page of a product."""
    register_product_panel(
        ProductPanel(
            name="affinity",
            permission="insights.view",
            order=10,
            template="insights/affinity_panel.html",
            context=product_panel,
        )
    )


def _network(graph: dict[str, Any]) -> Option:
    """Categories as dots (area: baskets, colour: department), joined where they are bought together."""
    departments = sorted({node["department"] or "–" for node in graph["nodes"]})
    most = max((node["baskets"] for node in graph["nodes"]), default=1)
    strongest = max((link["low"] for link in graph["links"]), default=1.0)
    return {
        "legend": {"data": departments},
        "tooltip": {"valueFormatter": {"$format": "number", "digits": 1}},
        "series": [
            {
                "name": pgettext("affinity", "Lift"),
                "type": "graph",
                "layout": "none",
                "roam": True,
                "top": 52,
                "bottom": 16,
                "left": 16,
                "right": 110,
                "preserveAspect": True,
                "labelLayout": {"hideOverlap": True},
                "label": {"show": True, "position": "right", "fontSize": 10},
                "emphasis": {"focus": "adjacency"},
                "lineStyle": {"color": {"$color": "slate"}, "opacity": 0.5, "curveness": 0.1},
                "categories": [{"name": name} for name in departments],
                "data": [
                    {
                        "name": node["name"],
                        "category": departments.index(node["department"] or "–"),
                        "x": WIDE * node["x"],
                        "y": HIGH * node["y"],
                        "symbolSize": 7 + 18 * math.sqrt(node["baskets"] / most),
                        "value": node["baskets"],
                    }
                    for node in graph["nodes"]
                ],
                "links": [
                    {
                        "source": link["left"],
                        "target": link["right"],
                        "value": round(link["lift"], 2),
                        "lineStyle": {"width": 1 + 4 * link["low"] / strongest},
                    }
                    for link in graph["links"]
                ],
            }
        ],
    }


def _bars(rows: list[dict[str, Any]]) -> Option:
    """The lower end of each lift and, lighter, how far the interval goes."""
    solid = {"stack": "lift", "type": "bar", "barWidth": "58%"}
    number = {"$format": "number", "digits": 1}
    return {
        "grid": {"left": 16, "right": 40, "top": 30, "bottom": 4, "containLabel": True},
        "legend": {},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [f"{row['left']} → {row['right']}" for row in rows],
            "axisLabel": NARROW,
        },
        "series": [
            {
                **solid,
                "name": _("Lift, at least"),
                "data": [round(row["low"], 2) for row in rows],
                "tooltip": {"valueFormatter": number},
            },
            {
                **solid,
                "name": _("up to this much more"),
                "color": {"$color": "primary"},
                "itemStyle": {"opacity": 0.3, "borderRadius": [0, 4, 4, 0]},
                "data": [round(row["high"] - row["low"], 2) for row in rows],
                "tooltip": {"valueFormatter": number},
            },
        ],
    }


def _seasons(rows: list[dict[str, Any]]) -> Option | None:
    """Lift by pair and quarter, or nothing where there is but one quarter."""
    quarters = sorted({row["quarter"] for row in rows})
    pairs = list(dict.fromkeys(f"{row['left']} + {row['right']}" for row in rows))
    if len(quarters) < 2:
        return None
    data = [
        [
            quarters.index(row["quarter"]),
            pairs.index(f"{row['left']} + {row['right']}"),
            round(row["lift"], 1),
        ]
        for row in rows
    ]
    return {
        "tooltip": {"trigger": "item"},
        "grid": {"left": 16, "right": 8, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "category", "data": quarters},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": pairs,
            "axisLabel": NARROW,
        },
        "visualMap": {
            "show": False,
            "min": 0,
            "max": 1.5 * max(row["lift"] for row in rows),
            "inRange": {"color": [{"$color": "surface"}, {"$color": "primary"}]},
        },
        "series": [
            {
                "name": pgettext("affinity", "Lift"),
                "type": "heatmap",
                "data": data,
                "label": {"show": True, "fontSize": 10, "color": {"$color": "text"}},
                "itemStyle": {"borderWidth": 2, "borderColor": {"$color": "surface"}, "borderRadius": 4},
                "tooltip": {"valueFormatter": {"$format": "number", "digits": 1}},
            }
        ],
    }
