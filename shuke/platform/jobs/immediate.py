"""The backend of tests: a job runs where it is enqueued."""

from typing import Any

from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.immediate import ImmediateBackend as DjangoImmediateBackend
from django_tasks.base import Task
from django_tasks.utils import get_random_id


class ImmediateBackend(DjangoImmediateBackend):
    """Runs a job at once, in the caller's transaction, and lets its exception through.

    A job with ``run_after`` is not run: it is kept in ``deferred``, where a test can look at it.
    """

    supports_defer = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self.deferred: list[TaskResult] = []

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Run the job and return its result.  Raises what the job raises."""
        if task.run_after is None:
            return super().enqueue(task, args, kwargs)
        self.validate_task(task)
        result: TaskResult = TaskResult(
            task=task,
            id=get_random_id(),
            status=TaskResultStatus.READY,
            enqueued_at=None,
            started_at=None,
            last_attempted_at=None,
            finished_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        self.deferred.append(result)
        return result
