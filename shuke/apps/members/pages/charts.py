"""Charts on the page of a member, as ECharts options."""

from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.members.schemas import CategoryShare, Portrait


def months_option(known: Portrait, currency: str) -> dict[str, Any] | None:
    """Paid by month, or nothing where nothing was bought."""
    if not known.months:
        return None
    money = {"$format": "money", "currency": currency}
    return {
        "tooltip": {"valueFormatter": money},
        "xAxis": {
            "type": "category",
            "data": [month.month for month in known.months],
            "axisLabel": {"formatter": {"$format": "month"}},
        },
        "yAxis": {"type": "value", "axisLabel": {"formatter": money | {"compact": True}}},
        "series": [
            {
                "type": "bar",
                "name": _("Paid"),
                "barMaxWidth": 26,
                "itemStyle": {"borderRadius": [3, 3, 0, 0]},
                "data": [month.paid_minor for month in known.months],
            }
        ],
    }


def categories_option(categories: list[CategoryShare], currency: str) -> dict[str, Any] | None:
    """Where most money went, or nothing."""
    if not categories:
        return None
    money = {"$format": "money", "currency": currency}
    ordered = list(reversed(categories))
    return {
        "tooltip": {"valueFormatter": money},
        "grid": {"left": 8, "right": 64, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {
            "type": "category",
            "data": [row.category for row in ordered],
            "axisLabel": {"width": 130, "overflow": "truncate"},
        },
        "series": [
            {
                "type": "bar",
                "name": _("Paid"),
                "barMaxWidth": 14,
                "itemStyle": {"borderRadius": [0, 3, 3, 0]},
                "label": {
                    "show": True,
                    "position": "right",
                    "formatter": money | {"compact": True},
                    "color": {"$color": "muted"},
                },
                "data": [row.paid_minor for row in ordered],
            }
        ],
    }
