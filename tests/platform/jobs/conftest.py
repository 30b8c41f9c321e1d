"""The engine that belongs to the database of this run, instead of jobs that run at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from shuke.platform.clock import now
from shuke.platform.jobs import execution, sqlite
from shuke.platform.jobs.models import Job


@pytest.fixture
def engine(settings: Any) -> str:
    """Queue with the real backend; returns its name."""
    name = "procrastinate" if connection.vendor == "postgresql" else "sqlite"
    settings.TASKS = {"default": {"BACKEND": f"shuke.platform.jobs.{name}.Backend", "QUEUES": []}}
    return name


@pytest.fixture
def run_next(engine: str) -> Callable[..., Job | None]:
    """Take the next job as a worker would, run it, and return its row; ``None`` if nothing is due."""

    def take(*, at: datetime | None = None, worker_id: str = "worker-1") -> Job | None:
        at = at or now()
        if engine == "sqlite":
            job = sqlite.claim(worker_id=worker_id, at=at, lease=timedelta(seconds=60))
        else:
            due = Job.objects.filter(state="ready", run_after__lte=at).order_by(
                "-priority", "run_after", "id"
            )
            first = due.first()
            job = execution.start(first.public_id, worker_id=worker_id, at=at) if first else None
        if job is None:
            return None
        execution.run(job)
        job.refresh_from_db()
        return job

    return take
