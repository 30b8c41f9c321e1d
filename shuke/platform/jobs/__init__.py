"""Jobs: queued and scheduled work, written against the Django Tasks API.

A task is a function in an app's ``tasks.py``::

    @task(queue_name=LONG)
    @retried(max_attempts=5, backoff_seconds=10)
    def fit_everything(as_of: str) -> None: ...

    schedule("nightly traits", build_traits, cron="30 2 * * *")

and is queued with ``enqueue(fit_everything, "2026-03-01", unique_key="fit")``.  A task that may work for
longer than about ten seconds belongs into the queue ``LONG``, whose workers hold up nobody in a hurry; all
others are in the default queue.  How jobs are kept and taken is in docs/algorithms/jobs.md.
"""

from shuke.platform.jobs.declarations import retried, schedule
from shuke.platform.jobs.enqueuing import enqueue
from shuke.platform.jobs.queues import LONG
from shuke.platform.jobs.running import Cancelled, has_had_its_turn, report_progress

__all__ = ["LONG", "Cancelled", "enqueue", "has_had_its_turn", "report_progress", "retried", "schedule"]
