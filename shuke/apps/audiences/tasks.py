"""Counting all audiences every night, after the traits are built."""

from django_tasks import task

from shuke.apps.audiences.operations import evaluate_all_audiences
from shuke.apps.audiences.queries import business_today
from shuke.platform.clock import now
from shuke.platform.jobs import LONG, retried, schedule


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def count_audiences() -> int:
    """Count every active audience and keep its size; returns how many."""
    at = now()
    return evaluate_all_audiences(at=at, as_of=business_today(at))


schedule("audiences: count", count_audiences, cron="30 3 * * *")
