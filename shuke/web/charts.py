"""Options of charts that several apps draw alike, without a function in them (charts.js knows the formats)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def sankey(
    nodes: Sequence[Mapping[str, Any]],
    links: Sequence[Mapping[str, Any]],
    *,
    name: str,
    right: int = 8,
    node_gap: int = 12,
    keeps_order: bool = True,
) -> dict[str, Any]:
    """Flows between places: ``links`` have ``source, target, value``, and ``nodes`` the names they mention.

    ``right``: room for labels beside the last column, in pixels.  ``keeps_order``: nodes stay as they are given instead
    of being moved until few links cross.
    """
    return {
        "tooltip": {"trigger": "item", "valueFormatter": {"$format": "integer"}},
        "series": [
            {
                "type": "sankey",
                "name": name,
                "left": 8,
                "right": right,
                "top": 8,
                "bottom": 8,
                "nodeGap": node_gap,
                "nodeAlign": "left",
                "draggable": False,
                "emphasis": {"focus": "adjacency"},
                "data": list(nodes),
                "links": list(links),
                "lineStyle": {"color": "gradient", "opacity": 0.35, "curveness": 0.5},
                "label": {"color": {"$color": "text"}, "fontSize": 12, "width": 140, "overflow": "truncate"},
                **({"layoutIterations": 0} if keeps_order else {}),
            }
        ],
    }
