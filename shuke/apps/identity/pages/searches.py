"""Searches: start one, see what it would do, apply it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from shuke.apps.identity import operations, queries
from shuke.apps.identity.pages.words import percent, reason
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.queries import job_of_key
from shuke.web.access import actor_of, requires

EXAMPLES = 10
BUSY = frozenset({"queued", "running", "applying"})


@require_GET
@requires("members.view")
def searches(request: HttpRequest) -> HttpResponse:
    """What was searched for, and what came of it."""
    context = {
        "runs": queries.match_runs(limit=20),
        "may_edit": actor_of(request).may("members.edit"),
        "here": "searches",
    }
    return render(request, "identity/searches.html", context)


@require_POST
@requires("members.edit")
def start(request: HttpRequest) -> HttpResponse:
    """Start a search; it changes nothing."""
    method = "model" if request.POST.get("method") == "model" else "rules"
    run_id = operations.start_search(actor=actor_of(request), at=now(), method=method)
    return redirect("identity:search", run_id)


@require_GET
@requires("members.view")
def search(request: HttpRequest, run_id: str) -> HttpResponse:
    """One search: its effect in figures and examples before anything is changed."""
    run = queries.match_run(run_id)
    lists = []
    for is_sure in (True, False):
        for state in ("proposed", "open", "merged"):
            rows, total = queries.suggestions_page(
                run_id=run_id, state=state, is_sure=is_sure, limit=EXAMPLES
            )
            if rows:
                shown = [{"pair": r, "reason": reason(r.evidence), "percent": percent(r)} for r in rows]
                lists.append({"is_sure": is_sure, "state": state, "rows": shown, "total": total})
    context = {
        "run": run,
        "is_busy": run.state in BUSY,
        "job": job_of_key(f"identity {run_id}"),
        "lists": lists,
        "may_edit": actor_of(request).may("members.edit"),
    }
    return render(request, "identity/search.html", context)


@require_GET
@requires("members.view")
def progress(request: HttpRequest, run_id: str) -> HttpResponse:
    """How far a search is; reloads the page when it has ended."""
    run = queries.match_run(run_id)
    if run.state not in BUSY:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    context = {"run": run, "job": job_of_key(f"identity {run_id}")}
    return render(request, "identity/progress.html", context)


@require_POST
@requires("members.edit")
def apply_page(request: HttpRequest, run_id: str) -> HttpResponse:
    """Apply a search in the background."""
    try:
        operations.start_applying(actor=actor_of(request), at=now(), run_id=run_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        return redirect("identity:search", run_id)
    messages.success(request, _("The search is being applied. Every merge can be undone."))
    return redirect("identity:search", run_id)
