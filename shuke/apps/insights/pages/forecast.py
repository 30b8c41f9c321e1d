"""What will sell?"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from django.views.decorators.http import require_safe

from shuke.apps.insights.operations.forecast_export import hand_out_forecast
from shuke.apps.insights.pages.saving import tree
from shuke.apps.insights.pages.studies import study_context
from shuke.apps.insights.queries.forecast import forecast_view
from shuke.apps.insights.queries.overview import number_text
from shuke.apps.insights.schemas.forecast import ForecastItem, ForecastRow
from shuke.platform.clock import now
from shuke.platform.money import to_major
from shuke.platform.retailer.queries import retailer
from shuke.sources.files.exporting import csv_lines
from shuke.web.access import actor_of, requires
from shuke.web.labels import label_of, register_labels

Option = dict[str, Any]
#: Items of a level that the page lists; the download has all.
LISTED = 25
#: Levels whose items somebody buys, and what an audience's goods call them.
BOUGHT = {"department": "departments", "category": "categories", "product": "product_ids"}


def register() -> None:
    """The words of levels, methods and of the audit log."""
    register_labels("audit_noun", {"forecast": (pgettext_lazy("insights", "Forecast"), "grey")})
    register_labels(
        "forecast_level",
        {
            "total": (gettext_lazy("All sales"), "grey"),
            "channel": (gettext_lazy("Sales channels"), "grey"),
            "store": (gettext_lazy("Stores"), "grey"),
            "department": (gettext_lazy("Departments"), "grey"),
            "category": (gettext_lazy("Categories"), "grey"),
            "product": (gettext_lazy("Products"), "grey"),
        },
    )
    register_labels(
        "forecast_method",
        {
            "seasonal_naive": (gettext_lazy("Repeat the past"), "grey"),
            "ses": (gettext_lazy("Smoothed level"), "grey"),
            "theta": (gettext_lazy("Theta: level and half the trend"), "grey"),
            "ets": (gettext_lazy("Exponential smoothing with trend"), "grey"),
            "mfles": (gettext_lazy("Trend and season in layers (MFLES)"), "grey"),
            "croston": (gettext_lazy("Croston: for what sells seldom"), "grey"),
            "tsb": (gettext_lazy("TSB: for what sells ever more seldom"), "grey"),
            "imapa": (gettext_lazy("IMAPA: for what sells seldom, by several spans"), "grey"),
            "global": (gettext_lazy("Learnt from all items (gradient boosting)"), "grey"),
            "mean": (gettext_lazy("Mean of the newest weeks"), "grey"),
        },
    )


def shown_name(item: ForecastItem | ForecastRow, level: str) -> str:
    """What an item is called on a page."""
    if level == "total":
        return _("All sales")
    name = label_of("sales_channel", item.name) if level == "channel" and item.name else item.name
    if item.is_rest:
        return _("Others in %(name)s") % {"name": name} if name else _("All others")
    if level == "category" and name and item.department:
        return f"{name} · {item.department}"
    return name or pgettext("forecast", "Without a name")


@require_safe
@requires("insights.view")
def forecast_page(request: HttpRequest) -> HttpResponse:
    """One item's past and next weeks, what its level will sell, and how far to trust it."""
    context = study_context(request, "forecast")
    if context["result"]:
        view = forecast_view(
            context["result"], level=request.GET.get("level", ""), item=request.GET.get("item", "")
        )
        text = partial(number_text, unit="money", currency=context["currency"])
        names = [(row, shown_name(row, view.level.level)) for row in view.items]
        context |= {
            "view": view,
            "name": shown_name(view.item, view.level.level),
            "choices": names,
            "listed": [(row, name, text(row.total)) for row, name in names if not row.is_rest][:LISTED],
            "total": text(view.item.total),
            "weeks": [(week, text(week.mean), text(week.low), text(week.high)) for week in view.item.weeks],
            "chart": _chart(view.item, currency=context["currency"]),
            "buyers": _buyers(view.item),
        }
    return render(request, "insights/forecast.html", context)


def _buyers(item: ForecastItem) -> str:
    """Who bought of it in the last 90 days; empty where nobody can be named by it."""
    goods = BOUGHT.get(item.level)
    if goods is None or item.is_rest or not item.name:
        return ""
    wanted = item.product_id if item.level == "product" else item.name
    window = {"type": "last_days", "days": 90}
    return tree({"type": "purchase", "did": True, "goods": {goods: [wanted]}, "window": window})


def _chart(item: ForecastItem, *, currency: str) -> Option:
    """What was sold, what will be, and between which ends."""
    past = [item.first_week + timedelta(days=7 * place) for place in range(len(item.history))]
    weeks = [day.isoformat() for day in (*past, *(week.start for week in item.weeks))]
    money = {"$format": "money", "currency": currency}
    gap: list[int | None] = [None] * len(past)
    joined = [*gap[:-1], item.history[-1]] if past else gap

    def line(name: str, data: list[int | None], **style: Any) -> Option:
        return {
            "name": name,
            "type": "line",
            "showSymbol": False,
            "data": data,
            "tooltip": {"valueFormatter": money},
            **style,
        }

    faint = {"width": 1, "opacity": 0.5}
    return {
        "legend": {},
        "xAxis": {
            "type": "category",
            "data": weeks,
            "boundaryGap": False,
            "axisLabel": {"formatter": {"$format": "date"}},
        },
        "yAxis": {"type": "value", "min": 0, "z": 1, "axisLabel": {"formatter": {**money, "compact": True}}},
        "series": [
            # The lower area paints over the upper one: what stays is the band.
            line(
                _("Upper end"),
                [*gap, *(week.high for week in item.weeks)],
                color={"$color": "amber"},
                lineStyle=faint,
                areaStyle={"opacity": 0.25},
                z=0,
            ),
            line(
                _("Lower end"),
                [*gap, *(week.low for week in item.weeks)],
                color={"$color": "amber"},
                lineStyle=faint,
                areaStyle={"opacity": 1, "color": {"$color": "surface"}},
                z=0,
            ),
            line(
                pgettext("forecast", "Forecast"),
                [*joined, *(week.mean for week in item.weeks)],
                color={"$color": "amber"},
                lineStyle={"width": 2.5, "type": "dashed"},
            ),
            line(
                pgettext("forecast", "Sold"),
                [*item.history, *([None] * len(item.weeks))],
                color={"$color": "primary"},
                lineStyle={"width": 2.5},
            ),
        ],
    }


@require_safe
@requires("insights.view")
def download_forecast(request: HttpRequest) -> HttpResponse:
    """The weeks to come of every item of a level (of all levels without one) as CSV."""
    level = request.GET.get("level", "")[:20]
    items = hand_out_forecast(actor=actor_of(request), at=now(), level=level)
    currency = retailer().currency
    header = [
        pgettext("range", "Level"),
        _("Item"),
        _("Code"),
        _("Week from"),
        pgettext("forecast", "Forecast"),
        _("Lower end"),
        _("Upper end"),
        _("Currency"),
        _("Method"),
    ]
    rows = (
        (
            label_of("forecast_level", item.level),
            shown_name(item, item.level),
            item.code,
            week.start.isoformat(),
            *(f"{to_major(amount, currency):f}" for amount in (week.mean, week.low, week.high)),
            currency,
            label_of("forecast_method", item.method),
        )
        for item in items
        for week in item.weeks
    )
    answer = HttpResponse(b"".join(csv_lines(header, rows)), content_type="text/csv; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = 'attachment; filename="forecast.csv"'
    return answer
