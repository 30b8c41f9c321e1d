"""The pictures of an effect report, for any page that shows one (``measurement/effect.html``)."""

from typing import Any

from django.utils.translation import gettext as _

from shuke.apps.measurement.schemas import EffectReport, LiftResult

Option = dict[str, Any]


def effect_charts(report: EffectReport) -> dict[str, Option | None]:
    """``funnel`` and ``lift``: ECharts options without functions; ``None`` where there is nothing to draw."""
    return {"funnel": _funnel(report), "lift": _relative_lifts(report)}


def _funnel(report: EffectReport) -> Option | None:
    """Bars instead of a funnel's slopes: lengths compare, areas do not."""
    if not report.funnel or not report.funnel[0].messages:
        return None
    return {
        "grid": {"left": 16, "right": 64, "top": 4, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {"type": "category", "inverse": True, "data": [step.label for step in report.funnel]},
        "series": [
            {
                "name": _("Messages"),
                "type": "bar",
                "barWidth": "60%",
                "itemStyle": {"borderRadius": [0, 4, 4, 0]},
                "data": [step.messages for step in report.funnel],
                "label": {"show": True, "position": "right", "formatter": {"$format": "integer"}},
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def _relative_lifts(report: EffectReport) -> Option | None:
    """Relative lift with its interval, one row per metric and arm; zero is the line to be clear of."""
    known = [lift for lift in report.lifts if lift.relative_lower is not None and lift.relative is not None]
    if not known:
        return None
    has_arms = len({lift.arm for lift in known}) > 1
    percent = {"$format": "percent"}
    return {
        "grid": {"left": 16, "right": 24, "top": 8, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "axisLabel": {"formatter": percent}},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [f"{lift.label} · {lift.arm}" if has_arms else lift.label for lift in known],
        },
        "series": [
            *(_interval(row, lift) for row, lift in enumerate(known)),
            {
                "name": _("Lift"),
                "type": "scatter",
                "symbolSize": 11,
                "data": [
                    {"value": [lift.relative, row], "itemStyle": {"color": {"$color": _color(lift)}}}
                    for row, lift in enumerate(known)
                ],
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"color": {"$color": "muted"}, "type": "solid"},
                    "data": [{"xAxis": 0}],
                },
            },
        ],
    }


def _interval(row: int, lift: LiftResult) -> Option:
    """The bounds as a line through the point."""
    return {
        "type": "line",
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"width": 4, "opacity": 0.45, "color": {"$color": _color(lift)}},
        "data": [[lift.relative_lower, row], [lift.relative_upper, row]],
    }


def _color(lift: LiftResult) -> str:
    if not lift.is_significant:
        return "slate"
    return "green" if (lift.difference or 0) > 0 else "rose"
