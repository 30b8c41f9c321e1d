"""The queue on PostgreSQL: procrastinate hands out the jobs, over any number of machines.

Procrastinate's row carries only the job's public id and goes away at its end; arguments, outcome and
progress, which procrastinate does not keep, are in ``Job``.  Its ``lock`` keeps two jobs of one unique
key from running at once; waiting twice is kept out by ``Job``'s own constraint, since procrastinate's
queueing lock would also forbid that a job whose worker died goes back to wait behind a newer one.
"""

import logging
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from asgiref.sync import async_to_sync
from django.db import IntegrityError
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.app import App
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job as Delivery
from procrastinate.manager import JobManager

from shuke.platform.clock import now
from shuke.platform.jobs import execution
from shuke.platform.jobs.backend import RecordedBackend
from shuke.platform.jobs.models import READY, RUNNING, Job

log = logging.getLogger(__name__)
TASK_NAME = "shuke.run"
#: How long a job waits that was delivered while another of its key still runs.
CROWDED = timedelta(seconds=2)


class Backend(RecordedBackend):
    """Django Tasks on procrastinate."""

    def deliver(self, job: Job) -> None:
        """Hand the job to procrastinate on Django's own connection, so in the caller's transaction."""
        manager().defer_job(
            Delivery(
                queue=job.queue,
                task_name=TASK_NAME,
                task_kwargs={"job_id": job.public_id},
                priority=job.priority,
                lock=job.unique_key,
                queueing_lock=None,
                scheduled_at=job.run_after if job.run_after > job.enqueued_at else None,
            )
        )


class Again(Exception):
    """Not an error: the job shall be delivered again at ``at``."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"again at {at.isoformat()}")
        self.at = at


class WhenTold(BaseRetryStrategy):
    """Deliver again when ``run_delivered`` says so; how often was decided by the task's policy."""

    def get_retry_decision(
        self,
        *,
        exception: BaseException,
        job: Delivery,  # noqa: ARG002 - the signature is procrastinate's.
    ) -> RetryDecision | None:
        """Procrastinate's question after a failure."""
        return RetryDecision(retry_at=exception.at) if isinstance(exception, Again) else None


@cache
def manager() -> JobManager:
    """Procrastinate's queries, over Django's connection of the calling thread."""
    return JobManager(DjangoConnector())


def run_delivered(*, job_id: str, worker_id: str) -> None:
    """Run the job that procrastinate delivered.  Raises ``Again`` to have it delivered later."""
    at = now()
    try:
        job = execution.start(job_id, worker_id=worker_id, at=at)
    except IntegrityError:
        raise Again(at + CROWDED) from None
    if job is not None:
        retry_at = execution.run(job)
        if retry_at is not None:
            raise Again(retry_at)
        return
    waiting = Job.objects.filter(public_id=job_id, state=READY).values_list("run_after", flat=True).first()
    if waiting is not None:
        raise Again(waiting)


def requeue_stalled(*, seconds: float) -> int:
    """Give back the jobs of workers that have not been heard of for that long; returns how many."""
    stalled = async_to_sync(manager().get_stalled_jobs)(seconds_since_heartbeat=seconds)
    return _requeue([int(delivery.id) for delivery in stalled if delivery.id])


def requeue_held(*, worker_id: str) -> int:
    """Give back the jobs of a worker that is known not to run; returns how many."""
    from procrastinate.contrib.django.models import ProcrastinateJob

    held = Job.objects.filter(state=RUNNING, worker_id=worker_id).values_list("public_id", flat=True)
    deliveries = ProcrastinateJob.objects.filter(  # type: ignore[misc]
        status="doing", args__job_id__in=list(held)
    )
    return _requeue(list(deliveries.values_list("id", flat=True)))


def _requeue(deliveries: list[int]) -> int:
    for delivery in deliveries:
        try:
            manager().retry_job_by_id(job_id=delivery, retry_at=now())
        except ConnectorException:
            # Another worker gave it back a moment ago, or its own has ended it after all.
            log.info("delivery was given back already", extra={"delivery": delivery})
    return len(deliveries)


def build_app(*, worker_id: str) -> App:
    """A procrastinate application with the one task that runs ours, for a worker process."""
    from procrastinate.contrib.django import DjangoApp

    app = DjangoApp(connector=DjangoConnector().get_worker_connector())

    @app.task(name=TASK_NAME, retry=WhenTold())
    def run_job(job_id: str) -> None:
        run_delivered(job_id=job_id, worker_id=worker_id)

    return app


def run_worker(*, worker_id: str, queues: list[str] | None, options: dict[str, Any]) -> None:
    """Work until a stop signal, then end the job that runs and return."""
    build_app(worker_id=worker_id).run_worker(name=worker_id, queues=queues, delete_jobs="always", **options)
