"""What the pages of all studies share: the answer, its job, and the button that asks anew."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.insights.operations import request_study
from shuke.apps.insights.queries import QUESTIONS, latest_build, latest_study, study_key
from shuke.platform.jobs.queries import job_of_key
from shuke.platform.jobs.schemas import JobView
from shuke.platform.retailer.queries import retailer
from shuke.web.access import actor_of, requires

#: States of a job that is still going to change the page.
BUSY = frozenset({"ready", "running"})


def study_context(request: HttpRequest, kind: str) -> dict[str, Any]:
    """What ``insights/study.html`` shows of the newest answer; ``result`` is ``None`` where there is none."""
    study = latest_study(kind)
    job = job_of_key(study_key(kind))
    return {
        "kind": kind,
        "question": QUESTIONS[kind],
        "study": study,
        "result": study.result if study and not study.refusal else None,
        "currency": retailer().currency,
        "has_traits": latest_build() is not None,
        "job": job if is_busy(job) else None,
        "progress_url": reverse("insights:progress", args=[kind]),
        "may_compute": actor_of(request).may("insights.edit"),
        "may_save": actor_of(request).may("audiences.edit"),
    }


def is_busy(job: JobView | None) -> bool:
    """Whether the job waits or runs."""
    return job is not None and job.state in BUSY


@require_POST
@requires("insights.edit")
def compute_page(_request: HttpRequest, kind: str) -> HttpResponse:
    """Have the question answered in the background, and show its page with the progress."""
    _known(kind)
    request_study(kind)
    return redirect(QUESTIONS[kind].url_name)


@require_safe
@requires("insights.view")
def progress_page(request: HttpRequest, kind: str) -> HttpResponse:
    """How far the answer is; reloads the page when it is there."""
    _known(kind)
    return progress_answer(request, key=study_key(kind))


def progress_answer(request: HttpRequest, *, key: str) -> HttpResponse:
    """How far the job of that unique key is; reloads the page that asks once it is over."""
    job = job_of_key(key)
    if not is_busy(job):
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"
        return answer
    return render(request, "insights/progress.html", {"progress_url": request.path, "job": job})


def _known(kind: str) -> None:
    if kind not in QUESTIONS:
        raise Http404
