"""Pictures of the online test: intervals by arm, clicks by place and day, what the bandit showed and missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.recommendations.schemas.online import (
    BanditDayView,
    BanditView,
    MissedDay,
    OnlineArm,
    OnlineReport,
)
from shuke.web.labels import label_of

Option = dict[str, Any]
PERCENT: Option = {"$format": "percent", "digits": 1}
COLORS = ("slate", "primary", "amber", "violet", "blue", "rose")


def intervals(report: OnlineReport, *, metric: str, name: str, show: Option) -> Option | None:
    """A point with its interval for each arm; arms without an interval are left out."""
    known = [arm for arm in report.arms if getattr(arm, metric).low is not None]
    if not known:
        return None
    colors = _colors(report)
    return {
        "grid": {"left": 16, "right": 24, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "scale": True, "axisLabel": {"formatter": show}},
        "yAxis": {"type": "category", "inverse": True, "data": [arm.arm for arm in known]},
        "series": [
            *(
                _interval(row, arm, metric=metric, color=colors[arm.arm], show=show)
                for row, arm in enumerate(known)
            ),
            {
                "name": name,
                "type": "scatter",
                "symbolSize": 11,
                "tooltip": {"valueFormatter": show},
                "data": [
                    {
                        "value": [getattr(arm, metric).value, row],
                        "itemStyle": {"color": {"$color": colors[arm.arm]}},
                    }
                    for row, arm in enumerate(known)
                ],
            },
        ],
    }


def _interval(row: int, arm: OnlineArm, *, metric: str, color: str, show: Option) -> Option:
    found = getattr(arm, metric)
    return {
        "type": "line",
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"width": 4, "opacity": 0.45, "color": {"$color": color}},
        "tooltip": {"valueFormatter": show},
        "data": [[found.low, row], [found.high, row]],
    }


def _colors(report: OnlineReport) -> dict[str, str]:
    return {arm.arm: COLORS[number % len(COLORS)] for number, arm in enumerate(report.arms)}


def by_place(report: OnlineReport) -> Option | None:
    """Part of the lists whose product on a place was clicked, for each arm."""
    places = sorted({row.place for row in report.places})
    if len(places) < 2 or not any(row.clicked for row in report.places):
        return None
    rates = {(row.arm, row.place): row.clicked / row.shown for row in report.places if row.shown}
    return _lines(
        report,
        [str(place) for place in places],
        lambda arm: [_part(rates.get((arm, place))) for place in places],
        axis={"name": _("Place in the list"), "nameLocation": "middle", "nameGap": 28},
    )


def by_day(report: OnlineReport) -> Option | None:
    """Click-through rate by day for each arm."""
    days = sorted({row.day for row in report.days})
    if len(days) < 2:
        return None
    rates = {(row.arm, row.day): row.clicked / row.lists for row in report.days if row.lists}
    return _lines(
        report,
        [day.isoformat() for day in days],
        lambda arm: [_part(rates.get((arm, day))) for day in days],
        axis={"axisLabel": {"formatter": {"$format": "date"}}},
    )


def _part(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


def _lines(report: OnlineReport, names: Sequence[str], values: Any, *, axis: Mapping[str, Any]) -> Option:
    colors = _colors(report)
    return {
        "legend": {},
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {"type": "category", "data": list(names), **axis},
        "yAxis": {"type": "value", "min": 0, "axisLabel": {"formatter": PERCENT}},
        "series": [
            {
                "name": arm.arm,
                "type": "line",
                "symbolSize": 5,
                "color": {"$color": colors[arm.arm]},
                "data": values(arm.arm),
                "tooltip": {"valueFormatter": PERCENT},
            }
            for arm in report.arms
        ],
    }


def regret(days: Sequence[BanditDayView] | Sequence[MissedDay]) -> Option | None:
    """Clicks missed since the first draw, beside a uniform choice."""
    if len(days) < 2:
        return None
    number = {"$format": "number", "digits": 1}
    lines = (
        (_("Thompson sampling"), "primary", [round(day.bandit, 2) for day in days]),
        (_("Always by lot"), "slate", [round(day.uniform, 2) for day in days]),
    )
    return {
        "legend": {},
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 4, "containLabel": True},
        "xAxis": _days(days),
        "yAxis": {"type": "value", "min": 0, "axisLabel": {"formatter": number}},
        "series": [
            {
                "name": name,
                "type": "line",
                "showSymbol": False,
                "color": {"$color": color},
                "lineStyle": {"width": 2.5},
                "data": data,
                "tooltip": {"valueFormatter": number},
            }
            for name, color, data in lines
        ],
    }


def shares(bandit: BanditView) -> Option | None:
    """Which strategy the bandit drew, day by day."""
    if len(bandit.days) < 2:
        return None
    return {
        "legend": {},
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 4, "containLabel": True},
        "xAxis": _days(bandit.days),
        "yAxis": {
            "type": "value",
            "min": 0,
            "max": 1,
            "axisLabel": {"formatter": {"$format": "percent", "digits": 0}},
        },
        "series": [
            {
                "name": label_of("strategy", one.strategy),
                "type": "bar",
                "stack": "shares",
                "barCategoryGap": "10%",
                "color": {"$color": COLORS[number % len(COLORS)]},
                "data": [round(day.shares.get(one.strategy, 0.0), 4) for day in bandit.days],
                "tooltip": {"valueFormatter": PERCENT},
            }
            for number, one in enumerate(bandit.strategies)
        ],
    }


def _days(days: Sequence[BanditDayView] | Sequence[MissedDay]) -> Option:
    return {
        "type": "category",
        "data": [day.day.isoformat() for day in days],
        "axisLabel": {"formatter": {"$format": "date"}},
    }
