"""The queue on SQLite: rows with a lease.  Enough for one machine, and no service to run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from shuke.platform.jobs.backend import RecordedBackend
from shuke.platform.jobs.models import READY, RUNNING, Job
from shuke.platform.jobs.queues import QUEUES

#: One statement, so that of two workers only one gets the row.  A job whose lease ran out goes first.
#: The list of queues is filled in by ``claim``.
CLAIM = """
UPDATE jobs_job
   SET interruptions = interruptions + (state = 'running'), state = 'running', attempts = attempts + 1,
       worker_id = %(worker)s, started_at = %(at)s, lease_until = %(lease)s
 WHERE id = (
    SELECT id FROM jobs_job AS job
     WHERE state = 'running' AND lease_until < %(at)s AND queue IN ({queues})
    UNION ALL
    SELECT * FROM (
        SELECT id FROM jobs_job AS job
         WHERE state = 'ready' AND run_after <= %(at)s AND queue IN ({queues})
           AND NOT EXISTS (SELECT 1 FROM jobs_job AS other
                            WHERE other.state = 'running' AND other.unique_key = job.unique_key)
         ORDER BY priority DESC, run_after, id LIMIT 1)
    LIMIT 1)
RETURNING id
"""


class Backend(RecordedBackend):
    """Django Tasks on SQLite.  Waiting workers see a new row by the file's change counter."""


def claim(*, worker_id: str, at: datetime, lease: timedelta, queues: Sequence[str] = QUEUES) -> Job | None:
    """Take the next job of these queues, or ``None``.  Reads first, since an update locks out every writer."""
    waiting = Job.objects.filter(state=READY, run_after__lte=at, queue__in=queues)
    abandoned = Job.objects.filter(state=RUNNING, lease_until__lt=at, queue__in=queues)
    if not waiting.exists() and not abandoned.exists():
        return None
    adapt = connection.ops.adapt_datetimefield_value
    names = {f"queue{number}": name for number, name in enumerate(queues)}
    statement = CLAIM.format(queues=", ".join(f"%({name})s" for name in names))
    values = {"worker": worker_id, "at": adapt(at), "lease": adapt(at + lease), **names}
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return Job.objects.get(pk=row[0]) if row else None


def prolong(*, worker_id: str, until: datetime) -> int:
    """Keep the leases of a living worker's jobs; returns how many it holds."""
    held = Job.objects.filter(state=RUNNING, worker_id=worker_id)
    if not held.exists():
        return 0
    return held.update(lease_until=until)


def release(*, worker_id: str, at: datetime) -> int:
    """End the leases of a worker that is known to be dead, so that nobody waits for them to run out."""
    return Job.objects.filter(state=RUNNING, worker_id=worker_id).update(
        lease_until=at - timedelta(seconds=1)
    )


def next_run_after(*, at: datetime, queues: Sequence[str] = QUEUES) -> datetime | None:
    """When the next job of these queues that must still wait becomes due."""
    return (
        Job.objects.filter(state=READY, run_after__gt=at, queue__in=queues)
        .order_by("run_after")
        .values_list("run_after", flat=True)
        .first()
    )


def change_counter() -> int:
    """A number that changes whenever another connection commits; reading it costs no disk access."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])
