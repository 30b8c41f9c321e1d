"""Background work: what runs, what failed, what waits for its time, and facts that could not be written."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from shuke.platform.clock import now
from shuke.platform.errors import Refused
from shuke.platform.jobs.operations import cancel_job, retry_job
from shuke.platform.jobs.queries import job_counts, jobs_page, queue_views, schedule_views, workers
from shuke.platform.outbox.operations import retry_faults
from shuke.platform.outbox.queries import outbox_state
from shuke.web.access import actor_of, requires
from shuke.web.pages.job_words import rule_words
from shuke.web.paging import Pager, page_number

PAGE_SIZE = 25


@requires("jobs.view")
def jobs(request: HttpRequest) -> HttpResponse:
    """Jobs newest first, by state (without one, routine left out); workers; schedules; the outbox."""
    at = now()
    state, page = request.GET.get("state", "")[:12], page_number(request)
    counts = job_counts()
    state = state if state in counts else ""
    found = jobs_page(state=state, has_routine=bool(state), limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
    context = {
        "counts": counts,
        "state": state,
        "jobs": found.items,
        "pager": Pager(page=page, size=PAGE_SIZE, total=found.total),
        "workers": workers(at=at),
        "queues": queue_views(at=at),
        "schedules": [(item, rule_words(item.rule)) for item in schedule_views()],
        "outbox": outbox_state(),
    }
    return render(request, "web/jobs.html", context)


@requires("settings.edit")
@require_POST
def retry(request: HttpRequest, job_id: str) -> HttpResponse:
    """Let a job that failed run again."""
    try:
        retry_job(actor=actor_of(request), at=now(), job_id=job_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The job is queued again."))
    return redirect("web:jobs")


@requires("settings.edit")
@require_POST
def cancel(request: HttpRequest, job_id: str) -> HttpResponse:
    """Cancel a job, or ask it to stop."""
    try:
        job = cancel_job(actor=actor_of(request), at=now(), job_id=job_id)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
    else:
        stopped = _("The job is cancelled.")
        asked = _("The job was asked to stop; it does so at its next step.")
        messages.success(request, stopped if job.state == "cancelled" else asked)
    return redirect("web:jobs")


@requires("settings.edit")
@require_POST
def retry_facts(request: HttpRequest) -> HttpResponse:
    """Send the facts that were set aside to the lake again."""
    count = retry_faults(actor=actor_of(request), at=now())
    told = ngettext("%(count)s packet is sent again.", "%(count)s packets are sent again.", count)
    messages.success(request, told % {"count": count})
    return redirect("web:jobs")
