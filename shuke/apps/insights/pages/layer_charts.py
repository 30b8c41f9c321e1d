"""Pictures of layers: the matrix of value and life, flows between two days, and sizes over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.web import charts

Option = dict[str, Any]

#: Told apart from the same layer on the earlier day by a mark that nobody sees.
AFTER = "\u200b"
#: Colours of layers that mean good or bad; others take the palette in its order.
COLORS: Mapping[str, str] = {
    "champions": "violet", "loyal": "green", "potential_loyalists": "lime", "new": "blue", "promising": "blue",
    "need_attention": "lime", "about_to_sleep": "amber", "at_risk": "amber", "cannot_lose": "rose",
    "hibernating": "slate", "lost": "rose", "prospect": "muted", "active": "primary", "high": "violet",
    "middle": "primary", "low": "blue", "none": "slate", "mixed": "slate",
}  # fmt: skip
PALETTE = ("primary", "amber", "green", "rose", "violet", "blue", "lime", "slate")


def color_of(layer: str, place: int) -> dict[str, str]:
    """The colour of a layer, the same in every picture."""
    return {"$color": COLORS.get(layer) or PALETTE[place % len(PALETTE)]}


def matrix(
    cells: Sequence[Mapping[str, Any]],
    *,
    rows: Sequence[tuple[str, str]],
    columns: Sequence[tuple[str, str]],
    measure: str,
    name: str,
    show: Mapping[str, Any],
) -> Option:
    """The measure of each pair of layers; the first row on top.  ``rows`` and ``columns``: code and name."""
    place_row = {code: place for place, (code, _name) in enumerate(rows)}
    place_column = {code: place for place, (code, _name) in enumerate(columns)}
    data = [
        [place_column[cell["column"]], place_row[cell["row"]], cell[measure]]
        for cell in cells
        if cell["row"] in place_row and cell["column"] in place_column
    ]
    axis = {"type": "category", "axisLine": {"show": False}, "splitLine": {"show": False}}
    return {
        "tooltip": {"trigger": "item"},
        "grid": {"left": 16, "right": 8, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {**axis, "data": [name for _code, name in columns]},
        "yAxis": {**axis, "inverse": True, "data": [name for _code, name in rows]},
        "visualMap": {
            "show": False,
            "min": 0,
            "max": 1.5 * max((cell[2] for cell in data), default=1) or 1,
            "inRange": {"color": [{"$color": "surface"}, {"$color": "primary"}]},
        },
        "series": [
            {
                "name": name,
                "type": "heatmap",
                "data": data,
                "label": {
                    "show": True,
                    "color": {"$color": "text"},
                    "fontSize": 11,
                    "formatter": {**show, "compact": measure != "members"},
                },
                "itemStyle": {"borderWidth": 2, "borderColor": {"$color": "surface"}, "borderRadius": 4},
                "tooltip": {"valueFormatter": dict(show)},
            }
        ],
    }


def sankey(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Option:
    """Layers of the earlier day on the left, of today on the right; entering and leaving are nodes of their own."""
    order = [*names, None]
    outside = {"from_layer": pgettext("layers", "not there yet"), "to_layer": pgettext("layers", "gone")}
    nodes: list[Option] = []
    for side, mark, depth in (("from_layer", "", 0), ("to_layer", AFTER, 1)):
        for place, code in enumerate(order):
            total = sum(row["members"] for row in rows if row[side] == code)
            if total:
                nodes.append(
                    {
                        "name": (outside[side] if code is None else names[code]) + mark,
                        "value": total,
                        "depth": depth,
                        "itemStyle": {"color": color_of(code or "prospect", place)},
                        "label": {"position": "left" if depth else "right"},
                    }
                )
    links = [
        {
            "source": outside["from_layer"] if row["from_layer"] is None else names[row["from_layer"]],
            "target": (outside["to_layer"] if row["to_layer"] is None else names[row["to_layer"]]) + AFTER,
            "value": row["members"],
        }
        for row in rows
    ]
    return charts.sankey(nodes, links, name=_("Members"))


def sizes(found: Mapping[str, Any], names: Mapping[str, str]) -> Option:
    """Members of each layer on every kept day, one on top of the other."""
    used = [code for code in names if code in found["layers"]]
    return {
        "legend": {},
        "tooltip": {"valueFormatter": {"$format": "integer"}},
        "xAxis": {"type": "time", "axisLabel": {"formatter": {"$format": "date"}}},
        "yAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "integer"}}},
        "series": [
            {
                "name": names[code],
                "type": "line",
                "stack": "members",
                "showSymbol": False,
                "areaStyle": {"opacity": 0.55},
                "lineStyle": {"width": 1},
                "color": color_of(code, list(names).index(code)),
                "data": [list(pair) for pair in zip(found["days"], found["layers"][code], strict=True)],
            }
            for code in used
        ],
    }
