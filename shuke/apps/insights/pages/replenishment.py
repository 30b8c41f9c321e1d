"""When do they need the next one?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages.saving import tree
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.replenishment import due_next
from shuke.web.access import requires
from shuke.web.panels import MemberPanel, register_member_panel

Option = dict[str, Any]

BARS = 15
LISTED = 30
#: Days ahead of "due this week".
WEEK = 7


@require_safe
@requires("insights.view")
def replenishment_page(request: HttpRequest) -> HttpResponse:
    """Who is due by category and day, who is overdue, how cycles spread and how good the dates are."""
    context = study_context(request, "replenishment")
    result = context["result"]
    if result:
        rows = result["categories"]
        context |= {
            "due": _due(rows[:BARS]),
            "calendar": _calendar(result["calendar"]),
            "cycles": _cycles(result["cycles"][:BARS]),
            "rows": [
                (row, is_due(row["category"]), is_due(row["category"], overdue=True)) for row in rows[:LISTED]
            ],
            "all_due": is_due(""),
        }
    return render(request, "insights/replenishment.html", context)


def is_due(category: str, *, overdue: bool = False) -> str:
    """Who needs something of the category within a week, or is overdue with it; of any category where it is empty."""
    return tree(
        {
            "type": "due",
            "categories": [category] if category else [],
            "state": "overdue" if overdue else "due",
            "within_days": WEEK,
        }
    )


def _due(rows: list[dict[str, Any]]) -> Option:
    """Members due within a week and overdue, by category."""
    integer = {"$format": "integer"}
    shape = {"type": "bar", "barMaxWidth": 14, "itemStyle": {"borderRadius": [0, 4, 4, 0]}}
    return {
        "legend": {},
        "grid": {"left": 8, "right": 24, "top": 32, "bottom": 4, "containLabel": True},
        "tooltip": {"axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "value", "splitNumber": 3},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [row["category"] for row in rows],
            "axisLabel": {"width": 130, "overflow": "truncate", "fontSize": 11},
        },
        "series": [
            {
                **shape,
                "name": _("Due within seven days"),
                "data": [row["due"] for row in rows],
                "tooltip": {"valueFormatter": integer},
            },
            {
                **shape,
                "name": _("Overdue"),
                "color": {"$color": "amber"},
                "data": [row["overdue"] for row in rows],
                "tooltip": {"valueFormatter": integer},
            },
        ],
    }


def _calendar(days: list[dict[str, Any]]) -> Option:
    """Members due on each of the coming days."""
    return {
        "xAxis": {
            "type": "category",
            "data": [row["day"] for row in days],
            "axisLabel": {"formatter": {"$format": "date"}},
        },
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {
                "name": _("Members due"),
                "type": "bar",
                "itemStyle": {"borderRadius": [3, 3, 0, 0]},
                "data": [row["members"] for row in days],
                "tooltip": {"valueFormatter": {"$format": "integer"}},
            }
        ],
    }


def _cycles(rows: list[dict[str, Any]]) -> Option:
    """A box for the middle half of the members of each category, whiskers for nine tenths."""
    return {
        "grid": {"left": 8, "right": 16, "top": 8, "bottom": 24, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "name": _("Days"), "nameLocation": "middle", "nameGap": 26},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": [row["category"] for row in rows],
            "axisLabel": {"width": 130, "overflow": "truncate", "fontSize": 11},
        },
        "series": [
            {
                "name": _("Days from one purchase to the next"),
                "type": "boxplot",
                "itemStyle": {"color": {"$color": "surface"}, "borderColor": {"$color": "primary"}},
                "data": [[round(row[q], 1) for q in ("q5", "q25", "q50", "q75", "q95")] for row in rows],
            }
        ],
    }


def due_panel(_request: HttpRequest, member_id: str) -> dict[str, Any]:
    """What this member needs next."""
    return {"due": due_next(member_id, limit=6)}


def register() -> None:
    """Put what is due on the page of a member."""
    register_member_panel(
        MemberPanel(
            name="due_next",
            permission="members.view",
            order=60,
            template="insights/due_panel.html",
            context=due_panel,
        )
    )
