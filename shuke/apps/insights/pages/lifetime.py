"""What is a member worth?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from shuke.apps.insights.pages import worth_words
from shuke.apps.insights.pages.saving import in_layers
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.worth import most_worth, worth_of
from shuke.web.access import requires
from shuke.web.panels import MemberPanel, register_member_panel
from shuke.web.templatetags.console import money

Option = dict[str, Any]


@require_safe
@requires("insights.view")
def lifetime_page(request: HttpRequest) -> HttpResponse:
    """The value of all and of the best, and how the model did on days it had not seen."""
    context = study_context(request, "lifetime")
    result = context["result"]
    if result:
        context |= {
            "deciles": _deciles(result["deciles"], context["currency"]),
            "bins": _bins(result["holdout"]["bins"]),
            "tracking": _tracking(result["holdout"]),
            "layers": [(row, in_layers("value", row["layer"])) for row in result["layers"]],
            "models": _models(result),
            "top": most_worth(limit=20),
            "split": date.fromisoformat(result["holdout"]["split"]),
        } | _headline(result, context["currency"])
    return render(request, "insights/lifetime.html", context)


def _headline(result: dict[str, Any], currency: str) -> dict[str, Any]:
    """The texts of the figures on top."""
    held = result["holdout"]
    return {
        "weeks": result["horizon_days"] // 7,
        "value_text": money(result["value_minor"], currency),
        "value_hint": ""
        if result["low_minor"] is None
        else f"{money(result['low_minor'], currency)} – {money(result['high_minor'], currency)}",
        "mean_text": money(round(result["value_minor"] / max(result["members"], 1)), currency),
        "error_text": f"{held['expected'] / held['actual'] - 1:+.1%}" if held["actual"] else "–",
    }


def worth_panel(_request: HttpRequest, member_id: str) -> dict[str, Any]:
    """Value, range, risk and its reasons of one member."""
    return {"worth": worth_of(member_id)}


def register() -> None:
    """Put the worth on the page of a member, and give the codes their words."""
    worth_words.register()
    register_member_panel(
        MemberPanel(
            name="worth",
            permission="members.view",
            order=40,
            template="insights/worth_panel.html",
            context=worth_panel,
        )
    )


def _models(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The models as the table shows them: what each gains over the one with the smallest likelihood."""
    least = min(row["log_likelihood"] for row in result["models"])
    return [
        row | {"gain": row["log_likelihood"] - least, "is_chosen": row["name"] == result["model"]}
        for row in result["models"]
    ]


def _deciles(rows: list[dict[str, Any]], currency: str) -> Option:
    """The mean value of each tenth of the members, the most valuable first."""
    money = {"$format": "money", "currency": currency}
    return {
        "grid": {"left": 8, "right": 12, "top": 16, "bottom": 28, "containLabel": True},
        "xAxis": {
            "type": "category",
            "data": [str(place) for place in range(1, len(rows) + 1)],
            "name": _("Tenths of the members, the most valuable first"),
            "nameLocation": "middle",
            "nameGap": 28,
        },
        "yAxis": {"type": "value", "axisLabel": {"formatter": {**money, "compact": True}}},
        "series": [
            {
                "name": _("Expected value of a member"),
                "type": "bar",
                "itemStyle": {"borderRadius": [4, 4, 0, 0]},
                "data": [row["mean_minor"] for row in rows],
                "tooltip": {"valueFormatter": money},
            }
        ],
    }


def _bins(rows: list[dict[str, Any]]) -> Option:
    """Purchases in the hold-out by those before it, actual beside expected."""
    one_digit = {"$format": "decimal", "digits": 1}
    bar = {"type": "bar", "itemStyle": {"borderRadius": [3, 3, 0, 0]}}
    return {
        "legend": {},
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 28, "containLabel": True},
        "xAxis": {
            "type": "category",
            "data": [_bin_name(row) for row in rows],
            "name": _("Repeat purchases before"),
            "nameLocation": "middle",
            "nameGap": 28,
        },
        "yAxis": {"type": "value"},
        "series": [
            {
                **bar,
                "name": _("Actual"),
                "data": [round(row["actual"], 3) for row in rows],
                "tooltip": {"valueFormatter": one_digit},
            },
            {
                **bar,
                "name": pgettext("forecast of purchases", "Expected"),
                "color": {"$color": "slate"},
                "data": [round(row["expected"], 3) for row in rows],
                "tooltip": {"valueFormatter": one_digit},
            },
        ],
    }


def _bin_name(row: dict[str, Any]) -> str:
    first, last = row["frequency"], row["most"]
    if last is None:
        return f"{first}+"
    return str(first) if first == last else f"{first}–{last}"


def _tracking(held: dict[str, Any]) -> Option:
    """Repeat purchases week by week; right of the line are weeks that the model had not seen."""
    first = date.fromisoformat(held["first_day"])
    weeks = [(first + timedelta(days=7 * place)).isoformat() for place in range(len(held["actual_weeks"]))]
    split = weeks[min(held["calibration_weeks"], len(weeks) - 1)] if weeks else ""
    line = {"type": "line", "showSymbol": False}
    integer = {"$format": "integer"}
    return {
        "legend": {},
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "category", "data": weeks, "axisLabel": {"formatter": {"$format": "date"}}},
        "yAxis": {"type": "value"},
        "series": [
            {
                **line,
                "name": _("Actual"),
                "data": held["actual_weeks"],
                "tooltip": {"valueFormatter": integer},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "lineStyle": {"type": "dashed"},
                    "label": {"formatter": _("from here on unseen"), "position": "end", "rotate": 0},
                    "data": [{"xAxis": split}],
                },
            },
            {
                **line,
                "name": pgettext("forecast of purchases", "Expected"),
                "color": {"$color": "slate"},
                "lineStyle": {"type": "dashed", "width": 1.5},
                "data": [round(value, 1) for value in held["expected_weeks"]],
                "tooltip": {"valueFormatter": integer},
            },
        ],
    }
