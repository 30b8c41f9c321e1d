"""The console's home page and the portrait of all members."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.insights import rules
from shuke.apps.insights.operations import build_traits
from shuke.apps.insights.pages import charts
from shuke.apps.insights.queries import overview, portrait
from shuke.platform.clock import business_date, now
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

KPI_ICONS = {
    "revenue": "coins",
    "orders": "shopping-cart",
    "average_order": "receipt",
    "active_members": "users",
    "new_members": "user-plus",
    "repeat_rate": "repeat",
}


@require_safe
@requires("overview.view")
def overview_page(request: HttpRequest) -> HttpResponse:
    """Key figures of a period against the one before, and what needs attention."""
    wanted = request.GET.get("days", "")
    days = int(wanted) if wanted in {str(period) for period in rules.PERIODS} else 28
    found = overview(today=business_date(now(), retailer().time_zone), days=days)
    context = {
        "overview": found,
        "may_set_up": actor_of(request).may("settings.edit"),
        "kpis": [(kpi, KPI_ICONS[kpi.name]) for kpi in found.kpis],
        "periods": [(period, period == days) for period in rules.PERIODS],
        "trend": charts.trend(found),
        "lifecycle": charts.lifecycle(found.lifecycle),
        "segments": charts.segments(found.segments),
    }
    return render(request, "insights/overview.html", context)


@require_safe
@requires("insights.view")
def portrait_page(request: HttpRequest) -> HttpResponse:
    """Segments, lifecycle and habits of all members."""
    found = portrait()
    context: dict[str, object] = {"portrait": found, "may_build": actor_of(request).may("insights.edit")}
    if found is not None:
        context |= {
            "segments": charts.segments(found.segments),
            "lifecycle": charts.lifecycle(found.lifecycle),
            "matrix": charts.matrix(found.matrix),
            "categories": charts.bars(found.categories, name=_("Members")),
            "hours": charts.hours(found.hours),
            "thresholds": charts.threshold_rows(found.build.thresholds),
        }
    return render(request, "insights/portrait.html", context)


@require_POST
@requires("insights.edit")
def build_page(request: HttpRequest) -> HttpResponse:
    """Build the traits as of yesterday, then show them."""
    at = now()
    yesterday = business_date(at, retailer().time_zone) - timedelta(days=1)
    built = build_traits(actor=actor_of(request), at=at, as_of=yesterday)
    text = _("Traits of %(members)s members were built in %(seconds)s seconds.")
    messages.success(request, text % {"members": f"{built.members:,}", "seconds": f"{built.seconds:.1f}"})
    return redirect("insights:portrait")
