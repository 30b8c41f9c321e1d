"""Housekeeping of the jobs themselves."""

from datetime import timedelta

from django_tasks import task

from shuke.platform.clock import now
from shuke.platform.jobs.declarations import schedule
from shuke.platform.jobs.operations import prune_jobs

KEPT_DAYS = 14


@task()
def prune() -> int:
    """Delete jobs that ended more than 14 days ago."""
    return prune_jobs(before=now() - timedelta(days=KEPT_DAYS))


schedule("jobs: prune", prune, cron="17 4 * * *")
