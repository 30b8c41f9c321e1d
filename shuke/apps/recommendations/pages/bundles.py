"""Bundles: what is served, what was fitted when and at what cost, and what every bundle leaves out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.commerce.queries import departments
from shuke.apps.recommendations.forms.bundles import BundleSettingsForm
from shuke.apps.recommendations.operations.bundle_keeping import activate_bundle
from shuke.apps.recommendations.operations.fitting import change_bundle_settings, request_bundle
from shuke.apps.recommendations.pages.slot_words import step_word
from shuke.apps.recommendations.queries.bundles import FIT_KEY, bundle_settings, bundles
from shuke.apps.recommendations.schemas import BundleView
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.queries import job_of_key
from shuke.web.access import actor_of, requires

BUSY = frozenset({"ready", "running"})
SHOWN = 20
MEGABYTE = 1_000_000


@require_safe
@requires("recommendations.view")
def bundle_list(request: HttpRequest) -> HttpResponse:
    """All bundles; one of them in full, the served one where none is named."""
    return render(request, "recommendations/bundles/list.html", _context(request))


def _context(request: HttpRequest, form: BundleSettingsForm | None = None) -> dict[str, Any]:
    found = bundles(limit=SHOWN)
    wanted = request.GET.get("bundle", "")
    shown = next((row for row in found.items if row.id == wanted and row.state != "failed"), None)
    shown = shown or next((row for row in found.items if row.is_active), None)
    settings = bundle_settings()
    names = sorted({*departments(), *settings.left_out_departments})
    return {
        "rows": found.items,
        "total": found.total,
        "shown": shown,
        "active": next((row for row in found.items if row.is_active), None),
        "best_value": _best_value(shown),
        **_busy(),
        "form": form or BundleSettingsForm(departments=names, initial=settings.dict()),
        "may_edit": actor_of(request).may("recommendations.edit"),
    }


def _best_value(shown: BundleView | None) -> float:
    """The longest bar."""
    return max((figure.value or 0.0 for figure in shown.figures), default=0.0) if shown else 0.0


def _busy() -> dict[str, Any]:
    """The job that fits, and what it does now."""
    job = job_of_key(FIT_KEY)
    if job is None or job.state not in BUSY:
        return {"job": None}
    return {"job": job, "step": step_word(job.progress_label, context="bundle")}


@require_safe
@requires("recommendations.view")
def bundle_progress(request: HttpRequest) -> HttpResponse:
    """How far fitting is; reloads the page when it is done."""
    busy = _busy()
    if busy["job"] is None:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "recommendations/bundles/progress.html", busy)


@require_POST
@requires("recommendations.edit")
def fit_now(request: HttpRequest) -> HttpResponse:
    """Have a bundle fitted in the background."""
    request_bundle(actor=actor_of(request), at=now())
    return redirect("recommendations:bundles")


@require_POST
@requires("recommendations.edit")
def serve_bundle(request: HttpRequest, bundle_id: str) -> HttpResponse:
    """Serve this bundle from now on."""
    try:
        activate_bundle(actor=actor_of(request), at=now(), bundle_id=bundle_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(
            request, _("This bundle is served from now on. The next one that is fitted follows it.")
        )
    return redirect("recommendations:bundles")


@require_POST
@requires("recommendations.edit")
def save_settings(request: HttpRequest) -> HttpResponse:
    """What every bundle from the next one on leaves out."""
    names = sorted({*departments(), *bundle_settings().left_out_departments})
    form = BundleSettingsForm(request.POST, departments=names)
    if not form.is_valid():
        return render(request, "recommendations/bundles/list.html", _context(request, form))
    change_bundle_settings(actor=actor_of(request), at=now(), settings=form.settings())
    messages.success(request, _("Saved. The next bundle is fitted by it."))
    return redirect("recommendations:bundles")
