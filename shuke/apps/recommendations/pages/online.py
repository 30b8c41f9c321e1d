"""Which strategy earns more?  The competition in a slot, its bandit, and how to send what it is counted from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.experiments.queries import experiment
from shuke.apps.measurement.queries.effect import LABELS
from shuke.apps.measurement.schemas import EffectReport
from shuke.apps.recommendations.operations.competition import request_count
from shuke.apps.recommendations.pages import online_charts as charts
from shuke.apps.recommendations.pages.online_words import metric_names, said
from shuke.apps.recommendations.queries.online import count_key, online_view
from shuke.apps.recommendations.queries.slots import slot
from shuke.apps.recommendations.rules.verdicts import ALPHA
from shuke.apps.recommendations.schemas.online import OnlineDifference, OnlineReport
from shuke.platform.jobs.queries import job_of_key
from shuke.web.access import actor_of, requires
from shuke.web.templatetags.console import decimal

#: States of a job that is still going to change the page.
BUSY = frozenset({"ready", "running"})


@require_safe
@requires("recommendations.view")
def online_page(request: HttpRequest, code: str) -> HttpResponse:
    """What became of the slot's lists, by arm."""
    view = slot(code)
    found = online_view(code)
    report = found.report
    has_lists = report is not None and any(arm.lists for arm in report.arms)
    job = job_of_key(count_key(code))
    context: dict[str, Any] = {
        "slot": view,
        "found": found,
        "report": report,
        "has_lists": has_lists,
        "bandit": found.bandit,
        "tried": found.products,
        "experiment": experiment(view.experiment_id) if view.experiment_id else None,
        "job": job if job is not None and job.state in BUSY else None,
        "may_edit": actor_of(request).may("recommendations.edit"),
        "example": EXAMPLE % {"host": settings.SHUKE_PUBLIC_URL, "slot": code},
    }
    if report is not None and has_lists:
        context |= _shown(report)
    if found.bandit is not None:
        context |= {"regret": charts.regret(found.bandit.days), "shares": charts.shares(found.bandit)}
    if found.products is not None:
        context["products_regret"] = charts.regret(found.products.days)
    return render(request, "recommendations/online.html", context)


@require_POST
@requires("recommendations.edit")
def online_count(_request: HttpRequest, code: str) -> HttpResponse:
    """Have the lists counted in the background."""
    request_count(code)
    return redirect("recommendations:online", code)


@require_safe
@requires("recommendations.view")
def online_progress(request: HttpRequest, code: str) -> HttpResponse:
    """How far the count is; reloads the page when it is there."""
    view = slot(code)
    job = job_of_key(count_key(code))
    if job is None or job.state not in BUSY:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "recommendations/online_progress.html", {"slot": view, "job": job})


def _shown(report: OnlineReport) -> dict[str, Any]:
    money = {"$format": "money", "currency": report.currency}
    names = metric_names()
    seen = sum(arm.viewed + arm.clicked for arm in report.arms)
    return {
        "sentences": [said(reading, currency=report.currency) for reading in report.readings],
        "has_events": seen > 0,
        "revenue": charts.intervals(report, metric="revenue", name=names["revenue"], show=money),
        "clicks": charts.intervals(
            report, metric="click_rate", name=names["click_rate"], show=charts.PERCENT
        ),
        "places": charts.by_place(report),
        "days": charts.by_day(report),
        "rows": [
            _row(one, among=len(report.arms) - 1, name=names[one.metric])
            for one in report.differences
            if one.metric != "add_rate" or any(arm.added for arm in report.arms)
        ],
        "effect": _effect(report),
    }


def _effect(report: OnlineReport) -> EffectReport | None:
    """The stored report with the names of its figures in the reader's language."""
    if not report.effect:
        return None
    found = EffectReport.model_validate(report.effect)
    for lift in found.lifts:
        lift.label = str(LABELS[lift.metric][0]) if lift.metric in LABELS else lift.label
    return found


def _row(one: OnlineDifference, *, among: int, name: str) -> dict[str, Any]:
    """A difference with its verdict; arms that are compared share the chance of an error."""
    is_clear = one.always_p is not None and one.always_p < ALPHA / max(among, 1)
    better = _("Better") if (one.difference or 0) > 0 else _("Worse")
    return {
        "name": name,
        "is_money": one.metric == "revenue",
        "one": one,
        "verdict": better if is_clear else _("Not decided"),
        "p_value": _probability(one.p_value),
        "always_p": _probability(one.always_p),
        "tone": ("green" if (one.difference or 0) > 0 else "red") if is_clear else "grey",
    }


def _probability(value: float | None) -> str:
    """A p-value as papers write it."""
    return "< 0.0001" if value is not None and value < 0.0001 else decimal(value, 4)


#: How a shop asks and tells; nobody translates code.
EXAMPLE = """\
// On the shop's server: ask for the list.  The answer has a list_id.
const url = "%(host)s/api/v1/recommendations/%(slot)s?member=" + memberId;
const answer = await (await fetch(url, { headers: { Authorization: "Bearer " + token } })).json();

// In the shop's page: tell what became of it, with the same list_id.
analytics.track("Product List Viewed", { list_id: answer.list_id });
analytics.track("Product Clicked", { list_id: answer.list_id, product_id: productId });
analytics.track("Product Added", { list_id: answer.list_id, product_id: productId });
"""
