"""The backend of tests: a job runs where it is enqueued."""

from typing import Any

from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskContext
from django_tasks.utils import get_random_id, normalize_json

from shuke.platform.clock import now


class ImmediateBackend(BaseTaskBackend):
    """Runs a job at once, in the caller's transaction, and lets its exception through.

    A job with ``run_after`` is not run: it is kept in ``deferred``, where a test can look at it.
    """

    supports_defer = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self.deferred: list[TaskResult] = []

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Run the job and return its result.  Raises what the job raises."""
        self.validate_task(task)
        at = now()
        result: TaskResult = TaskResult(
            task=task,
            id=get_random_id(),
            status=TaskResultStatus.READY,
            enqueued_at=at,
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        if task.run_after is not None:
            self.deferred.append(result)
            return result
        before = (TaskContext(task_result=result),) if task.takes_context else ()
        value = normalize_json(task.call(*before, *result.args, **result.kwargs))
        object.__setattr__(result, "_return_value", value)
        object.__setattr__(result, "status", TaskResultStatus.SUCCESSFUL)
        object.__setattr__(result, "started_at", at)
        object.__setattr__(result, "finished_at", now())
        return result
