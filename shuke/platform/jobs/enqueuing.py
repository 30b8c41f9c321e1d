"""Queuing a job."""

from datetime import datetime
from typing import Any

from django_tasks import TaskResult
from django_tasks.base import Task


def enqueue(
    task: Task, *args: Any, unique_key: str | None = None, run_after: datetime | None = None, **kwargs: Any
) -> TaskResult:
    """Queue a task in the caller's transaction; a roll-back takes the job with it.

    Arguments must be JSON values: pass public ids, never personal data.  With ``unique_key`` at most
    one such job waits and at most one runs: if one waits already, it is returned and nothing is added
    (a job queued while another runs does wait, so that no change is missed).  ``run_after`` is aware.
    """
    # The Tasks API has no unique keys, so this one argument goes round it.
    from shuke.platform.jobs.backend import RecordedBackend

    if run_after is not None:
        task = task.using(run_after=run_after)
    backend = task.get_backend()
    if isinstance(backend, RecordedBackend):
        return backend.enqueue_job(task, args=args, kwargs=kwargs, unique_key=unique_key)
    return task.enqueue(*args, **kwargs)
