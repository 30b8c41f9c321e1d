"""Jobs and their outcomes, the workers that live, and the schedules' next times."""

from django.db import models
from django.db.models import Q

from shuke.platform.ids import new_id

READY, RUNNING, SUCCEEDED, FAILED, CANCELLED = "ready", "running", "succeeded", "failed", "cancelled"
#: Unique keys of scheduled jobs begin with this.
SCHEDULE_KEY = "schedule:"
STATES = (READY, RUNNING, SUCCEEDED, FAILED, CANCELLED)


def new_job_id() -> str:
    return new_id("job")


class Job(models.Model):
    """One job from its queuing to its outcome.

    On SQLite the row is the queue itself: a worker holds it until ``lease_until`` and prolongs that
    while it lives.  On PostgreSQL procrastinate delivers it and the row is its record.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_job_id, editable=False)
    task = models.CharField(max_length=200)
    queue = models.CharField(max_length=60, default="default")
    priority = models.SmallIntegerField(default=0)
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    unique_key = models.CharField(max_length=200, null=True)
    state = models.CharField(max_length=12, choices=[(s, s) for s in STATES], default=READY)
    enqueued_at = models.DateTimeField()
    run_after = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Every start counts as an attempt; the ones that ended with the worker's death are interruptions.
    attempts = models.PositiveIntegerField(default=0)
    interruptions = models.PositiveIntegerField(default=0)
    worker_id = models.CharField(max_length=100, default="")
    lease_until = models.DateTimeField(null=True)
    return_value = models.JSONField(null=True)
    error_kind = models.CharField(max_length=200, default="")
    error_text = models.CharField(max_length=500, default="")
    error_trace = models.TextField(default="")
    progress_done = models.BigIntegerField(null=True)
    progress_total = models.BigIntegerField(null=True)
    progress_label = models.CharField(max_length=200, default="")
    is_cancel_requested = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unique_key"], condition=Q(state=READY), name="jobs_one_waiting_per_key"
            ),
            models.UniqueConstraint(
                fields=["unique_key"], condition=Q(state=RUNNING), name="jobs_one_running_per_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["-priority", "run_after", "id"], condition=Q(state=READY), name="jobs_waiting"
            ),
            models.Index(fields=["lease_until"], condition=Q(state=RUNNING), name="jobs_leases"),
            models.Index(fields=["finished_at"], name="jobs_finished"),
            models.Index(fields=["-enqueued_at"], name="jobs_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.public_id}"


class Worker(models.Model):
    """A worker process and when it was last heard of."""

    worker_id = models.CharField(max_length=100, unique=True)
    #: Names with spaces between; empty for a worker of a version that knew no kinds: it takes all.
    queues = models.CharField(max_length=200, default="", db_default="")
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.worker_id


class ScheduleTime(models.Model):
    """When a schedule fires next; whoever moves ``next_at`` on queues the job."""

    name = models.CharField(max_length=100, unique=True)
    rule = models.CharField(max_length=100)
    next_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.next_at:%Y-%m-%d %H:%M:%S}"
