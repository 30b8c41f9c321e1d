"""Jobs by night: people are forgotten, and what is too old is deleted."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.compliance.events import ErasureWanted
from shuke.apps.compliance.operations import adopt_devices, apply_retention, run_erasures
from shuke.apps.compliance.queries.erasures import open_erasures
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, report_progress, retried, schedule


def _tell(done: int, total: int, label: str) -> None:
    report_progress(done=done, total=total, label=label)


@task(queue_name=LONG)
@retried(max_attempts=5, backoff_seconds=60)
def forget_people() -> int:
    """Take every open erasure as far as it goes; returns how many came to their end."""
    done = run_erasures(at=now(), tell=_tell)
    if open_erasures():
        # What has settled meanwhile is looked at once more, without waiting for the night.
        enqueue(forget_people, unique_key="compliance: settle", run_after=now() + timedelta(minutes=61))
    return done


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=300)
def delete_what_is_old() -> dict[str, int]:
    """Apply the rules of retention; returns how much was deleted where."""
    return apply_retention(at=now(), tell=_tell)


@task()
def hear_linked_devices() -> int:
    """Give members the decisions of devices that have become theirs."""
    return adopt_devices(at=now())


@subscribe(ErasureWanted)
def forget_at_once(_event: ErasureWanted) -> None:
    """Somebody does not want to wait for the night; the run needs a transaction of its own, so it is a job."""
    enqueue(forget_people, unique_key="compliance: forget", run_after=now())


schedule("compliance: forget people", forget_people, cron="30 3 * * *")
schedule("compliance: delete what is old", delete_what_is_old, cron="50 3 * * *")
schedule("compliance: decisions of devices", hear_linked_devices, every_seconds=300)
