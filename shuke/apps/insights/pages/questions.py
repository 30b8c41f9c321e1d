"""All questions on one page, each with its first sentence of an answer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.insights.operations import request_study
from shuke.apps.insights.pages.studies import is_busy
from shuke.apps.insights.queries import GROUPS, QUESTIONS, latest_build, newest_studies, study_key
from shuke.apps.insights.queries.funnels import funnels
from shuke.platform.jobs.queries import job_of_key
from shuke.web.access import actor_of, requires


@require_safe
@requires("insights.view")
def questions_page(request: HttpRequest) -> HttpResponse:
    """The questions by what they are about, with what was found."""
    found = newest_studies()
    groups = [(title, [_card(kind, found=found) for kind in kinds]) for title, kinds in GROUPS]
    context = {
        "groups": groups,
        "build": latest_build(),
        "funnels": len(funnels()),
        "may_compute": actor_of(request).may("insights.edit"),
        "is_busy": any(card["is_busy"] for _title, cards in groups for card in cards),
    }
    return render(request, "insights/questions.html", context)


@require_POST
@requires("insights.edit")
def compute_all_page(_request: HttpRequest) -> HttpResponse:
    """Have every question answered in the background."""
    request_study("")
    return redirect("insights:questions")


def _card(kind: str, *, found: dict[str, Any]) -> dict[str, Any]:
    job = job_of_key(study_key(kind))
    return {
        "kind": kind,
        "question": QUESTIONS[kind],
        "study": found.get(kind),
        "is_busy": is_busy(job),
        "is_waiting": job is not None and job.state == "ready",
    }
