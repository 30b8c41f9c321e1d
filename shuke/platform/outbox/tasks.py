"""Upkeep by night: relayed rows that are no longer needed for a replay, and the lake's many small files."""

from datetime import timedelta

from django_tasks import task

from shuke.lake import LakeError
from shuke.platform.clock import now
from shuke.platform.jobs import LONG, report_progress, retried, schedule
from shuke.platform.outbox.relay import prune
from shuke.platform.warehouse import lake
from shuke.tables import TABLES

#: The lake does not force its files to disk, so its tail can be sent again for a week.
KEPT_DAYS = 7


@task()
def prune_outbox() -> int:
    """Delete rows that were relayed a week ago."""
    return prune(before=now() - timedelta(days=KEPT_DAYS))


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def tend_lake() -> int:
    """Join small files and remove what nobody can read any more; returns how many files were removed.

    A table that fails does not hold up the others; its ``LakeError`` is raised at the end.
    """
    target, removed, failure = lake(), 0, None
    for number, name in enumerate(TABLES, start=1):
        try:
            target.sort_months(name, before=f"{now():%Y-%m}")
            target.compact(name)
            removed += target.vacuum(name)
        except LakeError as error:
            failure = failure or error
        report_progress(done=number, total=len(TABLES), label=name)
    removed += target.sweep()
    if failure is not None:
        raise failure
    return removed


schedule("outbox: prune", prune_outbox, cron="10 4 * * *")
schedule("lake: compact and vacuum", tend_lake, cron="20 4 * * *")
