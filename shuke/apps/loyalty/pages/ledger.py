"""The ledger under the eyes of people: verifications, heads, trial balance, and adjustments that wait."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shuke.apps.loyalty.forms.adjusting import LimitsForm
from shuke.apps.loyalty.operations import (
    approve_adjustment,
    ask_for_verification,
    reject_adjustment,
    set_adjustment_limit,
)
from shuke.apps.loyalty.queries.adjustments import adjustments, adjustments_waiting
from shuke.apps.loyalty.queries.types import points_types
from shuke.apps.loyalty.queries.verification import heads_at
from shuke.apps.loyalty.queries.verifications import (
    ACCOUNTS,
    newest_verification,
    postings_by_day,
    trial_balance,
    verification,
    verifications,
)
from shuke.apps.loyalty.schemas.care import AccountSum, PostingsOfDay
from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.queries import job_of_key, schedule_key
from shuke.platform.jobs.schemas import JobView
from shuke.web.access import actor_of, requires
from shuke.web.labels import choices_of, label_of
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 30
DAYS = 60
#: By which a verification is found among the jobs: one that somebody asked for, and the nightly one.
VERIFY_KEY, NIGHTLY = "verify-ledger", "points: verify the ledger"


@require_safe
@requires("loyalty.view")
def show_ledger(request: HttpRequest) -> HttpResponse:
    """The last verification, or the one of ``?look=``, with all accounts and what was posted lately."""
    asked = request.GET.get("look", "")
    look = verification(asked) if asked else newest_verification()
    days = postings_by_day(today_ends_at=now(), days=DAYS)
    context = {
        "look": look,
        "is_newest": not asked,
        "job": _looking(),
        "looks": verifications(limit=12),
        "accounts": _accounts(trial_balance()) if look else [],
        "kinds": points_types(),
        "chart": _postings(days),
        "waiting": adjustments_waiting(),
    }
    return render(request, "loyalty/ledger.html", context)


def _looking() -> JobView | None:
    """The verification that runs, else the one that waits, else one that did not come to its end; or nothing."""
    found = [job_of_key(VERIFY_KEY), job_of_key(schedule_key(NIGHTLY))]
    jobs = sorted((job for job in found if job), key=lambda job: job.enqueued_at, reverse=True)
    for state in ("running", "ready"):
        for job in jobs:
            if job.state == state:
                return job
    return jobs[0] if jobs and jobs[0].state == "failed" else None


@require_safe
@requires("loyalty.view")
def show_verifying(request: HttpRequest) -> HttpResponse:
    """Where the verification stands, asked again while it waits or runs; the page is read anew when it is over."""
    job = _looking()
    answer = render(request, "loyalty/verifying.html", {"job": job, "last": newest_verification()})
    if job is None or job.state == "failed":
        answer["HX-Refresh"] = "true"
    return answer


def _accounts(sums: Sequence[AccountSum]) -> list[tuple[str, list[int]]]:
    """Accounts as rows with one sum per points type, in the order of ``points_types``, and a row of totals."""
    codes = [kind.code for kind in points_types()]
    found = {(row.account, row.points_type): row.points for row in sums}
    names = [name for name in ACCOUNTS if any((name, code) in found for code in codes)]
    rows = [(name, [found.get((name, code), 0) for code in codes]) for name in names]
    return [*rows, ("", [sum(values) for values in zip(*(v for _, v in rows), strict=True)])] if rows else []


def _postings(days: Sequence[PostingsOfDay]) -> dict[str, Any] | None:
    if not days:
        return None
    dates = sorted({row.day for row in days})
    axis = [dates[0] + timedelta(days=n) for n in range((dates[-1] - dates[0]).days + 1)]
    counts = {(row.kind, row.day): row.count for row in days}
    kinds = [code for code, _word in choices_of("points_kind") if any(code == kind for kind, _ in counts)]
    return {
        "legend": {"type": "scroll"},
        "xAxis": {"type": "category", "data": [day.isoformat() for day in axis]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {
                "type": "bar",
                "stack": "postings",
                "name": label_of("points_kind", kind),
                "data": [counts.get((kind, day), 0) for day in axis],
            }
            for kind in kinds
        ],
    }


@require_POST
@requires("loyalty.edit")
def verify_now(request: HttpRequest) -> HttpResponse:
    """Queue a look at every transaction."""
    ask_for_verification(actor=actor_of(request), at=now())
    messages.success(
        request, _("The verification is queued; this page says when it is done. Tills are not held up.")
    )
    return redirect("loyalty:ledger")


@require_safe
@requires("loyalty.view")
def download_heads(_request: HttpRequest) -> HttpResponse:
    """The head of every chain, to be kept where nobody who can write the database can."""
    at: datetime = now()
    answer = HttpResponse(json.dumps(heads_at(at), indent=0), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="ledger-heads-{at:%Y%m%dT%H%M%SZ}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@requires("loyalty.view")
def show_adjustments(request: HttpRequest) -> HttpResponse:
    """Points by hand: what waits for a second person, and what was done."""
    state = request.GET.get("state", "waiting")
    page = page_number(request)
    names = {kind.code: kind.name for kind in points_types()}
    found, total = adjustments(state=state, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "rows": [row.model_dump() | {"type_name": names[row.points_type]} for row in found],
        "state": state,
        "states": choices_of("adjustment_state"),
        "pager": Pager(page=page, size=PAGE_SIZE, total=total),
        "limits": LimitsForm(kinds=points_types()),
        "names": names,
    }
    return render(request, "loyalty/adjustments.html", context)


@require_POST
@requires("points.approve")
def decide_adjustment(request: HttpRequest, adjustment_id: str) -> HttpResponse:
    """Approve or reject."""
    decision, actor = request.POST.get("decision", ""), actor_of(request)
    try:
        if decision == "approve":
            approve_adjustment(actor=actor, at=now(), adjustment_id=adjustment_id)
            messages.success(request, _("Approved; the points are booked."))
        else:
            answer = request.POST.get("answer", "")[:1000]
            reject_adjustment(actor=actor, at=now(), adjustment_id=adjustment_id, answer=answer)
            messages.success(request, _("Rejected; nothing was booked."))
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    return redirect("loyalty:adjustments")


@require_POST
@requires("loyalty.edit")
def change_limits(request: HttpRequest) -> HttpResponse:
    """Set how many points one person may book alone."""
    kinds = points_types()
    form = LimitsForm(request.POST, kinds=kinds)
    if not form.is_valid():
        messages.error(request, _("A limit is a whole number, zero or more."))
        return redirect("loyalty:adjustments")
    for kind in kinds:
        limit = form.cleaned_data[kind.code]
        if limit != kind.adjustment_limit:
            set_adjustment_limit(actor=actor_of(request), at=now(), points_type=kind.code, limit=limit)
    messages.success(request, _("The limits are saved."))
    return redirect("loyalty:adjustments")
