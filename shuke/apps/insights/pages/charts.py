"""ECharts options of the pages: what is drawn, without a function in it (charts.js knows the formats)."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.insights.schemas import Cell, Count, Overview, Share
from shuke.web.labels import label_of

Option = dict[str, Any]

STAGE_COLORS = {
    "prospect": "slate",
    "new": "blue",
    "active": "green",
    "loyal": "violet",
    "at_risk": "amber",
    "lost": "rose",
}
SEGMENT_COLORS = {
    "champions": "violet",
    "loyal": "primary",
    "potential_loyalists": "green",
    "new": "blue",
    "promising": "blue",
    "need_attention": "lime",
    "about_to_sleep": "amber",
    "at_risk": "amber",
    "cannot_lose": "rose",
    "hibernating": "slate",
    "lost": "muted",
}
MEASURES = ("recency", "frequency", "monetary")


def trend(overview: Overview) -> Option:
    """Revenue by day beside the period before, and orders below it on an axis of their own."""
    days = [point.day.isoformat() for point in overview.trend]
    money = {"$format": "money", "currency": overview.currency}
    axis = {"type": "category", "data": days, "boundaryGap": True}
    return {
        "legend": {},
        "grid": [
            {"left": 8, "right": 12, "top": 36, "height": "56%", "containLabel": True},
            {"left": 8, "right": 12, "bottom": 4, "height": "22%", "containLabel": True},
        ],
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "xAxis": [
            {**axis, "gridIndex": 0, "axisLabel": {"show": False}},
            {**axis, "gridIndex": 1, "axisLabel": {"formatter": {"$format": "date"}}},
        ],
        "yAxis": [
            {"type": "value", "gridIndex": 0, "axisLabel": {"formatter": {**money, "compact": True}}},
            {"type": "value", "gridIndex": 1, "splitNumber": 2, "minInterval": 1},
        ],
        "series": [
            {
                "name": _("Revenue"),
                "type": "line",
                "smooth": 0.2,
                "showSymbol": False,
                "areaStyle": {"opacity": 0.12},
                "lineStyle": {"width": 2.5},
                "data": [point.revenue_minor for point in overview.trend],
                "tooltip": {"valueFormatter": money},
            },
            {
                "name": _("Revenue, period before"),
                "type": "line",
                "smooth": 0.2,
                "showSymbol": False,
                "lineStyle": {"type": "dashed", "width": 1.5},
                "color": {"$color": "slate"},
                "data": [point.revenue_before_minor for point in overview.trend],
                "tooltip": {"valueFormatter": money},
            },
            {
                "name": _("Orders"),
                "type": "bar",
                "xAxisIndex": 1,
                "yAxisIndex": 1,
                "color": {"$color": "blue"},
                "itemStyle": {"borderRadius": [2, 2, 0, 0]},
                "data": [point.orders for point in overview.trend],
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            },
        ],
    }


def lifecycle(stages: Sequence[Share]) -> Option:
    """Members by stage in the order of a life."""
    counts = [Count(name=stage.label, members=stage.members) for stage in stages]
    return bars(counts, name=_("Members"), colors=[STAGE_COLORS[stage.name] for stage in stages])


def segments(shares: Sequence[Share]) -> Option:
    """A tree map: area is members, colour says how they are."""
    return {
        "tooltip": {"valueFormatter": {"$format": "integer"}},
        "series": [
            {
                "name": _("Members"),
                "type": "treemap",
                "roam": False,
                "nodeClick": False,
                "breadcrumb": {"show": False},
                "left": 0,
                "right": 0,
                "top": 0,
                "bottom": 0,
                "itemStyle": {"gapWidth": 2, "borderWidth": 0},
                "label": {"fontSize": 12, "color": "#fff", "formatter": "{b}\n{c}", "lineHeight": 16},
                "data": [
                    {
                        "name": share.label,
                        "value": share.members,
                        "itemStyle": {"color": {"$color": SEGMENT_COLORS.get(share.name, "primary")}},
                    }
                    for share in shares
                    if share.members
                ],
            }
        ],
    }


def matrix(cells: Sequence[Cell]) -> Option:
    """Members by recency score (up) and combined frequency and monetary score (right)."""
    scores = [str(score) for score in range(1, 6)]
    return _heat(
        cells,
        columns=scores,
        rows=scores,
        origin=(1, 1),
        names=(_("Frequency and money"), _("Recency")),
        is_labelled=True,
    )


def hours(cells: Sequence[Cell]) -> Option:
    """Members by their favourite hour and weekday, Monday on top."""
    weekdays = [label_of("weekday", number) for number in range(1, 8)]
    option = _heat(
        cells,
        columns=[f"{hour:02}" for hour in range(24)],
        rows=weekdays,
        origin=(0, 1),
        names=("", ""),
        is_labelled=False,
    )
    option["yAxis"]["inverse"] = True
    return option


def _heat(
    cells: Sequence[Cell],
    *,
    columns: list[str],
    rows: list[str],
    origin: tuple[int, int],
    names: tuple[str, str],
    is_labelled: bool,
) -> Option:
    """A heat map; ``origin`` is the value of the first column and row."""
    data = [[cell.x - origin[0], cell.y - origin[1], cell.members] for cell in cells]
    axis = {"type": "category", "splitArea": {"show": False}, "nameLocation": "middle"}
    return {
        "tooltip": {"trigger": "item"},
        "grid": {
            "left": 28 if names[1] else 4,
            "right": 8,
            "top": 8,
            "bottom": 28 if names[0] else 4,
            "containLabel": True,
        },
        "xAxis": {**axis, "data": columns, "name": names[0], "nameGap": 28},
        "yAxis": {**axis, "data": rows, "name": names[1], "nameGap": 28},
        "visualMap": {
            "show": False,
            "min": 0,
            # Half as much again, so that a number stays readable on the darkest cell.
            "max": 1.5 * max((cell.members for cell in cells), default=1),
            "inRange": {"color": [{"$color": "surface"}, {"$color": "primary"}]},
        },
        "series": [
            {
                "name": _("Members"),
                "type": "heatmap",
                "data": data,
                "label": {"show": is_labelled, "color": {"$color": "text"}},
                "itemStyle": {"borderWidth": 2, "borderColor": {"$color": "surface"}, "borderRadius": 4},
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def bars(counts: Sequence[Count], *, name: str, colors: Sequence[str] | None = None) -> Option:
    """Members per value from top to bottom; each bar in its own colour where ``colors`` names them."""
    members: list[Any] = [count.members for count in counts]
    if colors is not None:
        members = [
            {"value": value, "itemStyle": {"color": {"$color": color}}}
            for value, color in zip(members, colors, strict=True)
        ]
    return {
        "grid": {"left": 16, "right": 56, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {"type": "category", "inverse": True, "data": [count.name for count in counts]},
        "series": [
            {
                "name": name,
                "type": "bar",
                "barWidth": "60%",
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "data": members,
                "label": {"show": True, "position": "right", "formatter": {"$format": "integer"}},
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def threshold_rows(thresholds: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per score from 5 down to 1, with each measure's border of that score."""
    found = {(row["measure"], row["score"]): row for row in thresholds}
    return [
        {"score": score, **{measure: found.get((measure, score)) for measure in MEASURES}}
        for score in range(5, 0, -1)
    ]


def funnel_bars(names: Sequence[str], members: Sequence[int]) -> Option:
    """How many members got to each step, the first on top."""
    show = {"$format": "integer"}
    return {
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "grid": {"left": 28, "right": 56, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "value", "minInterval": 1, "axisLabel": {"formatter": show}},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [f"{number}. {name}" for number, name in enumerate(names, start=1)],
            "axisLabel": {"width": 180, "overflow": "truncate"},
        },
        "series": [
            {
                "name": _("Members"),
                "type": "bar",
                "barMaxWidth": 34,
                "itemStyle": {"borderRadius": [0, 3, 3, 0]},
                "label": {"show": True, "position": "right", "formatter": show},
                "data": list(members),
                "tooltip": {"valueFormatter": show},
            }
        ],
    }
