"""Housekeeping of the jobs themselves."""

from datetime import timedelta

from django_tasks import task

from shuke.platform.clock import now
from shuke.platform.jobs.declarations import schedule
from shuke.platform.jobs.operations import prune_jobs

KEPT_DAYS = 14


@task()
def prune() -> int:
    """Delete jobs that ended 14 days ago, and after an hour what a schedule did without a fault."""
    at = now()
    routine = prune_jobs(before=at - timedelta(hours=1), only_routine=True)
    return routine + prune_jobs(before=at - timedelta(days=KEPT_DAYS))


schedule("jobs: prune", prune, cron="17 * * * *")
