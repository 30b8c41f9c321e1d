"""How long things are kept."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from shuke.apps.compliance.operations import change_retention
from shuke.apps.compliance.queries.retention import retention_views
from shuke.platform.clock import now
from shuke.platform.errors import Invalid, Refused
from shuke.web.access import actor_of, requires


@requires("privacy.view")
def show_retention(request: HttpRequest) -> HttpResponse:
    """Every place with its rule; ``?count=1`` looks how much the next run would delete."""
    may_edit = actor_of(request).may("privacy.edit")
    if request.method == "POST" and may_edit:
        try:
            place, days = request.POST.get("place", "")[:60], _days(request.POST.get("keep_days", ""))
            change_retention(actor=actor_of(request), at=now(), place=place, keep_days=days)
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Saved; it is applied every night."))
        return redirect("compliance:retention")
    counted = request.GET.get("count") == "1"
    context = {
        "places": retention_views(at=now(), counted=counted),
        "counted": counted,
        "may_edit": may_edit,
    }
    return render(request, "compliance/retention.html", context)


def _days(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or len(text.strip()) > 6:
        raise Invalid("invalid_days", _("Write a number of days, or nothing."), {"keep_days": text[:20]})
    return int(text)
