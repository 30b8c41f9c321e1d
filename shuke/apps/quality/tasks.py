"""Quality is looked at every night and soon after an import; corrections are held at once."""

from datetime import timedelta

from django_tasks import task

from shuke.apps.connections.events import ImportFinished, SyncFinished
from shuke.apps.quality.events import CheckRequested
from shuke.apps.quality.operations import check_quality, hold_corrections
from shuke.platform.clock import now
from shuke.platform.events import subscribe
from shuke.platform.jobs import LONG, enqueue, retried, schedule

#: Several files come in a row; one look afterwards is enough.
PATIENCE = timedelta(seconds=90)


@task(queue_name=LONG)
@retried(max_attempts=3, backoff_seconds=60)
def look_at_quality() -> dict[str, int]:
    """Hold corrections, then run every rule and score the sources."""
    held = hold_corrections(at=now())
    return held | check_quality(at=now())


schedule("nightly data quality", look_at_quality, cron="10 4 * * *")


@subscribe(CheckRequested)
def look_now(_event: CheckRequested) -> None:
    """Queue a look for at once."""
    enqueue(look_at_quality, unique_key="quality-now")


@subscribe(ImportFinished)
def look_after_import(event: ImportFinished) -> None:
    """Queue one look for all that comes in within the next minute and a half."""
    enqueue(look_at_quality, unique_key="quality", run_after=event.at + PATIENCE)


@subscribe(SyncFinished)
def look_after_sync(event: SyncFinished) -> None:
    """The same for a connection."""
    enqueue(look_at_quality, unique_key="quality", run_after=event.at + PATIENCE)
