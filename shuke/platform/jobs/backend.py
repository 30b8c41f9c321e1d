"""What both backends share: a job is a row, written in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json

from shuke.platform.clock import now
from shuke.platform.jobs.models import CANCELLED, FAILED, READY, RUNNING, SUCCEEDED, Job

STATUS = {
    READY: TaskResultStatus.READY,
    RUNNING: TaskResultStatus.RUNNING,
    SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    FAILED: TaskResultStatus.FAILED,
    CANCELLED: TaskResultStatus.FAILED,
}


class RecordedBackend(BaseTaskBackend):
    """A Django Tasks backend whose results are rows of ``Job``."""

    supports_defer = True
    supports_priority = True
    supports_get_result = True

    def deliver(self, job: Job) -> None:
        """Let a worker know of a waiting job, in the transaction that wrote it."""

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """The Tasks API's way in."""
        return self.enqueue_job(task, args=args, kwargs=kwargs, unique_key=None)

    def enqueue_job(
        self, task: Task, *, args: Sequence[Any], kwargs: Mapping[str, Any], unique_key: str | None
    ) -> TaskResult:
        """Queue a job, or find the one that waits with the same key."""
        self.validate_task(task)
        at = now()
        with transaction.atomic():
            job, is_new = self._write(task, list(args), dict(kwargs), unique_key, at)
            if is_new:
                self.deliver(job)
        result = result_of(job, task)
        if is_new:
            task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """The job by its public id.  Raises ``TaskResultDoesNotExist``."""
        job = Job.objects.filter(public_id=result_id).first()
        if job is None:
            raise TaskResultDoesNotExist(result_id)
        return result_of(job, task_of(job))

    def _write(
        self, task: Task, args: list[Any], kwargs: dict[str, Any], unique_key: str | None, at: datetime
    ) -> tuple[Job, bool]:
        job = Job(
            task=task.module_path,
            queue=task.queue_name,
            priority=task.priority,
            args=normalize_json(args),
            kwargs=normalize_json(kwargs),
            unique_key=unique_key,
            enqueued_at=at,
            run_after=task.run_after or at,
        )
        if unique_key is None:
            job.save(force_insert=True)
            return job, True
        while True:
            waiting = Job.objects.filter(unique_key=unique_key, state=READY).first()
            if waiting is not None:
                return waiting, False
            try:
                # A rival may write the same key first; the constraint decides, and the next round finds it.
                with transaction.atomic():
                    job.save(force_insert=True)
            except IntegrityError:
                continue
            return job, True


def task_of(job: Job) -> Task:
    """The declared task of a job.  Raises ``ImportError`` if it no longer exists."""
    task = import_string(job.task)
    if not isinstance(task, Task):
        raise ImportError(f"{job.task} is not a task.")
    return task


def result_of(job: Job, task: Task) -> TaskResult:
    """The job as the Tasks API shows it."""
    errors = []
    if job.error_kind:
        errors.append(TaskError(exception_class_path=job.error_kind, traceback=job.error_trace))
    result: TaskResult = TaskResult(
        task=task,
        id=job.public_id,
        status=STATUS[job.state],
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        last_attempted_at=job.started_at,
        finished_at=job.finished_at,
        args=job.args,
        kwargs=job.kwargs,
        backend=task.backend,
        errors=errors,
        worker_ids=[job.worker_id] * job.attempts,
    )
    object.__setattr__(result, "_return_value", job.return_value)
    return result
