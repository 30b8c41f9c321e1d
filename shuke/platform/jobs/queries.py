"""What is known of jobs, workers and schedules."""

from datetime import datetime, timedelta

from django.db.models import Count, QuerySet

from shuke.platform.errors import NotFound
from shuke.platform.jobs.declarations import schedules
from shuke.platform.jobs.models import (
    READY,
    RUNNING,
    SCHEDULE_KEY,
    STATES,
    SUCCEEDED,
    Job,
    ScheduleTime,
    Worker,
)
from shuke.platform.jobs.queues import QUEUES
from shuke.platform.jobs.schemas import JobsPage, JobView, QueueView, ScheduleView, WorkerView


def job_view(job: Job) -> JobView:
    """The public view of a job's row."""
    return JobView(
        id=job.public_id,
        task=job.task,
        queue=job.queue,
        state=job.state,
        unique_key=job.unique_key,
        enqueued_at=job.enqueued_at,
        run_after=job.run_after,
        started_at=job.started_at,
        finished_at=job.finished_at,
        attempts=job.attempts,
        interruptions=job.interruptions,
        error_kind=job.error_kind,
        error=job.error_text,
        progress_done=job.progress_done,
        progress_total=job.progress_total,
        progress_label=job.progress_label,
        is_cancel_requested=job.is_cancel_requested,
        worker=worker_name(job.worker_id),
    )


def worker_name(worker_id: str) -> str:
    """Machine and process of a worker, without the part that only tells its lives apart."""
    machine, _, process = worker_id.rpartition(":")[0].rpartition(":")
    return f"{machine} · {process}" if machine else worker_id


def job(job_id: str) -> JobView:
    """A job by its public id.  Raises ``NotFound``."""
    found = Job.objects.filter(public_id=job_id).first()
    if found is None:
        raise NotFound("job_not_found", f"There is no job {job_id}; finished jobs are kept for 14 days.")
    return job_view(found)


def jobs_page(
    *, state: str = "", task: str = "", has_routine: bool = True, limit: int = 50, offset: int = 0
) -> JobsPage:
    """Jobs, newest first, of a state (see ``models.STATES``) and with ``task`` in the task's path.

    Without routine, successes of schedules are left out: some come every few seconds.
    """
    rows = Job.objects.defer("args", "kwargs", "return_value", "error_trace").order_by("-enqueued_at", "-id")
    if state:
        rows = rows.filter(state=state)
    if task:
        rows = rows.filter(task__contains=task)
    if not has_routine:
        rows = rows.exclude(state=SUCCEEDED, unique_key__startswith=SCHEDULE_KEY)
    return JobsPage(items=[job_view(row) for row in rows[offset : offset + limit]], total=rows.count())


def job_of_key(unique_key: str) -> JobView | None:
    """The newest job with that unique key: how a page finds the job it started."""
    found = Job.objects.filter(unique_key=unique_key).order_by("-id").first()
    return job_view(found) if found else None


def schedule_key(name: str) -> str:
    """The unique key of the jobs of a schedule."""
    return f"{SCHEDULE_KEY}{name}"


def job_counts() -> dict[str, int]:
    """How many jobs are in each state."""
    counted = dict(Job.objects.values_list("state").annotate(count=Count("id")).order_by())
    return {state: counted.get(state, 0) for state in STATES}


def workers(*, at: datetime, within: timedelta = timedelta(minutes=2)) -> list[WorkerView]:
    """The workers heard of within that time, latest first."""
    alive = Worker.objects.filter(beat_at__gte=at - within).order_by("-beat_at")
    return [
        WorkerView(
            id=row.worker_id,
            name=worker_name(row.worker_id),
            queues=row.queues.split() or list(QUEUES),
            started_at=row.started_at,
            beat_at=row.beat_at,
        )
        for row in alive
    ]


def queue_views(*, at: datetime, limit: int = 5) -> list[QueueView]:
    """Every queue with what runs in it and the first ``limit`` jobs that wait for a worker."""
    crew = workers(at=at)
    jobs = Job.objects.defer("args", "kwargs", "return_value", "error_trace")
    views = []
    for name in QUEUES:
        mine = jobs.filter(queue=name)
        waiting = mine.filter(state=READY, run_after__lte=at)
        views.append(
            QueueView(
                name=name,
                workers=[worker for worker in crew if name in worker.queues],
                running=[job_view(row) for row in mine.filter(state=RUNNING).order_by("started_at", "id")],
                next_up=_in_turn(waiting, limit=limit),
                waiting=waiting.count(),
                later=mine.filter(state=READY, run_after__gt=at).count(),
            )
        )
    return views


def _in_turn(waiting: QuerySet[Job], *, limit: int) -> list[JobView]:
    """The first of those that wait, in the order in which workers take them."""
    found = [job_view(row) for row in waiting.order_by("-priority", "run_after", "id")[:limit]]
    keys = [view.unique_key for view in found if view.unique_key]
    busy = set(Job.objects.filter(state=RUNNING, unique_key__in=keys).values_list("unique_key", flat=True))
    for view in found:
        view.waits_for_its_like = view.unique_key in busy
    return found


def schedule_views() -> list[ScheduleView]:
    """Every declared schedule with its next and last time."""
    times = {item.name: item for item in ScheduleTime.objects.all()}
    return [
        ScheduleView(
            name=item.name,
            task=item.task.module_path,
            rule=item.rule,
            next_at=times[item.name].next_at if item.name in times else None,
            fired_at=times[item.name].fired_at if item.name in times else None,
        )
        for item in schedules()
    ]
