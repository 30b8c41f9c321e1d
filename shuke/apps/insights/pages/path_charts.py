"""Charts of how members come back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shuke.web import charts
from shuke.web.labels import label_of

Option = dict[str, Any]

INTEGER = {"$format": "integer"}
PERCENT = {"$format": "percent", "digits": 0}


def _heat(data: list[list[Any]], *, columns: list[str], rows: list[str], show: Option, top: float) -> Option:
    cell = {"type": "category", "splitArea": {"show": False}}
    return {
        "tooltip": {"trigger": "item"},
        "grid": {"left": 16, "right": 8, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {**cell, "data": columns},
        "yAxis": {**cell, "data": rows, "inverse": True},
        "visualMap": {
            "show": False,
            "min": 0,
            "max": top,
            "inRange": {"color": [{"$color": "surface"}, {"$color": "primary"}]},
        },
        "series": [
            {
                "type": "heatmap",
                "data": data,
                "label": {"show": True, "fontSize": 10, "color": {"$color": "text"}, "formatter": show},
                "labelLayout": {"hideOverlap": True},
                "itemStyle": {"borderWidth": 2, "borderColor": {"$color": "surface"}, "borderRadius": 4},
                "tooltip": {"valueFormatter": show},
            }
        ],
    }


def triangle(rows: list[dict[str, Any]], *, grain: str, measure: str, currency: str) -> Option:
    """Each cohort from its beginning to the right: who came again, or what it spent for each of its members."""
    cohorts = sorted({row["cohort"] for row in rows})
    ages = [str(age) for age in range(max((row["age"] for row in rows), default=0) + 1)]
    is_money = measure == "revenue"
    data = [
        [
            row["age"],
            cohorts.index(row["cohort"]),
            round(row["revenue_minor"] / row["size"]) if is_money else round(row["rate"], 4),
        ]
        for row in rows
    ]
    sizes = {row["cohort"]: row["size"] for row in rows}
    names = [f"{day[:7] if grain == 'month' else day} ({sizes[day]:,})" for day in cohorts]
    show: Option = {"$format": "money", "currency": currency, "compact": True} if is_money else PERCENT
    later = [cell[2] for cell in data if cell[0] > 0]
    option = _heat(data, columns=ages, rows=names, show=show, top=1.5 * max(later, default=1))
    option["series"][0]["name"] = _("Revenue for each member") if is_money else _("Members who came again")
    return option


def curve(rows: list[dict[str, Any]], *, grain: str, currency: str) -> Option:
    """Retention and revenue for each member of all cohorts old enough, by age."""
    money = {"$format": "money", "currency": currency}
    axis = {"type": "category", "data": [str(row["age"]) for row in rows]}
    name = _("Months after the first purchase") if grain == "month" else _("Weeks after the first purchase")
    return {
        "legend": {},
        "grid": {"left": 8, "right": 8, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {**axis, "name": name, "nameLocation": "middle", "nameGap": 28},
        "yAxis": [
            {"type": "value", "min": 0, "max": 1, "axisLabel": {"formatter": PERCENT}},
            {
                "type": "value",
                "axisLabel": {"formatter": {**money, "compact": True}},
                "splitLine": {"show": False},
            },
        ],
        "series": [
            {
                "name": _("Members who came again"),
                "type": "line",
                "lineStyle": {"width": 2.5},
                "data": [round(row["rate"], 4) for row in rows],
                "tooltip": {"valueFormatter": PERCENT},
            },
            {
                "name": _("Revenue for each member"),
                "type": "bar",
                "yAxisIndex": 1,
                "color": {"$color": "blue"},
                "itemStyle": {"opacity": 0.35, "borderRadius": [3, 3, 0, 0]},
                "data": [round(row["revenue_each_minor"]) for row in rows],
                "tooltip": {"valueFormatter": money},
            },
        ],
    }


def steps(windows: dict[str, list[dict[str, Any]]]) -> Option:
    """The part of those who began that reached each purchase, for each window."""
    count = max((len(rows) for rows in windows.values()), default=0)
    return {
        "legend": {},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "category", "data": [purchase_name(number) for number in range(1, count + 1)]},
        "yAxis": {"type": "value", "max": 1, "axisLabel": {"formatter": PERCENT}},
        "series": [
            {
                "name": _("within %(days)s days") % {"days": days},
                "type": "bar",
                "barGap": "10%",
                "itemStyle": {"borderRadius": [3, 3, 0, 0]},
                "data": [round(row["of_first"], 4) for row in rows],
                "tooltip": {"valueFormatter": PERCENT},
            }
            for days, rows in windows.items()
        ],
    }


def purchase_name(number: int) -> str:
    """The first, second … purchase."""
    names = (_("First purchase"), _("Second"), _("Third"), _("Fourth"), _("Fifth"))
    return names[number - 1] if number <= len(names) else str(number)


def sankey(moves: list[dict[str, Any]]) -> Option:
    """Ways between the places of consecutive visits; who comes no more ends in a place of its own."""

    def name(step: int, place: str) -> str:
        if place == "":
            return f"{step}. {_('No further visit')}"
        return f"{step}. {pgettext('paths', 'Other') if place == 'other' else place}"

    nodes = {name(row["step"], row["source"]) for row in moves}
    nodes |= {name(row["step"] + 1, row["target"]) for row in moves}
    links = [
        {
            "source": name(row["step"], row["source"]),
            "target": name(row["step"] + 1, row["target"]),
            "value": row["members"],
        }
        for row in moves
    ]
    return charts.sankey(
        [{"name": node} for node in sorted(nodes)],
        links,
        name=_("Members"),
        right=120,
        node_gap=7,
        keeps_order=False,
    )


def channels(rows: list[dict[str, Any]], *, currency: str) -> Option:
    """Revenue by month, one colour for each channel."""
    months = sorted({row["month"] for row in rows})
    found = {(row["month"], row["channel"]): row["revenue_minor"] for row in rows}
    money = {"$format": "money", "currency": currency}
    return {
        "legend": {},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "category", "data": months, "axisLabel": {"formatter": {"$format": "month"}}},
        "yAxis": {"type": "value", "axisLabel": {"formatter": {**money, "compact": True}}},
        "series": [
            {
                "name": label_of("sales_channel", channel),
                "type": "bar",
                "stack": "revenue",
                "barMaxWidth": 36,
                "data": [found.get((month, channel), 0) for month in months],
                "tooltip": {"valueFormatter": money},
            }
            for channel in sorted({row["channel"] for row in rows})
        ],
    }


def hours(rows: list[dict[str, Any]]) -> Option:
    """Orders by weekday and hour, Monday on top."""
    data = [[row["hour"], row["weekday"] - 1, row["orders"]] for row in rows]
    option = _heat(
        data,
        columns=[f"{hour:02}" for hour in range(24)],
        rows=[label_of("weekday", number) for number in range(1, 8)],
        show=INTEGER,
        top=max((row["orders"] for row in rows), default=1),
    )
    option["series"][0] |= {"name": _("Orders"), "label": {"show": False}}
    return option
