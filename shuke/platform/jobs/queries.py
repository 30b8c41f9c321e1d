"""What is known of jobs, workers and schedules."""

from datetime import datetime, timedelta

from django.db.models import Count

from shuke.platform.errors import NotFound
from shuke.platform.jobs.declarations import schedules
from shuke.platform.jobs.models import SCHEDULE_KEY, STATES, SUCCEEDED, Job, ScheduleTime, Worker
from shuke.platform.jobs.schemas import JobsPage, JobView, ScheduleView, WorkerView


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
    )


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


def job_counts() -> dict[str, int]:
    """How many jobs are in each state."""
    counted = dict(Job.objects.values_list("state").annotate(count=Count("id")).order_by())
    return {state: counted.get(state, 0) for state in STATES}


def workers(*, at: datetime, within: timedelta = timedelta(minutes=2)) -> list[WorkerView]:
    """The workers heard of within that time, latest first."""
    alive = Worker.objects.filter(beat_at__gte=at - within).order_by("-beat_at")
    return [WorkerView(id=w.worker_id, started_at=w.started_at, beat_at=w.beat_at) for w in alive]


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
