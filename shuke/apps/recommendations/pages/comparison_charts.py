"""Pictures of the comparison and of coverage: bars with their intervals, and the curve of concentration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import pgettext

from shuke.apps.recommendations.schemas.comparison import FigureView

Option = dict[str, Any]
#: Long names in two lines, so that the picture keeps its room on a telephone.
NAMES = {"width": 132, "overflow": "break", "fontSize": 11, "lineHeight": 13, "interval": 0}
NUMBER = {"$format": "number", "digits": 4}


def interval_bars(rows: Sequence[tuple[str, FigureView, str]], *, name: str, digits: int = 3) -> Option:
    """``rows``: name, figure and colour of each bar, from top to bottom; a thin box shows the interval."""
    known = [(label, figure, color) for label, figure, color in rows if figure.mean is not None]
    return {
        "grid": {"left": 8, "right": 44, "top": 6, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item", "valueFormatter": NUMBER},
        "xAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "number", "digits": digits}}},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [label for label, _figure, _color in known],
            "axisLabel": NAMES,
            "axisLine": {"onZero": False, "show": False},
        },
        "series": [
            {
                "name": name,
                "type": "bar",
                "barWidth": "56%",
                "data": [
                    {"value": round(figure.mean or 0.0, 5), "itemStyle": {"color": {"$color": color}}}
                    for _label, figure, color in known
                ],
                "tooltip": {"valueFormatter": NUMBER},
            },
            {
                # Not drawn: the lower end, for the table below the picture.
                "name": pgettext("interval", "At least"),
                "type": "scatter",
                "silent": True,
                "symbolSize": 0,
                "data": [round(figure.low or 0.0, 5) for _label, figure, _color in known],
                "tooltip": {"valueFormatter": NUMBER},
            },
            {
                # The table below a picture shows the last value of each box, which is the upper end.
                "name": pgettext("interval", "At most"),
                "type": "boxplot",
                "silent": True,
                "boxWidth": [5, 5],
                "itemStyle": {
                    "color": {"$color": "text"},
                    "borderColor": {"$color": "text"},
                    "borderWidth": 1,
                    "opacity": 0.75,
                },
                "data": [_box(figure) for _label, figure, _color in known],
                "tooltip": {"valueFormatter": NUMBER},
            },
        ],
    }


def _box(figure: FigureView) -> list[float]:
    """Ends and middle of a box; the whiskers have no length."""
    low, mean, high = (round(value or 0.0, 5) for value in (figure.low, figure.mean, figure.high))
    return [low, low, mean, high, high]
