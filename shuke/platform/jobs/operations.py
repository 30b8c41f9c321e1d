"""Changing jobs by hand: trying again, cancelling, clearing away."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shuke.platform.audit.operations import record_audit
from shuke.platform.errors import NotFound, Refused
from shuke.platform.jobs.backend import RecordedBackend, task_of
from shuke.platform.jobs.models import CANCELLED, FAILED, READY, RUNNING, SCHEDULE_KEY, SUCCEEDED, Job
from shuke.platform.jobs.queries import job_view
from shuke.platform.jobs.schemas import JobView
from shuke.platform.permissions import Actor


@transaction.atomic
def retry_job(*, actor: Actor, at: datetime, job_id: str) -> JobView:
    """Let a failed or cancelled job run again, with all its attempts.

    Raises ``Refused`` for a job in another state or if a newer job with its key waits.
    """
    job = _locked(job_id)
    if job.state not in {FAILED, CANCELLED}:
        raise Refused("job_not_ended", _("Only a job that failed or was cancelled can be run again."))
    before = job.state
    job.state, job.run_after, job.finished_at, job.enqueued_at = READY, at, None, at
    job.attempts = job.interruptions = 0
    job.is_cancel_requested = False
    try:
        with transaction.atomic():
            job.save()
    except IntegrityError:
        raise Refused("job_waits", _("A newer job of the same kind is already waiting.")) from None
    backend = task_of(job).get_backend()
    if isinstance(backend, RecordedBackend):
        backend.deliver(job)
    record_audit(
        actor=actor, at=at, verb="job.retried", subject=("job", job_id), changes={"state": [before, READY]}
    )
    return job_view(job)


@transaction.atomic
def cancel_job(*, actor: Actor, at: datetime, job_id: str) -> JobView:
    """Cancel a waiting job, or ask a running one to stop at its next report of progress.

    Raises ``Refused`` for a job that has ended.
    """
    job = _locked(job_id)
    if job.state not in {READY, RUNNING}:
        raise Refused("job_ended", _("This job has already ended."))
    before = job.state
    job.is_cancel_requested = True
    if job.state == READY:
        job.state, job.finished_at = CANCELLED, at
    job.save()
    record_audit(
        actor=actor,
        at=at,
        verb="job.cancelled",
        subject=("job", job_id),
        changes={"state": [before, job.state]},
    )
    return job_view(job)


def prune_jobs(*, before: datetime, only_routine: bool = False) -> int:
    """Delete jobs that ended before that time; returns how many.  Routine: successes of schedules."""
    ended = Job.objects.filter(state__in=[SUCCEEDED, FAILED, CANCELLED], finished_at__lt=before)
    if only_routine:
        ended = ended.filter(state=SUCCEEDED, unique_key__startswith=SCHEDULE_KEY)
    return ended.delete()[0]


def _locked(job_id: str) -> Job:
    job = Job.objects.select_for_update().filter(public_id=job_id).first()
    if job is None:
        raise NotFound("job_not_found", _("There is no such job."))
    return job
