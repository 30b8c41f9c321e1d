"""The report of a campaign."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from shuke.apps.campaigns import queries
from shuke.apps.campaigns.schemas import CampaignReport
from shuke.apps.measurement.schemas import LiftResult
from shuke.platform.clock import now
from shuke.platform.errors import NotFound, Refused
from shuke.web.access import requires

MONEY_METRICS = ("revenue", "average_order")


@requires("campaigns.view")
def report(request: HttpRequest, campaign_id: str) -> HttpResponse:
    """Funnel, lift with intervals, arms; ``?cuped=1`` adjusts by the time before."""
    view = queries.campaign(campaign_id)
    cuped = request.GET.get("cuped") == "1"
    try:
        found = queries.campaign_report(campaign_id, at=now(), cuped=cuped)
    except NotFound:
        raise
    except Refused:
        return redirect("campaigns:campaign", campaign_id=campaign_id)
    effect = found.effect
    treated = [arm for arm in effect.arms if not arm.is_control]
    context: dict[str, Any] = {
        "campaign": view,
        "report": found,
        "effect": effect,
        "cuped": cuped,
        "funnel": funnel_option(found) if any(step.messages for step in effect.funnel) else None,
        "relative": relative_option(effect.lifts) if effect.lifts else None,
        "treated_members": sum(arm.members for arm in treated),
        "treated_orders": sum(arm.orders for arm in treated),
        "treated_revenue": sum(arm.revenue_minor for arm in treated),
        "conversion": _share(sum(arm.converted for arm in treated), sum(arm.members for arm in treated)),
    }
    return render(request, "campaigns/report.html", context)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def funnel_option(found: CampaignReport) -> dict[str, Any]:
    """Steps of the messages as bars, the widest on top: lengths compare better than a funnel's areas."""
    steps = found.effect.funnel
    return {
        "grid": {"left": 16, "right": 70, "top": 8, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "show": False},
        "yAxis": {"type": "category", "inverse": True, "data": [step.label for step in steps]},
        "tooltip": {"valueFormatter": {"$format": "integer"}},
        "series": [
            {
                "type": "bar",
                "name": _("Messages"),
                "barWidth": "62%",
                "itemStyle": {"borderRadius": 4},
                "label": {"show": True, "position": "right", "formatter": {"$format": "integer"}},
                "data": [step.messages for step in steps],
            }
        ],
    }


def relative_option(lifts: list[LiftResult]) -> dict[str, Any]:
    """Relative lifts with their intervals: a dot on a line, and a line at zero."""
    shown = [lift for lift in lifts if lift.relative is not None]
    names = [f"{lift.label} · {lift.arm.upper()}" for lift in shown]
    segments: list[dict[str, Any]] = [
        {
            "type": "line",
            "silent": True,
            "showSymbol": True,
            "symbol": "rect",
            "symbolSize": [2, 12],
            "lineStyle": {"width": 3, "opacity": 0.55},
            "itemStyle": {"color": {"$color": "primary"}},
            "color": {"$color": "primary"},
            "tooltip": {"show": False},
            "name": "",
            "data": [[lift.relative_lower, name], [lift.relative_upper, name]],
        }
        for lift, name in zip(shown, names, strict=True)
        if lift.relative_lower is not None and lift.relative_upper is not None
    ]
    dots = {
        "type": "scatter",
        "name": _("Lift"),
        "symbolSize": 11,
        "z": 5,
        "itemStyle": {"color": {"$color": "primary"}},
        "data": [[lift.relative, name] for lift, name in zip(shown, names, strict=True)],
        "markLine": {
            "silent": True,
            "symbol": "none",
            "label": {"show": False},
            "lineStyle": {"color": {"$color": "muted"}, "type": "dashed"},
            "data": [{"xAxis": 0}],
        },
    }
    return {
        "grid": {"left": 32, "right": 32, "top": 12, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "axisLabel": {"formatter": {"$format": "percent", "digits": 0}}},
        "yAxis": {"type": "category", "inverse": True, "data": names},
        "tooltip": {"trigger": "item", "valueFormatter": {"$format": "percent"}},
        "series": [dots, *segments],
    }
