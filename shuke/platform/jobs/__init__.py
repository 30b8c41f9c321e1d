"""Jobs: queued and scheduled work, written against the Django Tasks API.

A task is a function in an app's ``tasks.py``::

    @task(queue_name="default")
    @retried(max_attempts=5, backoff_seconds=10)
    def send_campaign(campaign_id: str) -> None: ...

    schedule("nightly traits", build_traits, cron="30 2 * * *")

and is queued with ``enqueue(send_campaign, "cmp_…", unique_key="send:cmp_…")``.  How jobs are kept and
taken is in docs/algorithms/jobs.md.
"""

from shuke.platform.jobs.declarations import retried, schedule
from shuke.platform.jobs.enqueuing import enqueue
from shuke.platform.jobs.running import Cancelled, report_progress

__all__ = ["Cancelled", "enqueue", "report_progress", "retried", "schedule"]
